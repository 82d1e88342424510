package pyrepr

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Text consumes a string or bytes value and returns its text as valid UTF-8:
// what is no character, such as a lone surrogate, is U+FFFD. The bytes of b'…'
// are taken as UTF-8. The text of a damaged string ends with REDACTED.
func (r *Reader) Text() (string, bool) {
	raw, end, ok := r.scalar(String)
	if !ok {
		if raw, end, ok = r.scalar(Bytes); !ok {
			return "", false
		}
	}
	r.consumed(end)
	body, isBytes := unquote(raw)
	if isPlain(body) {
		return string(body), true
	}
	return string(appendText(make([]byte, 0, len(body)), body, isBytes)), true
}

// unquote returns what is between the quotes of a string token; nil if it is
// none. The closing quote may be missing.
func unquote(raw []byte) (body []byte, isBytes bool) {
	if len(raw) > 1 && (raw[0] == 'b' || raw[0] == 'B') {
		raw, isBytes = raw[1:], true
	}
	if class[raw[0]] != quote {
		return nil, false
	}
	if last := len(raw) - 1; last > 0 && raw[last] == raw[0] {
		return raw[1:last], isBytes
	}
	return raw[1:], isBytes
}

// isPlain reports whether a text needs no decoding.
func isPlain(body []byte) bool {
	return bytes.IndexByte(body, '\\') < 0 && utf8.Valid(body)
}

// appendText appends the decoded body of a string token.
func appendText(dst, body []byte, isBytes bool) []byte {
	start := len(dst)
	for len(body) > 0 {
		n := bytes.IndexByte(body, '\\')
		if n < 0 {
			n = len(body)
		}
		if n > 0 {
			dst = append(dst, body[:n]...)
			body = body[n:]
			continue
		}
		var c rune
		c, n = escape(body, isBytes)
		switch {
		case c < 0:
		case isBytes && c <= 0xff:
			dst = append(dst, byte(c))
		default:
			dst = utf8.AppendRune(dst, c)
		}
		body = body[n:]
	}
	if utf8.Valid(dst[start:]) {
		return dst
	}
	return append(dst[:start], bytes.ToValidUTF8(dst[start:], []byte("\uFFFD"))...)
}

// escape decodes the escape at the start of b: the character, or -1 for none,
// and how many bytes it takes. What Python would not read stands for itself.
func escape(b []byte, isBytes bool) (rune, int) {
	if len(b) < 2 {
		return '\\', 1
	}
	switch b[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case '\\', '\'', '"':
		return rune(b[1]), 2
	case 'a':
		return '\a', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'v':
		return '\v', 2
	case '\n':
		return -1, 2
	case 'x':
		return hex(b, 2)
	case 'u':
		if isBytes {
			return '\\', 1
		}
		c, n := hex(b, 4)
		if utf16.IsSurrogate(c) && len(b) >= n+2 && b[n] == '\\' && b[n+1] == 'u' {
			if low, m := hex(b[n:], 4); m == 6 {
				if pair := utf16.DecodeRune(c, low); pair != utf8.RuneError {
					return pair, n + m
				}
			}
		}
		return c, n
	case 'U':
		if isBytes {
			return '\\', 1
		}
		return hex(b, 8)
	}
	if b[1] >= '0' && b[1] <= '7' {
		n, c := 1, rune(0)
		for n < 4 && n < len(b) && b[n] >= '0' && b[n] <= '7' {
			c = c<<3 + rune(b[n]-'0')
			n++
		}
		return c, n
	}
	return '\\', 1
}

// hex decodes the given number of hex digits behind an escape's letter. Python
// never writes fewer; then the backslash stands for itself.
func hex(b []byte, digits int) (rune, int) {
	if len(b) < 2+digits {
		return '\\', 1
	}
	var c uint32
	for _, d := range b[2 : 2+digits] {
		switch {
		case d >= '0' && d <= '9':
			c = c<<4 + uint32(d-'0')
		case d >= 'a' && d <= 'f':
			c = c<<4 + uint32(d-'a'+10)
		case d >= 'A' && d <= 'F':
			c = c<<4 + uint32(d-'A'+10)
		default:
			return '\\', 1
		}
	}
	if c > utf8.MaxRune {
		return utf8.RuneError, 2 + digits
	}
	return rune(c), 2 + digits
}
