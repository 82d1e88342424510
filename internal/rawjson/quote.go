package rawjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnescaped appends the text that the inside of a JSON string stands for.
// Half a surrogate pair becomes U+FFFD. It reports whether all escapes were good.
func AppendUnescaped(dst, s []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst = append(dst, s[:i]...)
		var ok bool
		if dst, s, ok = AppendEscape(dst, s[i:]); !ok {
			return dst, false
		}
	}
}

// AppendEscape decodes the escape sequence at the start of b, appends it to out
// and returns what follows it. Half of a surrogate pair becomes U+FFFD, as in
// encoding/json.
func AppendEscape(out, b []byte) (newOut, rest []byte, ok bool) {
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
		v, ok := Unhex(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(v)
	}
	return r, true
}

// Unhex returns the value of a hexadecimal digit.
func Unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// AppendQuoted appends text as a JSON string. Unlike json.Marshal it leaves <, >
// and & alone: they are common in prompts and need no escape. Bytes that are not
// UTF-8 become U+FFFD.
func AppendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0 // of what is to be copied as it is
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[from:i]...)
		size := 1
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			var r rune
			r, size = utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
		}
		i += size
		from = i
	}
	return append(append(dst, text[from:]...), '"')
}
