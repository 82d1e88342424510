package enrich

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads JSON without building it: bodies are megabytes, of which a few
// members matter, and what is not changed must keep its bytes.

// members yields the members of a JSON object in order; nothing for another
// value. It ends early where the object is malformed.
func members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		i := skipSpace(raw, 0)
		if i == len(raw) || raw[i] != '{' {
			return
		}
		for i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; i = skipSpace(raw, i+1) {
			end, ok := stringEnd(raw, i)
			if !ok {
				return
			}
			name, ok := unquote(raw[i:end])
			i = skipSpace(raw, end)
			if !ok || i == len(raw) || raw[i] != ':' {
				return
			}
			from := skipSpace(raw, i+1)
			to, ok := valueEnd(raw, from)
			if !ok || !yield(name, raw[from:to]) {
				return
			}
			i = skipSpace(raw, to)
			if i == len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// member returns the last member of that name, as Python's json does; nil if
// there is none.
func member(raw []byte, name string) json.RawMessage {
	var found json.RawMessage
	for n, value := range members(raw) {
		if n == name {
			found = value
		}
	}
	return found
}

// elements yields the elements of a JSON array in order; nothing for another value.
func elements(raw []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		i := skipSpace(raw, 0)
		if i == len(raw) || raw[i] != '[' {
			return
		}
		for i = skipSpace(raw, i+1); i < len(raw) && raw[i] != ']'; i = skipSpace(raw, i+1) {
			to, ok := valueEnd(raw, i)
			if !ok || !yield(raw[i:to]) {
				return
			}
			i = skipSpace(raw, to)
			if i == len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// scalar returns a JSON string's text or a JSON number as written; "" for other values.
func scalar(raw []byte) string {
	switch {
	case len(raw) == 0:
		return ""
	case raw[0] == '"':
		s, _ := unquote(raw)
		return s
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw)
	}
	return ""
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns the index after the closing quote of the string at b[i].
func stringEnd(b []byte, i int) (int, bool) {
	for i++; ; {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return 0, false
		}
		q += i
		escapes := 0
		for k := q - 1; k >= i && b[k] == '\\'; k-- {
			escapes++
		}
		i = q + 1
		if escapes%2 == 0 {
			return i, true
		}
	}
}

// valueEnd returns the index after the value at b[i]. It counts brackets and
// does not check what stands between them.
func valueEnd(b []byte, i int) (int, bool) {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			end, ok := stringEnd(b, i)
			if !ok {
				return 0, false
			}
			i = end
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ' ', '\n', '\t', '\r', ',', ':':
			i++
			continue
		default:
			i = literalEnd(b, i)
		}
		if depth == 0 {
			return i, true
		}
		if depth < 0 {
			return 0, false
		}
	}
	return 0, false
}

// literalEnd returns the index after the number or word at b[i].
func literalEnd(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

// unquote returns the text of a JSON string, quotes included in raw.
func unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	text, ok := appendUnescaped(nil, inner)
	return string(text), ok
}

// appendUnescaped appends the text that the inside of a JSON string stands for.
// Half a surrogate pair becomes U+FFFD. It reports whether all escapes were good.
func appendUnescaped(dst, s []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst = append(dst, s[:i]...)
		if i+1 >= len(s) {
			return dst, false
		}
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := hex4(s)
			if !ok {
				return dst, false
			}
			s = s[4:]
			if utf16.IsSurrogate(r) {
				r, s = joinSurrogates(r, s)
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, false
		}
	}
}

// joinSurrogates completes the pair that high begins, if s continues it.
func joinSurrogates(high rune, s []byte) (rune, []byte) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return utf8.RuneError, s
	}
	low, ok := hex4(s[2:])
	if !ok {
		return utf8.RuneError, s
	}
	r := utf16.DecodeRune(high, low)
	if r == utf8.RuneError {
		return r, s // the other half stands for itself
	}
	return r, s[6:]
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		v, ok := unhex(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(v)
	}
	return r, true
}

func unhex(c byte) (byte, bool) {
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

// appendQuoted appends text as a JSON string. Unlike json.Marshal it leaves <, >
// and & alone: they are common in prompts and need no escape. Bytes that are not
// UTF-8 become U+FFFD.
func appendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
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
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
