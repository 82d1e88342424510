package pyrepr

import "bytes"

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
	if q := r.nextQuote('\'', p); q < len(r.b) && r.continues(q+1, in) {
		return q + 1
	}
	return -1
}

// doubleEnd is singleEnd for a double quote. Python writes one only around text
// with an apostrophe and without a further double quote.
func (r *Reader) doubleEnd(p int, in container) int {
	if q := r.nextQuote('"', p); q < len(r.b) && r.nextQuote('\'', p) < q && r.continues(q+1, in) {
		return q + 1
	}
	return -1
}

// maxLostList is how long, in bytes, a list may be that lost its bracket. It
// keeps many such wounds from being searched to the end of the input each.
const maxLostList = 4096

// listEnd returns the end of an entry whose value lost its opening bracket.
func (r *Reader) listEnd(p int, in container) int {
	b, open := r.b[:min(len(r.b), p+maxLostList)], 0
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
