package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// varying finds what differs between two rounds. Its groups tell which it is: the
// part of an id behind its prefix, an ISO stamp, the arguments of a datetime, the
// clock of a text record, seconds since 1970.
var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b` +
	`|\b(?:chatcmpl-|req_|msg_|call_|resp_|gen-)([A-Za-z0-9]{12,})` +
	`|(20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d)` +
	`|datetime\.datetime\((20\d\d, \d+, \d+, \d+, \d+(?:, \d+)?)` +
	`|(?m:^)(?:\x1b\[92m|\{"log":"\\u001b\[92m|\{"log":")?(\d\d:\d\d:\d\d) - ` +
	`|\b(1[5-9]\d{8})\b`)

const (
	idGroup = 1 + iota
	stampGroup
	datetimeGroup
	clockGroup
	epochGroup
)

const (
	stampLayout = "2006-01-02T15:04:05"
	clockLayout = "15:04:05"
)

// A template is a capture cut at what varies.
type template struct {
	text   []byte
	places []place
	span   time.Duration // by which each round is later than the one before it
	buf    []byte
}

// A place is one varying piece of the text.
type place struct {
	from, to int
	group    int       // 0 is a whole id
	at       time.Time // of all but ids
}

// errNoTimes says that a log has no stamps, so that rounds could not follow each other.
var errNoTimes = errors.New("capture without stamps")

func newTemplate(text []byte) (*template, error) {
	t := &template{text: text}
	var first, last time.Time
	for _, m := range varying.FindAllSubmatchIndex(text, -1) {
		p := place{from: m[0], to: m[1]}
		for g := idGroup; g <= epochGroup; g++ {
			if m[2*g] >= 0 {
				p = place{from: m[2*g], to: m[2*g+1], group: g}
			}
		}
		if p.group > idGroup {
			var ok bool
			if p.at, ok = timeOf(string(text[p.from:p.to]), p.group); !ok {
				continue
			}
		}
		if p.group == stampGroup || p.group == datetimeGroup {
			if first.IsZero() {
				first = p.at
			}
			if d := p.at.Sub(first); d >= 0 && d < 24*time.Hour && p.at.After(last) {
				last = p.at
			}
		}
		t.places = append(t.places, p)
	}
	if first.IsZero() {
		return nil, errNoTimes
	}
	t.span = last.Sub(first).Truncate(time.Second) + time.Second
	// Of other numbers of ten digits only those near the capture's time are times.
	kept := t.places[:0]
	for _, p := range t.places {
		if p.group != epochGroup || p.at.Sub(first).Abs() < 48*time.Hour {
			kept = append(kept, p)
		}
	}
	t.places = kept
	return t, nil
}

func timeOf(s string, group int) (time.Time, bool) {
	var at time.Time
	var err error
	switch group {
	case stampGroup:
		at, err = time.Parse(stampLayout, s[:10]+"T"+s[11:])
	case clockGroup:
		at, err = time.Parse(clockLayout, s)
	case datetimeGroup:
		at, err = time.Parse("2006, 1, 2, 15, 4, 5", s)
		if err != nil { // Python leaves out the seconds if they and all behind them are 0
			at, err = time.Parse("2006, 1, 2, 15, 4", s)
		}
	case epochGroup:
		var seconds int64
		seconds, err = strconv.ParseInt(s, 10, 64)
		at = time.Unix(seconds, 0).UTC()
	}
	return at, err == nil
}

// round returns the n-th round, valid until the next call. Round 0 is the capture.
func (t *template) round(n int) []byte {
	if n == 0 {
		return t.text
	}
	seed := strconv.Itoa(n)
	ids := map[string]string{}
	out, done := t.buf[:0], 0
	for _, p := range t.places {
		old := string(t.text[p.from:p.to])
		out = append(out, t.text[done:p.from]...)
		done = p.to
		if p.group <= idGroup {
			id, known := ids[old]
			if !known {
				id = shaped(old, seed)
				ids[old] = id
			}
			out = append(out, id...)
			continue
		}
		out = appendTime(out, old, p, t.span*time.Duration(n))
	}
	out = append(out, t.text[done:]...)
	t.buf = out
	return out
}

func appendTime(out []byte, old string, p place, by time.Duration) []byte {
	at := p.at.Add(by)
	switch p.group {
	case stampGroup:
		stamp := at.Format(stampLayout)
		return append(append(append(out, stamp[:10]...), old[10]), stamp[11:]...)
	case clockGroup:
		return at.AppendFormat(out, clockLayout)
	case datetimeGroup:
		// A microsecond may follow, so the seconds are always written.
		return fmt.Appendf(out, "%d, %d, %d, %d, %d, %d", at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second())
	}
	return strconv.AppendInt(out, at.Unix(), 10)
}

// shaped returns another id with digits, letters and their cases in the same places.
func shaped(old, seed string) string {
	out := []byte(old)
	var digits string
	for i, c := range out {
		if i%64 == 0 {
			sum := sha256.Sum256([]byte(seed + ":" + strconv.Itoa(i) + ":" + old))
			digits = hex.EncodeToString(sum[:])
		}
		v := digits[i%64]
		switch {
		case c >= '0' && c <= '9':
			out[i] = '0' + v%10
		case c >= 'a' && c <= 'f':
			out[i] = 'a' + v%6
		case c >= 'a' && c <= 'z':
			out[i] = 'a' + v%26
		case c >= 'A' && c <= 'Z':
			out[i] = 'A' + v%26
		}
	}
	return string(out)
}
