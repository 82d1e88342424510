package pyrepr

import "bytes"

// The classes of a byte where a value may start.
const (
	other   uint8 = iota
	quote         // ' "
	letter        // a-z A-Z _ and all of non-ASCII
	numeric       // 0-9 + - .
	opener        // { [ (
	angle         // <
)

// class is the class of every byte.
var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == '\'' || c == '"':
			t[c] = quote
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			t[c] = letter
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.':
			t[c] = numeric
		case c == '{' || c == '[' || c == '(':
			t[c] = opener
		case c == '<':
			t[c] = angle
		}
	}
	return t
}()

// blank returns the offset of the first byte at or after i that is not white
// space. A negative i is returned as it is.
func (r *Reader) blank(i int) int {
	for uint(i) < uint(len(r.b)) && r.b[i] <= ' ' && isSpace(r.b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// stringEnd returns the offset behind the quote that closes the one at i, or -1.
func stringEnd(b []byte, i int) int {
	q := b[i]
	for j := i + 1; ; {
		k := bytes.IndexByte(b[j:], q)
		if k < 0 {
			return -1
		}
		j += k + 1
		if b[j-2] != '\\' || !escaped(b[i+1:j-1]) {
			return j
		}
	}
}

// escaped reports whether a byte behind b is escaped: an odd number of
// backslashes ends b. The count never reaches back over an earlier quote, so
// all counts of one string together are linear in its length.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// value returns the end of the value at i, which stands in a container of kind
// in at the given depth (0 for the outermost value); -1 with the error set.
func (r *Reader) value(i int, in container, depth int) int {
	b := r.b
	end := r.plain(i, in)
	if end >= 0 {
		return end
	}
	switch class[b[i]] {
	case quote:
		end = stringEnd(b, i)
		if r.mark0 < len(b) {
			if m := r.nextMark(i); m < end || end < 0 && m < len(b) {
				return r.markedString(i, end, in, depth)
			}
		}
	case letter:
		end = r.word(i, depth)
	case numeric:
		end = tokenEnd(b, i)
	case opener:
		end = r.compound(i, depth)
	case angle:
		end = angleEnd(b, i)
	default:
		end = -1
	}
	if end >= 0 && r.err == nil && r.fits(end, in) {
		if depth != 1 || r.follow == nil || class[b[i]] != letter || r.expected(i, end, in) {
			return end
		}
	}
	return r.opaque(i, end, in, depth)
}

// plain returns the end of the string, number or constant at i that stands in a
// container as Python writes it, undamaged and right before a comma or the
// closer; -1 for all else. It is a short cut through value for nearly all values.
func (r *Reader) plain(i int, in container) int {
	b := r.b
	end := -1
	switch class[b[i]] {
	case quote:
		k := bytes.IndexByte(b[i+1:], b[i])
		if k < 0 {
			return -1
		}
		if end = i + k + 2; b[end-2] == '\\' {
			end = stringEnd(b, i)
		}
		if r.nextMark(i) < end {
			return -1
		}
	case numeric:
		end = tokenEnd(b, i)
	case letter:
		switch {
		case len(b)-i < len("False,"):
			return -1
		case string(b[i:i+4]) == "None", string(b[i:i+4]) == "True":
			end = i + 4
		case string(b[i:i+5]) == "False":
			end = i + 5
		}
	}
	if uint(end) < uint(len(b)) && (b[end] == ',' || b[end] == closers[in]) && in != inNone {
		return end
	}
	return -1
}

// plainKey returns the end of the key at i, with a comma before it unless it is
// the first, that stands in a dict as Python writes it, undamaged and with a
// value behind it; -1 for all else. It is a short cut through next.
func (r *Reader) plainKey(i int, first bool) (start, end int) {
	b := r.b
	if !first {
		if len(b)-i < 2 || b[i] != ',' || b[i+1] != ' ' {
			return i, -1
		}
		i += 2
	}
	if i >= len(b) || b[i] != '\'' {
		return i, -1
	}
	k := bytes.IndexByte(b[i+1:], '\'')
	end = i + k + 2
	if k < 0 || len(b)-end < 3 || b[end-2] == '\\' || b[end] != ':' || b[end+1] != ' ' || b[end+2] <= ' ' || r.nextMark(i) < end {
		return i, -1
	}
	return i, end
}

// fits reports whether a value may end before i.
func (r *Reader) fits(i int, in container) bool {
	if in == inNone {
		return true
	}
	i = r.blank(i)
	return i < len(r.b) && (r.b[i] == ',' || r.b[i] == closers[in])
}

// compound returns the end of the bracketed value at i.
func (r *Reader) compound(i, depth int) int {
	if r.recursion(i) {
		return i + len("[...]")
	}
	switch r.b[i] {
	case '[':
		return r.members(i+1, inList, depth)
	case '(':
		return r.members(i+1, inTuple, depth)
	default:
		return r.members(i+1, r.brace(i), depth)
	}
}

// members returns the end of the container whose opener is before i.
func (r *Reader) members(i int, kind container, depth int) int {
	depth++
	r.height = max(r.height, depth)
	if depth > maxDepth {
		r.deep = true
		end := blindEnd(r.b, i-1)
		if end < 0 {
			return r.fail(i, "too deep and not balanced")
		}
		return end
	}
	return r.rest(i, kind, depth, true)
}

// rest returns the end of a container at the given depth from the member at i on.
func (r *Reader) rest(i int, kind container, depth int, first bool) int {
	var m member
	for ; ; first = false {
		if i = r.next(i, kind, first, depth, &m); i < 0 || m.val == 0 {
			return i
		}
		if i = r.value(i, kind, depth); i < 0 {
			return i
		}
	}
}

// recursion reports whether Python's mark for a container inside itself is at i.
func (r *Reader) recursion(i int) bool {
	return r.b[i] != '(' && len(r.b) >= i+5 && string(r.b[i+1:i+4]) == "..." && (r.b[i+4] == '}' || r.b[i+4] == ']')
}

// wordEnd returns the end of the identifier at i; i when there is none.
func (r *Reader) wordEnd(i int) int {
	b := r.b
	for j := i; ; j++ {
		if j >= len(b) || class[b[j]] != letter && (j == i || b[j] < '0' || b[j] > '9') {
			return j
		}
	}
}

// nameEnd returns the offset of the parenthesis behind the dotted name at i;
// -1 when there is no call.
func (r *Reader) nameEnd(i int) int {
	if class[r.b[i]] != letter {
		return -1
	}
	for {
		end := r.wordEnd(i)
		if end == i || end >= len(r.b) {
			return -1
		}
		if r.b[end] == '(' {
			return end
		}
		if r.b[end] != '.' {
			return -1
		}
		i = end + 1
		if i >= len(r.b) {
			return -1
		}
	}
}

// word returns the end of what starts with a letter: a constant, a name, a call,
// a prefixed string.
func (r *Reader) word(i, depth int) int {
	b := r.b
	if i+1 < len(b) && class[b[i+1]] == quote && (b[i] == 'b' || b[i] == 'B') {
		return stringEnd(b, i+1)
	}
	if open := r.nameEnd(i); open >= 0 {
		return r.members(open+1, inCall, depth)
	}
	end := r.wordEnd(i)
	for end+1 < len(b) && b[end] == '.' && class[b[end+1]] == letter {
		end = r.wordEnd(end + 1)
	}
	if bytes.HasSuffix(b[i:end], mark) {
		r.repair(end)
	}
	return end
}

// tokenEnd returns the end of the run of letters, digits, signs and dots at i.
func tokenEnd(b []byte, i int) int {
	for i < len(b) && (class[b[i]] == letter || class[b[i]] == numeric) {
		i++
	}
	return i
}

// angleEnd returns the end of the <…> at i, quoted text and inner pairs included.
func angleEnd(b []byte, i int) int {
	depth := 0
	for j := i; j < len(b); j++ {
		switch b[j] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				return j + 1
			}
		case '\'', '"':
			end := stringEnd(b, j)
			if end < 0 {
				return -1
			}
			j = end - 1
		}
	}
	return -1
}

// blindEnd returns the end of the value at i, looking at quotes and brackets only.
func blindEnd(b []byte, i int) int {
	if i+1 < len(b) && (b[i] == 'b' || b[i] == 'B') && class[b[i+1]] == quote {
		return stringEnd(b, i+1)
	}
	switch class[b[i]] {
	case quote:
		return stringEnd(b, i)
	case angle:
		return angleEnd(b, i)
	case other:
		return -1
	}
	start := i
	for i < len(b) && (class[b[i]] == letter || class[b[i]] == numeric) {
		i++
	}
	if i >= len(b) || class[b[i]] != opener || i > start && b[i] != '(' {
		return i
	}
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\'', '"':
			end := stringEnd(b, i)
			if end < 0 {
				return -1
			}
			i = end - 1
		}
	}
	return -1
}
