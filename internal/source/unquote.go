package source

import (
	"unicode/utf16"
	"unicode/utf8"
)

// special marks the bytes that end a run of plain text in a JSON string.
var special = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// plainRun returns how many bytes of b stand for themselves in a JSON string.
func plainRun(b []byte) int {
	for i, c := range b {
		if special[c] {
			return i
		}
	}
	return len(b)
}

// appendEscape decodes the escape sequence at the start of b, appends it to out
// and returns what follows it. Half of a surrogate pair becomes U+FFFD, as in
// encoding/json.
func appendEscape(out, b []byte) (newOut, rest []byte, ok bool) {
	if len(b) < 2 {
		return out, b, false
	}
	switch c := b[1]; c {
	case '"', '\\', '/':
		out = append(out, c)
	case 'n':
		out = append(out, '\n')
	case 't':
		out = append(out, '\t')
	case 'r':
		out = append(out, '\r')
	case 'b':
		out = append(out, '\b')
	case 'f':
		out = append(out, '\f')
	case 'u':
		r, ok := unit(b)
		if !ok {
			return out, b, false
		}
		b = b[6:]
		if utf16.IsSurrogate(r) {
			low, ok := unit(b)
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				b = b[6:]
			} else {
				r = utf8.RuneError
			}
		}
		return utf8.AppendRune(out, r), b, true
	default:
		return out, b, false
	}
	return out, b[2:], true
}

// unit returns the UTF-16 code unit written as \uXXXX at the start of b.
func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
