package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"unsafe"
)

// Members yields the members of a JSON object in order; nothing for another
// value. It ends early where the object is malformed. Names are good as long as raw
// does not change.
func Members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		i := SkipSpace(raw, 0)
		if i == len(raw) || raw[i] != '{' {
			return
		}
		for i = SkipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; i = SkipSpace(raw, i+1) {
			end, ok := StringEnd(raw, i)
			if !ok {
				return
			}
			name, ok := nameOf(raw[i:end])
			i = SkipSpace(raw, end)
			if !ok || i == len(raw) || raw[i] != ':' {
				return
			}
			from := SkipSpace(raw, i+1)
			to, ok := valueEnd(raw, from)
			if !ok || !yield(name, raw[from:to]) {
				return
			}
			i = SkipSpace(raw, to)
			if i == len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// Member returns the last member of that name, as Python's json does; nil if
// there is none.
func Member(raw []byte, name string) json.RawMessage {
	var found json.RawMessage
	for n, value := range Members(raw) {
		if n == name {
			found = value
		}
	}
	return found
}

// Elements yields the elements of a JSON array in order; nothing for another value.
func Elements(raw []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		i := SkipSpace(raw, 0)
		if i == len(raw) || raw[i] != '[' {
			return
		}
		for i = SkipSpace(raw, i+1); i < len(raw) && raw[i] != ']'; i = SkipSpace(raw, i+1) {
			to, ok := valueEnd(raw, i)
			if !ok || !yield(raw[i:to]) {
				return
			}
			i = SkipSpace(raw, to)
			if i == len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// Scalar returns a JSON string's text or a JSON number as written; "" for other values.
func Scalar(raw []byte) string {
	switch {
	case len(raw) == 0:
		return ""
	case raw[0] == '"':
		s, _ := Unquote(raw)
		return s
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw)
	}
	return ""
}

// SkipSpace returns the index of the first byte at or after i that is no white space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// StringEnd returns the index after the closing quote of the string at b[i].
func StringEnd(b []byte, i int) (int, bool) {
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
			end, ok := StringEnd(b, i)
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
			i = LiteralEnd(b, i)
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

// LiteralEnd returns the index after the number or word at b[i].
func LiteralEnd(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

// nameOf is Unquote without a copy, for what has no escapes.
func nameOf(raw []byte) (string, bool) {
	if len(raw) > 2 && bytes.IndexByte(raw, '\\') < 0 {
		return unsafe.String(&raw[1], len(raw)-2), true
	}
	return Unquote(raw)
}

// Unquote returns the text of a JSON string, quotes included in raw.
func Unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	text, ok := AppendUnescaped(nil, inner)
	return string(text), ok
}

// Text is the text of a JSON string, "" for anything else.
func Text(raw []byte) string {
	s, _ := Unquote(raw)
	return s
}
