package parse

import (
	"math"
	"time"
)

// ClockConfig says how to read stamps that lack a zone or a date.
type ClockConfig struct {
	Location *time.Location // zone of the proxy's clock; nil means the machine's
	// Date is the day of the log's first text record, in Location. Zero: the day
	// of ModTime, until a record states its own date.
	Date    time.Time
	ModTime time.Time // when the log was last written; zero means now is as good
	// Guess is the day of the first text record as a DayCounter and the file's
	// name or time tell it, GuessFrom which of them; zero: the day of ModTime.
	Guess     time.Time
	GuessFrom DateSource
}

// DateSource says where the dates of a log without dates come from.
type DateSource string

// The sources of dates, best first.
const (
	DateStamps  DateSource = "log stamps"
	DateRecords DateSource = "times inside records"
	DateFlag    DateSource = "--date"
	DateAnswers DateSource = "times in providers' answers"
	DateName    DateSource = "file name (a guess)"
	DateModTime DateSource = "file time (a guess)"
)

// Clock turns the stamps of one log into times. Text records carry a local time
// of day and nothing else; their date is followed from the first one on, past
// midnights, and set right by every record that states an absolute time.
type Clock struct {
	location *time.Location
	day      time.Time // midnight of the current day, as a UTC date
	last     time.Time // newest time given out
	lastTOD  int       // seconds since midnight of the last text stamp; -1 before the first
	source   DateSource
	skew     time.Duration // the least that was met
	compared bool

	anchored bool          // a record has stated its date
	pause    time.Duration // the longest between two stamps since the last that did
	pauseEnd time.Time     // the stamp after it
}

// IsGuess reports whether days are taken from what need not be so.
func (s DateSource) IsGuess() bool { return s == DateModTime || s == DateName }

// A Move says that times which were given out are to be changed.
type Move struct {
	By    time.Duration // whole days; 0 for none
	Since time.Time     // times before it stay; zero: none does
}

// All in seconds. A log goes back by an hour when clocks are set back, and by
// what a slow writer of a record takes; a night without requests is longer.
const (
	secondsPerDay = 24 * 60 * 60
	maxStepBack   = 90 * 60
	maxLate       = 60 * 60
)

// NewClock returns a clock that has seen nothing.
func NewClock(cfg ClockConfig) *Clock {
	c := &Clock{location: cfg.Location, lastTOD: -1}
	if c.location == nil {
		c.location = time.Local
	}
	switch {
	case !cfg.Date.IsZero():
		c.day, c.source = civil(cfg.Date), DateFlag
	case !cfg.Guess.IsZero():
		c.day, c.source = civil(cfg.Guess), cfg.GuessFrom
	case !cfg.ModTime.IsZero():
		c.day, c.source = civil(cfg.ModTime.In(c.location)), DateModTime
	default:
		c.source = DateModTime
	}
	return c
}

// civil returns the date of t as midnight UTC.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Last returns the newest time given out, zero before the first. Lines without a
// stamp of their own are as old as the record before them.
func (c *Clock) Last() time.Time { return c.last }

// Source says where dates come from so far.
func (c *Clock) Source() DateSource { return c.source }

