package pyrepr

import "bytes"

// A container is what a value stands in.
type container uint8

const (
	inNone container = iota // the outermost value
	inDict
	inSet
	inList
	inTuple
	inCall
)

// closers holds the byte that ends each container.
var closers = [...]byte{inNone: 0, inDict: '}', inSet: '}', inList: ']', inTuple: ')', inCall: ')'}

// A member is one entry of a container. The key is its token, quotes included.
type member struct {
	key0, key1 int // equal when there is no key
	val        int // offset of the value; 0 at the container's end
}

// next finds the member at or after i, which follows the opener (first) or a
// value. It returns the offset of the member's value, or the offset behind the
// container's closer with m.val 0, or -1 with the error set.
func (r *Reader) next(i int, kind container, first bool, depth int, m *member) int {
	b := r.b
	if kind == inDict {
		if start, end := r.plainKey(i, first); end >= 0 {
			m.key0, m.key1, m.val = start, end, end+len(": ")
			return m.val
		}
	}
	for {
		if i = r.blank(i); i >= len(b) {
			return r.fail(i, "input ends inside a container")
		}
		c := b[i]
		if c == closers[kind] {
			m.val = 0
			return i + 1
		}
		if !first {
			if c == ',' {
				if i = r.blank(i + 1); i >= len(b) {
					return r.fail(i, "input ends inside a container")
				}
				if c = b[i]; c == closers[kind] {
					m.val = 0
					return i + 1
				}
			} else if r.noComma < 0 || r.blank(r.noComma) != i {
				return r.fail(i, "expected a comma or a closer")
			}
		}
		switch kind {
		case inDict:
			if class[c] != quote {
				return r.oddKey(i, m)
			}
			end := stringEnd(b, i)
			if colon := r.blank(end); end > 0 && colon < len(b) && b[colon] == ':' {
				if c == '"' || end > r.mark0 && r.nextMark(i) < end {
					r.oddKeys++
				}
				if end > r.mark0 {
					if fault := r.keyFault(i, end); fault != "" {
						return r.fail(i, fault)
					}
				}
				m.key0, m.key1 = i, end
				return r.member(colon+1, m)
			}
			i = r.lostKey(i, end)
		case inCall:
			word := r.wordEnd(i)
			if word > i && word < len(b) && b[word] == '=' {
				m.key0, m.key1 = i, word
				return r.argument(word+1, depth, m)
			}
			if !bytes.HasSuffix(b[i:word], mark) {
				m.key0, m.key1 = 0, 0
				return r.member(i, m)
			}
			i = r.lostEntry(word, inCall)
		default:
			m.key0, m.key1 = 0, 0
			return r.member(i, m)
		}
		if i < 0 {
			return -1
		}
		first = false
	}
}

func (r *Reader) member(i int, m *member) int {
	if i = r.blank(i); i >= len(r.b) {
		return r.fail(i, "input ends before a value")
	}
	m.val = i
	return i
}

// argument is member for the value of a keyword argument. In the outermost
// call a damaged string must not pass its text for arguments: what Python quotes
// with " holds an apostrophe.
func (r *Reader) argument(i, depth int, m *member) int {
	i = r.member(i, m)
	if i < 0 || r.b[i] != '"' {
		return i
	}
	r.oddKeys++
	if depth > 1 || i < r.mark0 {
		return i
	}
	if end := stringEnd(r.b, i); end < 0 || bytes.IndexByte(r.b[i:end], '\'') < 0 {
		return r.fail(i, "double quotes around a text without an apostrophe")
	}
	return i
}

// oddKey reads a key that is not a str: a number, None, a tuple, bytes, …. A
// plain word is none, or text could pose as the key of that name.
func (r *Reader) oddKey(i int, m *member) int {
	r.oddKeys++
	end := blindEnd(r.b, i)
	if end < 0 {
		return r.fail(i, "no key")
	}
	colon := r.blank(end)
	if colon >= len(r.b) || r.b[colon] != ':' {
		return r.fail(i, "no colon after a key")
	}
	if class[r.b[i]] == letter && r.wordEnd(i) == end && !constant(r.b[i:end]) {
		return r.fail(i, "a key without quotes")
	}
	if end > r.mark0 && end > i+1 && class[r.b[i+1]] == quote {
		if fault := r.keyFault(i+1, end); fault != "" {
			return r.fail(i, fault)
		}
	}
	m.key0, m.key1 = i, end
	return r.member(colon+1, m)
}

// maxOddKey is how far the first element of a brace may reach, in bytes, to be
// recognised as a key when it is not a string.
const maxOddKey = 4096

// brace tells a dict from a set, by what follows the first element; behind lost
// entries, by the next one.
func (r *Reader) brace(open int) container {
	b := r.b
	i := r.blank(open + 1)
	if i >= len(b) || b[i] == '}' {
		return inDict
	}
	if class[b[i]] != quote {
		cut := min(len(b), i+maxOddKey)
		end := blindEnd(b[:cut], i)
		if end < 0 {
			return inSet
		}
		if end = r.blank(end); end < len(b) && b[end] == ':' {
			return inDict
		}
		return inSet
	}
	for {
		end := stringEnd(b, i)
		if end < 0 {
			return inDict
		}
		marked := r.nextMark(i) < end
		j := r.blank(end)
		if j >= len(b) || b[j] != ',' && b[j] != '}' {
			return inDict
		}
		if !marked {
			return inSet
		}
		if b[j] == '}' || !bytes.HasSuffix(b[:end-1], mark) {
			return inDict // in the latter case the quote may be the next key's
		}
		if i = r.blank(j + 1); i >= len(b) || class[b[i]] != quote {
			return inDict
		}
	}
}
