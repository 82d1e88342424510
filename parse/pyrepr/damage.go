package pyrepr

import "bytes"

// mark is what LiteLLM 1.84 and later write in place of a secret
// (litellm_core_utils/secret_redaction.py). The span it replaces may begin
// inside a key and end inside the value: 'api_key': 'abc' becomes 'REDACTED',
// with the quote that opened the key and the one that closed the value left.
var mark = []byte("REDACTED")

// A cachedIndex remembers the result of a forward search, so that many searches
// for the same rare thing stay linear together.
type cachedIndex struct {
	from, at int // at is the first hit at or after from; len(b) when there is none
}

// nextMark returns the offset of the first mark at or after i, or len(b).
func (r *Reader) nextMark(i int) int {
	if r.marks.from <= i && i <= r.marks.at {
		return r.marks.at
	}
	return r.findMark(i)
}

func (r *Reader) findMark(i int) int {
	r.marks.from, r.marks.at = i, len(r.b)
	if k := bytes.Index(r.b[i:], mark); k >= 0 {
		r.marks.at = i + k
	}
	return r.marks.at
}

// nextQuote returns the offset of the first q, ' or ", at or after i, or len(b).
func (r *Reader) nextQuote(q byte, i int) int {
	c := &r.singles
	if q == '"' {
		c = &r.doubles
	}
	if i < c.from || i > c.at {
		c.from, c.at = i, len(r.b)
		if k := bytes.IndexByte(r.b[i:], q); k >= 0 {
			c.at = i + k
		}
	}
	return c.at
}

// unescapedEnd returns the end of a single-quoted text in which the redaction
// ate the backslash of the \' at offset q, where a mark ends. Python escapes an
// apostrophe only if the text holds a double quote too, so one must be in it; from is
// where the text starts. It returns -1 when that cannot be.
func (r *Reader) unescapedEnd(from, q int, in container) int {
	b := r.b
	for bytes.HasSuffix(b[:q], mark) {
		end := stringEnd(b, q)
		if end < 0 {
			return -1
		}
		if r.continues(end, in) {
			if r.nextQuote('"', from) < end {
				return end
			}
			return -1
		}
		q = end - 1
	}
	return -1
}

// continues reports whether a member may end at i: behind a comma another one
// starts, or the container is closed and something fit follows that.
func (r *Reader) continues(i int, in container) bool {
	b := r.b
	if i = r.blank(i); i >= len(b) {
		return true
	}
	switch b[i] {
	case ',':
		return r.startsMember(r.blank(i+1), in)
	case closers[in]:
		if i = r.blank(i + 1); i >= len(b) {
			return true
		}
		switch b[i] {
		case ',', '}', ']', ')', 0x1b, '[': // colour reset and " [trace_id=…]" may end a record
			return true
		}
	}
	return false
}

// startsMember reports whether a member of a container starts at i.
func (r *Reader) startsMember(i int, in container) bool {
	b := r.b
	if i >= len(b) {
		return false
	}
	switch in {
	case inDict:
		if class[b[i]] != quote {
			return false
		}
		end := stringEnd(b, i)
		if m := r.nextMark(i); m < end || end < 0 && m < len(b) {
			return true
		}
		colon := r.blank(end)
		return end >= 0 && colon < len(b) && b[colon] == ':'
	case inCall:
		word := r.wordEnd(i)
		return word > i && (word < len(b) && b[word] == '=' || bytes.HasSuffix(b[i:word], mark))
	}
	return class[b[i]] != other
}

// markedString is value for a string with a mark in it. It is read as it stands
// if what follows fits. Otherwise the redaction ate the backslash of a \' or the
// closing quote with what came next.
func (r *Reader) markedString(i, end int, in container, depth int) int {
	b := r.b
	if in == inNone {
		if end < 0 {
			return r.fail(i, "a string does not end")
		}
		return end
	}
	if end >= 0 && r.follows(end, in) {
		return end
	}
	if end >= 0 && b[i] == '\'' {
		if e := r.unescapedEnd(i, end-1, in); e >= 0 {
			r.repair(end - 1)
			return e
		}
	}
	limit := end
	if limit < 0 {
		limit = len(b)
	}
	p := i + bytes.LastIndex(b[i:limit], mark) + len(mark)
	next := r.blank(p)
	if r.continues(p, in) || in != inCall && next > p && r.startsMember(next, in) {
		r.repair(p)
		r.noComma = p
		return p
	}
	return r.opaque(i, end, in, depth)
}

// follows is fits for a damaged neighbourhood: behind a comma there must be the
// start of something.
func (r *Reader) follows(i int, in container) bool {
	if !r.fits(i, in) {
		return false
	}
	i = r.blank(i)
	if i >= len(r.b) || r.b[i] != ',' {
		return true
	}
	i = r.blank(i + 1)
	if i >= len(r.b) {
		return true
	}
	c := r.b[i]
	if in == inDict && class[c] == letter {
		return c == 'N' || c == 'T' || c == 'F' || c == 'b' && i+1 < len(r.b) && class[r.b[i+1]] == quote
	}
	return class[c] != other || c == closers[in]
}