// JSON reads the stamp of a JSON record: local ISO time without a zone, µs or
// none (LiteLLM 1.55 to 1.109).
func (c *Clock) JSON(stamp []byte) (time.Time, bool) {
	if len(stamp) < 19 || stamp[4] != '-' || stamp[7] != '-' || stamp[13] != ':' || stamp[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := two(stamp)*100+two(stamp[2:]), two(stamp[5:]), two(stamp[8:])
	hour, minute, second := two(stamp[11:]), two(stamp[14:]), two(stamp[17:])
	if year < 2000 || year > 2999 || month > 12 || month < 1 || day > 31 || day < 1 || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	nanos := 0
	if len(stamp) > 20 && stamp[19] == '.' {
		scale := 100_000_000
		for _, d := range stamp[20:] {
			if d < '0' || d > '9' || scale == 0 {
				break
			}
			nanos += int(d-'0') * scale
			scale /= 10
		}
	}
	c.source = DateStamps
	return c.local(year, time.Month(month), day, hour, minute, second, nanos), true
}

// isCoarse reports whether a stamp is exact to a second only, as those of syslog
// and journald are in most forms.
func isCoarse(stamp time.Time) bool { return stamp.Nanosecond() == 0 }

// Text reads a time of day. A container's stamp tells the day, and mostly the time
// itself more exactly than the record does. coarse says that the time is exact
// to a second only.
func (c *Clock) Text(hour, minute, second int, container time.Time) (at time.Time, coarse bool) {
	tod := hour*3600 + minute*60 + second
	if !container.IsZero() {
		c.source = DateStamps
		c.lastTOD = tod
		c.day = civil(container.In(c.location))
		c.note(container)
		return container, isCoarse(container)
	}
	if c.day.IsZero() {
		c.day = civil(time.Now().In(c.location))
	}
	day := c.day
	if c.lastTOD >= 0 {
		switch step := tod - c.lastTOD; {
		case step < -maxStepBack: // past midnight
			c.day = c.day.AddDate(0, 0, 1)
			day = c.day
		case step > secondsPerDay-maxLate: // written before midnight, after a record from behind it
			day = c.day.AddDate(0, 0, -1)
		}
	}
	if day.Equal(c.day) {
		c.lastTOD = tod
	}
	before := c.last
	at = c.local(day.Year(), day.Month(), day.Day(), hour, minute, second, 0)
	if gap := at.Sub(before).Abs(); c.anchored && gap > c.pause {
		c.pause, c.pauseEnd = gap, at
	}
	return at, true
}

// local returns the instant of a local wall clock. When clocks were set back the
// wall clock is ambiguous; the reading that does not go back in the log wins.
func (c *Clock) local(year int, month time.Month, day, hour, minute, second, nanos int) time.Time {
	at := time.Date(year, month, day, hour, minute, second, nanos, c.location)
	if earlier := at.Add(-time.Hour); earlier.In(c.location).Hour() == hour {
		at = earlier // which of the two time.Date gives is not defined
	}
	later := at.Add(time.Hour)
	if back := c.last.Sub(at); back > 0 && back < maxStepBack*time.Second && later.Hour() == hour {
		_, now := c.last.In(c.location).Zone()
		_, then := later.Zone()
		if back > 5*time.Minute || now == then {
			at = later
		}
	}
	at = at.UTC()
	c.note(at)
	return at
}

func (c *Clock) note(at time.Time) {
	if at.After(c.last) {
		c.last = at.UTC()
	}
}

// Anchor tells the clock an absolute time that was written at the text time at.
// It sets the date right, and returns by how many days times that were given out
// before are to be moved: nearly always by none. The first time all are; later,
// when days have gone by without a record, those since the longest pause.
func (c *Clock) Anchor(at, absolute time.Time) Move {
	c.compare(at, absolute)
	if c.source == DateStamps || at.IsZero() || absolute.IsZero() {
		return Move{}
	}
	c.source = DateRecords
	return c.set(at, absolute)
}

// maxSuggested is how far a provider's clock may be off.
const maxSuggested = 10 * time.Minute

// Suggest tells the clock what the provider of an answer, which was written at the
// text time at, states as its time. It counts only where the day is a guess, and
// only if the time of day agrees: an answer may come from a cache.
func (c *Clock) Suggest(at, stated time.Time) Move {
	if !c.source.IsGuess() && c.source != DateAnswers || at.IsZero() || stated.Year() < 2020 || offDays(at, stated).Abs() > maxSuggested {
		return Move{}
	}
	c.source = DateAnswers
	return c.set(at, stated)
}

// set sets the date right by a time.
func (c *Clock) set(at, absolute time.Time) Move {
	days := int(math.Round(absolute.Sub(at).Hours() / 24))
	since := c.pauseEnd
	if c.anchored && since.IsZero() {
		since = at
	}
	c.anchored, c.pause, c.pauseEnd = true, 0, time.Time{}
	if days == 0 {
		return Move{}
	}
	c.day = c.day.AddDate(0, 0, days)
	moved := at.In(c.location).AddDate(0, 0, days)
	c.last = c.last.Add(moved.Sub(at))
	return Move{By: moved.Sub(at), Since: since}
}

// offDays returns how far two times of day are apart.
func offDays(at, absolute time.Time) time.Duration {
	const day = secondsPerDay * time.Second
	off := absolute.Sub(at) % day
	if off > day/2 {
		off -= day
	} else if off < -day/2 {
		off += day
	}
	return off
}

// compare notes how far a record's stamp is from a time inside it.
func (c *Clock) compare(at, absolute time.Time) {
	if at.IsZero() || absolute.IsZero() {
		return
	}
	skew := offDays(at, absolute)
	if !c.compared || skew.Abs() < c.skew.Abs() {
		c.skew, c.compared = skew, true
	}
}

// Skew returns by how much times inside records are ahead of the log's stamps,
// rounded to quarters of an hour, whole days aside. It is zero unless the zone
// is wrong.
func (c *Clock) Skew() time.Duration { return c.skew.Round(15 * time.Minute) }
