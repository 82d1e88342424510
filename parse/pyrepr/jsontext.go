package pyrepr

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// appendScalar appends a value that is no container and no call.
func appendScalar(dst, raw []byte) []byte {
	switch class[raw[0]] {
	case quote:
		body, _ := unquote(raw)
		return appendBody(dst, body, false)
	case numeric:
		return appendNumber(dst, raw)
	case letter:
		if body, isBytes := unquote(raw); isBytes && body != nil {
			return appendBody(dst, body, true)
		}
		switch wordKind(raw) {
		case Bool:
			return strconv.AppendBool(dst, raw[0] == 'T' || raw[0] == 't')
		case Name:
			if !bytes.HasSuffix(raw, mark) {
				return appendString(dst, raw)
			}
		}
	case angle:
		return appendEnum(dst, raw)
	}
	return append(dst, "null"...)
}

// appendEnum appends the value of <E.A: 1>, and null for any other <…>.
func appendEnum(dst, raw []byte) []byte {
	_, value, ok := bytes.Cut(raw[:len(raw)-1], []byte(": "))
	if ok && len(value) > 0 {
		switch class[value[0]] {
		case quote:
			if stringEnd(value, 0) == len(value) {
				return appendScalar(dst, value)
			}
		case numeric:
			if tokenEnd(value, 0) == len(value) {
				return appendScalar(dst, value)
			}
		}
	}
	return append(dst, "null"...)
}

// appendNumber appends a Python number; a string if it is none that JSON knows.
func appendNumber(dst, raw []byte) []byte {
	if validNumber(raw) {
		return append(dst, raw...)
	}
	digits := bytes.TrimLeft(raw, "+-")
	if wordKind(digits) == Number {
		return append(dst, "null"...) // nan, inf
	}
	if len(digits) > 2 && digits[0] == '0' && class[digits[1]] == letter {
		// A cap keeps the conversion, which is quadratic, short.
		if n, ok := new(big.Int).SetString(string(raw[:min(len(raw), 4096)]), 0); ok && len(raw) <= 4096 {
			return n.Append(dst, 10)
		}
		return appendString(dst, raw)
	}
	// 5. and .5 and 1_000 are good Python but no JSON.
	if f, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	}
	return appendString(dst, raw)
}

// validNumber reports whether raw is a number by the grammar of RFC 8259.
func validNumber(raw []byte) bool {
	i := 0
	digits := func() bool {
		from := i
		for i < len(raw) && raw[i] >= '0' && raw[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(raw) && raw[i] == '-' {
		i++
	}
	if i < len(raw) && raw[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(raw) && raw[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < len(raw) && (raw[i] == 'e' || raw[i] == 'E') {
		if i++; i < len(raw) && (raw[i] == '+' || raw[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(raw)
}

// asIs holds the bytes that stand for themselves in repr and JSON alike.
var asIs = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\' && c != 0x7f
	}
	return t
}()

// asIsEnd returns the offset of the first byte of s that does not stand for
// itself. Prompts are long runs of such bytes, so it looks at eight of them at
// once: a byte below 0x20, '"', '\\', 0x7f or above sets its highest bit.
func asIsEnd(s []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quotes, slashes, last := w^(ones*'"'), w^(ones*'\\'), w^(ones*0x7f)
		odd := (w - ones*0x20) | (quotes - ones) | (slashes - ones) | (last - ones) | w
		if odd &= high; odd != 0 {
			// A borrow can mark a byte behind the first odd one, never one before it.
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && asIs[s[i]] {
		i++
	}
	return i
}

// appendBody appends the body of a string token as a JSON string.
func appendBody(dst, body []byte, isBytes bool) []byte {
	if isBytes && !isPlain(body) {
		return appendString(dst, appendText(nil, body, true))
	}
	dst = append(dst, '"')
	for {
		n := asIsEnd(body)
		dst = append(dst, body[:n]...)
		if body = body[n:]; len(body) == 0 {
			return append(dst, '"')
		}
		var c rune
		switch {
		case body[0] != '\\':
			c, n = utf8.DecodeRune(body)
		case len(body) > 1 && body[1] == '\'': // the most frequent escape but one
			dst = append(dst, '\'')
			body = body[2:]
			continue
		case len(body) > 1 && (body[1] == 'n' || body[1] == '\\'): // the same in JSON
			dst = append(dst, '\\', body[1])
			body = body[2:]
			continue
		default:
			c, n = escape(body, isBytes)
		}
		dst = appendRune(dst, c)
		body = body[n:]
	}
}

// appendString appends text, as it stands, as a JSON string.
func appendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	for {
		n := asIsEnd(text)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			return append(dst, '"')
		}
		c, n := utf8.DecodeRune(text)
		dst = appendRune(dst, c)
		text = text[n:]
	}
}

// appendRune appends one character of a JSON string; nothing when c is negative.
func appendRune(dst []byte, c rune) []byte {
	const digits = "0123456789abcdef"
	switch {
	case c < 0:
		return dst
	case c == '"' || c == '\\':
		return append(dst, '\\', byte(c))
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < 0x20 || c == 0x7f:
		return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
	return utf8.AppendRune(dst, c) // a lone surrogate becomes U+FFFD
}
