package pyrepr

import "bytes"

// maxTrials is how many places are tried as the end of an opaque value.
const maxTrials = 16

// opaque returns the end of the value at i when it is no repr but raw text, as
// LiteLLM's exceptions print themselves; -1 with the error set when that is not
// certain. An error set before is withdrawn only if no redaction explains it.
func (r *Reader) opaque(i int, in container, depth int) int {
	cause := r.err
	if cause != nil {
		if depth != 1 || r.follow == nil || r.nextMark(i) < cause.Offset {
			return -1
		}
		r.err = nil
	}
	end := -1
	switch {
	case in != inDict && in != inCall:
		end = r.plainEnd(i, in)
	case depth == 1:
		end = r.opaqueEnd(i, in)
	default:
		end = r.nestedEnd(i, in)
	}
	if end >= 0 {
		r.opaqueAt = i
		return end
	}
	if cause != nil {
		r.err = cause
		return -1
	}
	return r.fail(i, "a value that is no repr and does not end")
}

// plainEnd returns the end of raw text without quotes and brackets.
func (r *Reader) plainEnd(i int, in container) int {
	for ; i < len(r.b); i++ {
		switch c := r.b[i]; c {
		case '\'', '"', '{', '[', '(', '}', ']', ')', ',':
			if in != inNone && (c == ',' || c == closers[in]) {
				return i
			}
			return -1
		}
	}
	return -1
}

// nestedEnd returns the end of raw text in an inner container. Its closer is as
// good an end as the next member; brackets must balance up to there.
func (r *Reader) nestedEnd(i int, in container) int {
	b := r.b
	stop := r.resync(i, in, false)
	if stop < 0 {
		stop = len(b)
	}
	open := 0
	for j := i; j < stop; j++ {
		switch b[j] {
		case '{', '[', '(':
			open++
		case '}', ']', ')':
			if open == 0 {
				if next := r.blank(j + 1); b[j] == closers[in] && (next >= len(b) || bytes.IndexByte([]byte(",}])"), b[next]) >= 0) {
					return j
				}
				return -1
			}
			open--
		}
	}
	if open != 0 || stop == len(b) {
		return -1
	}
	return stop
}

// opaqueEnd returns the end of raw text in the outermost container. The text may
// hold what looks like members. With Followers set, the last place counts from
// which all the rest reads well: a forged one lies before the true one, and in a
// quoted copy of the text that comes later the rest does not read well.
func (r *Reader) opaqueEnd(i int, in container) int {
	first := r.resync(i, in, true)
	if first < 0 {
		return bytes.LastIndexByte(r.b[:len(r.b)], closers[in]) // i is before it or there is none
	}
	if r.follow == nil || r.probing {
		return first
	}
	var places [maxTrials]int
	n := 0
	for at := first; at >= 0; at = r.resync(at+1, in, true) {
		places[n%maxTrials] = at
		n++
	}
	if n == 1 {
		return first
	}
	for k := n - 1; k >= 0 && k > n-1-maxTrials; k-- {
		if at := places[k%maxTrials]; r.readsWell(at, in) {
			return at
		}
	}
	return -1
}

// readsWell reports whether the outermost container reads without error from the
// comma at i to its closer.
func (r *Reader) readsWell(i int, in container) bool {
	saved := *r
	r.probing = true
	end := r.rest(i, in, 1, false)
	r.probing = saved.probing
	r.err, r.noComma, r.opaqueAt, r.deep = saved.err, saved.noComma, saved.opaqueAt, saved.deep
	return end >= 0
}

// resync returns the offset of the first comma at or after i that a member with
// an identifier as key follows; -1 when there is none. With top set only the
// Followers count.
func (r *Reader) resync(i int, in container, top bool) int {
	b := r.b
	sep := []byte(", '")
	if in == inCall {
		sep = sep[:2]
	}
	for {
		k := bytes.Index(b[min(i, len(b)):], sep)
		if k < 0 {
			return -1
		}
		i += k
		key := i + len(sep)
		end := r.wordEnd(key)
		if end > key && (!top || r.follower(b[key:end])) {
			if in == inCall && end < len(b) && b[end] == '=' || in != inCall && end+1 < len(b) && b[end] == '\'' && b[end+1] == ':' {
				return i
			}
		}
		i = key
	}
}

// follower reports whether a key may end an opaque value.
func (r *Reader) follower(key []byte) bool {
	if r.follow == nil {
		return true
	}
	for _, f := range r.follow {
		if string(key) == f {
			return true
		}
	}
	return false
}

// expected reports whether the word at i, in the outermost container and
// followed by a comma or closer, may be a value. A constant or a call may; any
// other word could be the start of raw text, which only a follower ends.
func (r *Reader) expected(i, end int) bool {
	if r.b[end-1] == ')' || constant(r.b[i:end]) || class[r.b[end-1]] == quote {
		return true
	}
	comma := r.blank(end)
	return comma >= len(r.b) || r.b[comma] != ',' || r.resync(comma, r.inside(), true) == comma
}
