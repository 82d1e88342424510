package parse

import (
	"bytes"
	"time"

	"tailer"
)

// A DayCounter counts the midnights in a text log that states no dates, so that
// the day of its first record can be told from that of its last. Its zero value
// has seen nothing.
type DayCounter struct {
	midnights int
	last      int // seconds since midnight of the last stamp
	seen      bool
}

// dated are texts of records that state a date: with one of them in the log, none
// needs to be guessed.
var dated = [][]byte{[]byte("datetime.datetime(2"), []byte(`"startTime": 1`), []byte("created=1"), []byte(`"created": 1`), []byte(`"created":1`)}

// Feed takes the next line. It returns false when the log states its dates itself.
func (d *DayCounter) Feed(l *tailer.Line) bool {
	if !l.Stamp.IsZero() || hasPrefix(l.Bytes, jsonStart) {
		return false
	}
	for _, text := range dated {
		if bytes.Contains(l.Bytes, text) {
			return false
		}
	}
	h, ok := textHead(l.Bytes)
	if !ok {
		return true
	}
	tod := h.hour*3600 + h.minute*60 + h.second
	if d.seen && tod-d.last < -maxStepBack {
		d.midnights++
	} else if d.seen && tod-d.last > secondsPerDay-maxLate {
		return true // written before midnight, after a record from behind it
	}
	d.last, d.seen = tod, true
	return true
}

// First returns the day of the log's first record, given when its last one was
// written or later.
func (d *DayCounter) First(end time.Time) time.Time {
	day := civil(end)
	if wrote := end.Hour()*3600 + end.Minute()*60 + end.Second(); d.last > wrote+maxLate {
		day = day.AddDate(0, 0, -1)
	}
	return day.AddDate(0, 0, -d.midnights)
}
