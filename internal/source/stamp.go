package source

import "time"

// cutStamp parses the RFC 3339 time at the start of b and returns what follows
// it. It takes 0 to 9 digits of fraction after '.' or ',' and, beyond the RFC,
// a zone without a colon (+0100), as journald's short-iso writes it.
func cutStamp(b []byte) (t time.Time, rest []byte, ok bool) {
	const shape = "dddd-dd-ddTdd:dd:dd"
	if len(b) <= len(shape) {
		return t, b, false
	}
	for i := range len(shape) {
		if shape[i] == 'd' {
			if !isDigit(b[i]) {
				return t, b, false
			}
		} else if b[i] != shape[i] {
			return t, b, false
		}
	}
	nanos, rest, ok := cutFraction(b[len(shape):])
	if !ok {
		return t, b, false
	}
	offset, rest, ok := cutZone(rest)
	if !ok {
		return t, b, false
	}
	year, month, day := number(b[0:4]), number(b[5:7]), number(b[8:10])
	hour, minute, second := number(b[11:13]), number(b[14:16]), number(b[17:19])
	if hour > 23 || minute > 59 || second > 59 {
		return t, b, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day || int(t.Month()) != month { // the 31st of February
		return time.Time{}, b, false
	}
	return t.Add(-time.Duration(offset) * time.Second), rest, true
}

// cutFraction takes an optional fraction of a second.
func cutFraction(b []byte) (nanos int, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	scale := int(time.Second)
	i := 1
	for ; i < len(b) && isDigit(b[i]); i++ {
		if i > 9 {
			return 0, b, false
		}
		scale /= 10
		nanos += int(b[i]-'0') * scale
	}
	return nanos, b[i:], i > 1
}

// cutZone takes Z, ±hh:mm or ±hhmm and returns the seconds east of UTC.
func cutZone(b []byte) (offset int, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == 'Z' {
		return 0, b[1:], true
	}
	if len(b) < 5 || b[0] != '+' && b[0] != '-' {
		return 0, b, false
	}
	minutes := 3
	if b[3] == ':' {
		minutes = 4
	}
	if len(b) < minutes+2 {
		return 0, b, false
	}
	for _, i := range []int{1, 2, minutes, minutes + 1} {
		if !isDigit(b[i]) {
			return 0, b, false
		}
	}
	hour, minute := number(b[1:3]), number(b[minutes:minutes+2])
	if hour > 23 || minute > 59 {
		return 0, b, false
	}
	offset = hour*3600 + minute*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, b[minutes+2:], true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number returns the value of a short run of digits.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
