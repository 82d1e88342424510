package rawjson

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10000

// Object hands the members of a JSON object to take in order, and reports whether raw
// is one: unlike Members it checks all of it, as encoding/json.Valid does. What was
// handed out is of no worth if it is not. Names are good as long as raw does not change.
func Object(raw []byte, take func(name string, value json.RawMessage)) bool {
	i := SkipSpace(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return false
	}
	if i = SkipSpace(raw, i+1); closed(raw, i) {
		return true
	}
	for i < len(raw) && raw[i] == '"' {
		end := stringTo(raw, i)
		if end < 0 {
			return false
		}
		name, ok := nameOf(raw[i:end])
		i = SkipSpace(raw, end)
		if !ok || i == len(raw) || raw[i] != ':' {
			return false
		}
		from := SkipSpace(raw, i+1)
		to := valueTo(raw, from, 1)
		if to < 0 {
			return false
		}
		take(name, raw[from:to])
		i = SkipSpace(raw, to)
		if i == len(raw) || raw[i] != ',' {
			return closed(raw, i)
		}
		i = SkipSpace(raw, i+1)
	}
	return false
}

// ValueEnd returns the index after the JSON value at b[i], of which all is checked; ok is
// false if there is none.
func ValueEnd(b []byte, i int) (end int, ok bool) {
	end = valueTo(b, i, 1)
	return end, end >= 0
}

// closed reports whether an object ends at raw[i], and nothing follows it.
func closed(raw []byte, i int) bool {
	return i < len(raw) && raw[i] == '}' && SkipSpace(raw, i+1) == len(raw)
}

// valueTo returns the index after the value at b[i], -1 if there is none.
func valueTo(b []byte, i, depth int) int {
	if i >= len(b) || depth > maxDepth {
		return -1
	}
	switch c := b[i]; c {
	case '"':
		return stringTo(b, i)
	case '{', '[':
		return nestedTo(b, i, depth)
	case 't':
		return wordTo(b, i, "true")
	case 'f':
		return wordTo(b, i, "false")
	case 'n':
		return wordTo(b, i, "null")
	}
	return numberTo(b, i)
}

// nestedTo returns the index after the object or array at b[i], -1 if it is none.
func nestedTo(b []byte, i, depth int) int {
	object, end := b[i] == '{', b[i]+2 // '}' and ']' stand two behind their openers
	if i = SkipSpace(b, i+1); i < len(b) && b[i] == end {
		return i + 1
	}
	for i < len(b) {
		if object {
			if b[i] != '"' {
				return -1
			}
			if i = stringTo(b, i); i < 0 {
				return -1
			}
			if i = SkipSpace(b, i); i == len(b) || b[i] != ':' {
				return -1
			}
			i = SkipSpace(b, i+1)
		}
		if i = valueTo(b, i, depth+1); i < 0 {
			return -1
		}
		if i = SkipSpace(b, i); i == len(b) {
			return -1
		}
		if b[i] == end {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = SkipSpace(b, i+1)
	}
	return -1
}

func wordTo(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// numberTo returns the index after the number at b[i] (RFC 8259, section 6).
func numberTo(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	from := i
	if i = digitsTo(b, i); i == from || b[from] == '0' && i > from+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		from = i + 1
		if i = digitsTo(b, from); i == from {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from = i
		if i = digitsTo(b, from); i == from {
			return -1
		}
	}
	return i
}

func digitsTo(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// stringTo returns the index after the string at b[i], -1 if it is none.
func stringTo(b []byte, i int) int {
	for i++; ; {
		i += PlainEnd(b[i:])
		if i == len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c != '\\' || i+1 == len(b):
			return -1
		}
		switch b[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			const long = len(`\u0000`)
			if i+long > len(b) {
				return -1
			}
			for _, c := range b[i+2 : i+long] {
				if _, ok := Unhex(c); !ok {
					return -1
				}
			}
			i += long
		default:
			return -1
		}
	}
}

// PlainEnd returns the index of the first byte of s that does not stand for itself in a
// JSON string: a quote, a backslash or one below ' '. It looks at eight at once: each of
// these sets the highest bit of its byte, and a borrow can do so for a byte behind it
// only. Bytes that are not ASCII have that bit anyway, which is taken from the result.
func PlainEnd(s []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quotes, slashes := w^(ones*'"'), w^(ones*'\\')
		if odd := ((w - ones*' ') | (quotes - ones) | (slashes - ones)) & ^w & high; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}
