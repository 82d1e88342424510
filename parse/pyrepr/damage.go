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
	if c := &r.marks; i < c.from || i > c.at {
		c.from, c.at = i, len(r.b)
		if k := bytes.Index(r.b[i:], mark); k >= 0 {
			c.at = i + k
		}
	}
	return r.marks.at
}

// nextDoubleQuote returns the offset of the first " at or after i, or len(b).
func (r *Reader) nextDoubleQuote(i int) int {
	if c := &r.dquotes; i < c.from || i > c.at {
		c.from, c.at = i, len(r.b)
		if k := bytes.IndexByte(r.b[i:], '"'); k >= 0 {
			c.at = i + k
		}
	}
	return r.dquotes.at
}

// lostKey steps over the entry whose key starts with the quote at i and is not
// followed by a colon; end is behind the next such quote, or -1. It returns the
// offset behind the entry.
func (r *Reader) lostKey(i, end int) int {
	m := r.nextMark(i)
	if m >= len(r.b) || end >= 0 && m >= end {
		return r.fail(i, "no colon after a key")
	}
	return r.lostEntry(m+len(mark), inDict)
}

// lostEntry returns the end of an entry whose key, or whose key and the start of
// its value, were replaced by the mark that ends at p. What is left behind the
// mark depends on the value, which is gone; there are four readings:
//
//	bare    'REDACTED, 'k': v        it was None or a number: nothing is left
//	single  'REDACTED cd', 'k': v    it was '…': its tail and closing quote are left
//	double  'REDACTED's", 'k': v     it was "…": same; the tail holds an apostrophe
//	list    'REDACTED, 2], 'k': v    it was […] or (…): the opening bracket is gone
//
// A reading is possible if a further member, or the closer, follows. When two
// are, the text of the secret may be posing as members, so neither is taken.
func (r *Reader) lostEntry(p int, in container) int {
	r.repair(p)
	bare, single, double, list := r.bareEnd(p, in), r.singleEnd(p, in), r.doubleEnd(p, in), -1
	if bare < 0 && (single < 0 || r.b[p] != '\'') {
		// Elsewhere it need not be tried: a list holds no colons, and behind
		// a quote that closes, all further quotes would pair up wrongly.
		list = r.listEnd(p, in)
	}
	end, possible := -1, 0
	for _, e := range [...]int{bare, single, double, list} {
		if e >= 0 {
			end = e
			possible++
		}
	}
	if possible > 1 {
		return r.fail(p, ambiguous)
	}
	if possible == 1 {
		return end
	}
	if p < len(r.b) && r.b[p] == '\'' {
		if end = r.unescapedEnd(p, p, in); end >= 0 {
			return end
		}
		if r.fits(p+1, in) {
			return p + 1
		}
	}
	if end = r.keylessEnd(p, in); end >= 0 {
		return end
	}
	return r.fail(p, "the end of a redacted entry is lost")
}

const ambiguous = "a redacted entry may end at more than one place"

// keyFault tells why the string of i to end, before a colon, cannot be trusted
// to be a key in a damaged input; "" if it can.
func (r *Reader) keyFault(i, end int) string {
	if r.b[i] == '"' && bytes.IndexByte(r.b[i:end], '\'') < 0 {
		// Python would not quote it so; text of a damaged string might.
		return "double quotes around a key without an apostrophe"
	}
	if m := r.nextMark(i); m < end {
		// A comma or closer in its tail may be structure, and the quote before
		// the colon the first one of the next key.
		if p := m + len(mark); bytes.ContainsAny(r.b[p:end], ",}])") || r.doubleEnd(p, inDict) >= 0 {
			return ambiguous
		}
	}
	return ""
}

// bareEnd returns the end of an entry whose value had no quotes and no brackets:
// the first comma or closer behind p that fits; -1 when there is none.
func (r *Reader) bareEnd(p int, in container) int {
	for j := p; j < len(r.b); j++ {
		switch r.b[j] {
		case ',':
			if r.continues(j, in) {
				return j
			}
		case '}', ')', ']':
			if r.b[j] == closers[in] && r.continues(j, in) {
				return j
			}
			return -1
		case '\'', '"', '{', '(', '[':
			return -1
		}
	}
	return -1
}

// singleEnd returns the end of an entry whose value's single quote closes behind
// p; -1 when that does not fit.
func (r *Reader) singleEnd(p int, in container) int {
	q := bytes.IndexByte(r.b[p:], '\'')
	if q >= 0 && r.continues(p+q+1, in) {
		return p + q + 1
	}
	return -1
}

// doubleEnd is singleEnd for a double quote. Python writes one only around text
// with an apostrophe and without a further double quote.
func (r *Reader) doubleEnd(p int, in container) int {
	q := r.nextDoubleQuote(p)
	if q < len(r.b) && r.continues(q+1, in) && bytes.IndexByte(r.b[p:q], '\'') >= 0 {
		return q + 1
	}
	return -1
}

// listEnd returns the end of an entry whose value lost its opening bracket.
func (r *Reader) listEnd(p int, in container) int {
	b, open := r.b, 0
	for j := p; j < len(b); j++ {
		switch b[j] {
		case '{', '[', '(':
			open++
		case '}', ']', ')':
			if open--; open >= 0 {
				continue
			}
			if b[j] != '}' && b[j] != closers[in] && r.continues(j+1, in) {
				return j + 1
			}
			return -1
		case '\'', '"':
			end := stringEnd(b, j)
			if end < 0 || open == 0 && !r.fits(end, inList) && !r.fits(end, inTuple) {
				return -1
			}
			j = end - 1
		}
	}
	return -1
}

// keylessEnd returns the end of an entry of which key and colon are gone and the
// whole value is left: 'my REDACTED 'val', because the key ended in "password:".
func (r *Reader) keylessEnd(p int, in container) int {
	v := r.blank(p)
	if in != inDict || v == p || v >= len(r.b) {
		return -1
	}
	if end := blindEnd(r.b, v); end >= 0 && r.continues(end, in) {
		return end
	}
	return -1
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
			if r.nextDoubleQuote(from) < end {
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
