package pyrepr

import (
	"bytes"
	"strconv"
	"time"
)

// Time consumes a datetime.datetime(…). One without a zone is taken to be in
// naive, nil for UTC, and zoned is false; LiteLLM's are in the proxy's local zone. A zone
// that does not say its offset, such as ZoneInfo(key='Asia/Tokyo'), answers
// false, as do fields out of range.
func (r *Reader) Time(naive *time.Location) (t time.Time, zoned, ok bool) {
	raw, end, ok := r.scalar(Call)
	if !ok {
		return time.Time{}, false, false
	}
	if t, zoned, ok = parseTime(raw, naive); ok {
		r.consumed(end)
	}
	return t, zoned, ok
}

var datetimePrefix = []byte("datetime.datetime(")

func parseTime(raw []byte, naive *time.Location) (t time.Time, zoned, ok bool) {
	args, found := bytes.CutPrefix(raw, datetimePrefix)
	if !found || len(args) == 0 || args[len(args)-1] != ')' {
		return time.Time{}, false, false
	}
	args = args[:len(args)-1]
	var f [7]int // year, month, day, hour, minute, second, microsecond
	loc, n := naive, 0
	if loc == nil {
		loc = time.UTC
	}
	for len(args) > 0 {
		arg, rest, _ := bytes.Cut(args, []byte(", "))
		if zone, isZone := bytes.CutPrefix(args, []byte("tzinfo=")); isZone {
			if loc = location(zone); loc == nil {
				return time.Time{}, false, false
			}
			zoned = true
			break
		}
		if arg, isFold := bytes.CutPrefix(arg, []byte("fold=")); isFold && string(arg) == "1" {
			args = rest
			continue
		}
		v, err := strconv.Atoi(string(arg))
		if err != nil || n == len(f) {
			return time.Time{}, false, false
		}
		f[n] = v
		n++
		args = rest
	}
	if n < 3 || f[0] < 1 || f[0] > 9999 || f[6] < 0 || f[6] > 999999 {
		return time.Time{}, false, false
	}
	t = time.Date(f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], f[6]*1000, time.UTC)
	if t.Year() != f[0] || int(t.Month()) != f[1] || t.Day() != f[2] || t.Hour() != f[3] || t.Minute() != f[4] || t.Second() != f[5] {
		return time.Time{}, false, false // a field out of range was carried over
	}
	return time.Date(f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], f[6]*1000, loc), zoned, true
}

// location returns the zone of a tzinfo argument; nil if it does not say.
func location(zone []byte) *time.Location {
	switch string(zone) {
	case "datetime.timezone.utc", "TzInfo(UTC)", "TzInfo(0)", "tzutc()", "<UTC>", "zoneinfo.ZoneInfo(key='UTC')":
		return time.UTC
	}
	delta, ok := bytes.CutPrefix(zone, []byte("datetime.timezone(datetime.timedelta("))
	if !ok {
		return nil
	}
	delta, _, ok = bytes.Cut(delta, []byte(")"))
	if !ok {
		return nil
	}
	seconds := 0
	for _, arg := range bytes.Split(delta, []byte(", ")) {
		name, digits, _ := bytes.Cut(arg, []byte("="))
		v, err := strconv.Atoi(string(digits))
		if err != nil {
			return nil
		}
		switch string(name) {
		case "days":
			v *= 86400
		case "seconds":
		default:
			return nil
		}
		seconds += v
	}
	if seconds <= -86400 || seconds >= 86400 {
		return nil
	}
	return time.FixedZone("", seconds)
}
