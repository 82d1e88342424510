package source

import (
	"bytes"
	"time"
)

// syslog is the family of formats that put time, host and process before the
// text, as journalctl, rsyslog and syslog-ng write them:
//
//	Nov 23 09:13:09 host litellm[123]: text                       journald short, /var/log/syslog
//	Nov 23 09:13:09.058163 host litellm[123]: text                journald short-precise
//	2026-11-23T09:13:09.058163+0000 host litellm[123]: text       journald short-iso, rsyslog
//	<30>Nov 23 09:13:09 host litellm[123]: text                   RFC 3164
//
// journald splits a line that a service prints every 48 KiB (LineMax=, systemd
// 252) and these formats don't tell; so a text of just that size goes on in the
// next one of the same process.
type syslog struct {
	label    string
	priority bool // <30> stands before the time
	iso      bool // the time is ISO 8601, else it has neither year nor zone
	clock    *clock
}

// journalLineMax is the default of LineMax= in journald.conf(5), in bytes.
const journalLineMax = 48 << 10

// syslogKind returns the constructor of one form.
func syslogKind(label string, priority, iso bool) func([][]byte, Config) envelope {
	return func(_ [][]byte, cfg Config) envelope {
		return syslog{label, priority, iso, &clock{location: cfg.Location, year: cfg.Year, before: cfg.Before}}
	}
}

func (s syslog) name() string { return s.label }

func (s syslog) strip(line []byte) (p piece, ok bool) {
	if s.priority {
		if line, ok = cutPriority(line); !ok {
			return piece{}, false
		}
	}
	if s.iso {
		p.stamp, line, ok = cutStamp(line)
	} else {
		p.stamp, line, ok = s.clock.cut(line)
	}
	if !ok || len(line) == 0 || line[0] != ' ' {
		return piece{}, false
	}
	host, rest, ok := bytes.Cut(line[1:], space)
	if !ok || len(host) == 0 {
		return piece{}, false
	}
	if isTag(host) { // RFC 3164 without a host
		p.text = rest
		return p, true
	}
	tag, text, _ := bytes.Cut(rest, space)
	if !isTag(bytes.TrimSuffix(tag, carriageReturn)) {
		return piece{}, false
	}
	p.text = text
	if !s.priority {
		p.key = string(tag)
		p.partial = len(text) == journalLineMax
		p.lost = isBlob(text)
	}
	return p, true
}

// isBlob tells whether text stands for one with bytes that don't print, which
// journalctl leaves out unless it runs with --all: [2.1K blob data]
func isBlob(text []byte) bool {
	size, ok := bytes.CutSuffix(bytes.TrimSuffix(text, carriageReturn), []byte(" blob data]"))
	return ok && len(size) < 10 && len(size) > 1 && size[0] == '[' && isDigit(size[1])
}

// cutPriority takes <0> to <191>.
func cutPriority(line []byte) (rest []byte, ok bool) {
	inner, ok := bytes.CutPrefix(line, []byte("<"))
	if !ok {
		return nil, false
	}
	n := 0
	for n < len(inner) && isDigit(inner[n]) {
		n++
	}
	if n < 1 || n > 3 || n == len(inner) || inner[n] != '>' {
		return nil, false
	}
	return inner[n+1:], number(inner[:n]) <= 191
}

// isTag tells whether word names a process: litellm[123]: or litellm:
func isTag(word []byte) bool {
	name, ok := bytes.CutSuffix(word, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	if inner, ok := bytes.CutSuffix(name, []byte("]")); ok {
		name, pid, ok := bytes.Cut(inner, []byte("["))
		if !ok || len(name) == 0 || len(pid) == 0 {
			return false
		}
		for _, c := range pid {
			if !isDigit(c) {
				return false
			}
		}
		return true
	}
	return !bytes.ContainsAny(name, `[]{}"':`)
}

// A clock makes times of stamps that have no year: the first one is of Year, and
// from then on the year changes where the months go round.
type clock struct {
	location *time.Location
	year     int
	before   time.Time  // tells the year of the first stamp if year is 0
	last     time.Month // 0 before the first stamp
}

var months = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// cut takes `Nov 23 09:13:09`, with or without a fraction, from the start of b.
// Without a year the time is zero.
func (c *clock) cut(b []byte) (t time.Time, rest []byte, ok bool) {
	const shape = "Nov 23 09:13:09"
	if len(b) < len(shape) || b[3] != ' ' || b[6] != ' ' || b[9] != ':' || b[12] != ':' {
		return t, b, false
	}
	month := time.Month(0)
	for i, name := range months {
		if string(b[:3]) == name {
			month = time.Month(i + 1)
		}
	}
	day := b[4:6]
	if day[0] == ' ' {
		day = day[1:]
	}
	for _, run := range [][]byte{day, b[7:9], b[10:12], b[13:15]} {
		for _, digit := range run {
			if !isDigit(digit) {
				return t, b, false
			}
		}
	}
	nanos, rest, ok := cutFraction(b[len(shape):])
	hour, minute, second := number(b[7:9]), number(b[10:12]), number(b[13:15])
	if !ok || month == 0 || number(day) < 1 || number(day) > 31 || hour > 23 || minute > 59 || second > 59 {
		return t, b, false
	}
	if c.year == 0 && !c.before.IsZero() {
		c.year = c.before.In(c.location).Year()
		if time.Date(c.year, month, number(day), hour, minute, second, 0, c.location).After(c.before.Add(24 * time.Hour)) {
			c.year--
		}
	}
	if c.year == 0 {
		return t, rest, true
	}
	const halfYear = 6
	if c.last != 0 && c.last-month >= halfYear {
		c.year++
	} else if c.last != 0 && month-c.last >= halfYear {
		c.year--
	}
	c.last = month
	return time.Date(c.year, month, number(day), hour, minute, second, nanos, c.location).UTC(), rest, true
}
