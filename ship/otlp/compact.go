package otlp

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unicode/utf8"
)

// maxNesting is how deep JSON may nest to be read here; encoding/json has the same.
const maxNesting = 10_000

// A compactor checks JSON and leaves out the white space between its tokens.
// json.Compact does the same a byte at a time through a function call each, which
// was a tenth of the cost of a backfill: prompts are megabytes of plain text.
type compactor struct {
	src  []byte
	out  []byte // nil as long as nothing had to be left out
	i    int    // next byte to read
	done int    // src[:done] is in out, without white space
}

// compact returns JSON without white space between its tokens, "" when value is
// not valid JSON.
func compact(value json.RawMessage) string {
	c := compactor{src: value}
	if len(value) == 0 || !c.document() {
		return ""
	}
	if c.out == nil {
		return valid(string(value))
	}
	return valid(string(append(c.out, value[c.done:]...)))
}

// document passes one value with white space around it.
func (c *compactor) document() bool {
	c.space()
	var open []byte // the closers of what is open
	for {
		if c.i == len(c.src) {
			return false
		}
		switch b := c.src[c.i]; b {
		case '{', '[':
			if len(open) == maxNesting {
				return false
			}
			c.i++
			c.space()
			if c.at(b + 2) { // '}' and ']' are two behind their openers
				break
			}
			if open = append(open, b+2); b == '{' && !c.key() {
				return false
			}
			continue
		case '"':
			if !c.text() {
				return false
			}
		default:
			if !c.literal() {
				return false
			}
		}
		for {
			c.space()
			if len(open) == 0 {
				return c.i == len(c.src)
			}
			closer := open[len(open)-1]
			if c.at(',') {
				c.space()
				if closer == '}' && !c.key() {
					return false
				}
				break
			}
			if !c.at(closer) {
				return false
			}
			open = open[:len(open)-1]
		}
	}
}

// space passes white space, which is not written.
func (c *compactor) space() {
	from := c.i
	for c.i < len(c.src) && (c.src[c.i] == ' ' || c.src[c.i] == '\n' || c.src[c.i] == '\t' || c.src[c.i] == '\r') {
		c.i++
	}
	if c.i == from {
		return
	}
	if c.out == nil {
		c.out = make([]byte, 0, len(c.src))
	}
	c.out = append(c.out, c.src[c.done:from]...)
	c.done = c.i
}

// at passes b, if it is the next byte.
func (c *compactor) at(b byte) bool {
	if c.i < len(c.src) && c.src[c.i] == b {
		c.i++
		return true
	}
	return false
}

// key passes a member's name and the colon.
func (c *compactor) key() bool {
	if c.i == len(c.src) || c.src[c.i] != '"' || !c.text() {
		return false
	}
	c.space()
	if !c.at(':') {
		return false
	}
	c.space()
	return true
}

// text passes a string.
func (c *compactor) text() bool {
	for c.i++; ; {
		c.i += plainEnd(c.src[c.i:])
		if c.i == len(c.src) {
			return false
		}
		switch b := c.src[c.i]; {
		case b == '"':
			c.i++
			return true
		case b < ' ':
			return false
		case b == '\\':
			if !c.escape() {
				return false
			}
		default: // not ASCII
			c.i++
		}
	}
}

func (c *compactor) escape() bool {
	if c.i++; c.i == len(c.src) {
		return false
	}
	b := c.src[c.i]
	c.i++
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for end := c.i + 4; c.i < end; c.i++ {
			if c.i == len(c.src) || !isHex(c.src[c.i]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

// literal passes a number, true, false or null.
func (c *compactor) literal() bool {
	for _, word := range [...]string{"null", "true", "false"} {
		if len(c.src)-c.i >= len(word) && string(c.src[c.i:c.i+len(word)]) == word {
			c.i += len(word)
			return true
		}
	}
	c.at('-')
	if !c.at('0') && !c.digits() {
		return false
	}
	if c.at('.') && !c.digits() {
		return false
	}
	if c.at('e') || c.at('E') {
		if !c.at('+') {
			c.at('-')
		}
		return c.digits()
	}
	return true
}

func (c *compactor) digits() bool {
	from := c.i
	for c.i < len(c.src) && c.src[c.i] >= '0' && c.src[c.i] <= '9' {
		c.i++
	}
	return c.i > from
}

// plainEnd returns the index of the first byte of s that is a quote, a backslash,
// below ' ' or not ASCII. It looks at eight bytes at once: each of these sets the
// highest bit of its byte. A borrow can do so for a byte behind it, never for one
// before it.
func plainEnd(s []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quotes, slashes := w^(ones*'"'), w^(ones*'\\')
		if odd := ((w - ones*' ') | (quotes - ones) | (slashes - ones) | w) & high; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < utf8.RuneSelf {
		i++
	}
	return i
}
