package pyrepr

import "bytes"

const (
	maxTrials    = 16 // places tried as the end of an opaque value
	maxFollowers = 32
)

// opaque returns the end of the value at i when it is no repr but raw text, as
// LiteLLM's exceptions print themselves; -1 with the error set when that is not
// certain. The value may have read as a repr up to known, without fitting there;
// else known is -1. An error set before is withdrawn only if no redaction
// explains it.
func (r *Reader) opaque(i, known int, in container, depth int) int {
	cause := r.err
	trusted := depth == 1 && r.follow != nil // the followers alone tell where it ends
	if cause != nil {
		if !trusted || r.nextMark(i) < cause.Offset {
			return -1
		}
		r.err = nil
	}
	start := i
	if known > i && class[r.b[i]] != quote && (!trusted || r.nextMark(i) < known) {
		i = known // its members must not pass for those of the container
	}
	var end int
	switch {
	case in != inDict && in != inCall:
		end = r.plainEnd(i, in)
	case depth == 1:
		if end = r.opaqueEnd(i, in); end < 0 && cause == nil && r.resync(i, in, true) < 0 {
			end = r.lastCloser(i, in)
		}
	default:
		end = r.nestedEnd(i, in)
	}
	if end >= 0 {
		r.opaqueAt = start
		r.opaques++
		return end
	}
	if cause != nil {
		r.err = cause
		return -1
	}
	return r.fail(start, "a value that is no repr and does not end")
}

// lastCloser returns the offset of the last byte that may close the outermost
// container; -1 when there is none behind i.
func (r *Reader) lastCloser(i int, in container) int {
	if k := bytes.LastIndexByte(r.b[i:], closers[in]); k >= 0 {
		return i + k
	}
	return -1
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
				next := r.blank(j + 1)
				if b[j] == closers[in] && next < len(b) && bytes.IndexByte([]byte(",}])"), b[next]) >= 0 {
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
// hold what looks like members. With Followers set, the first place counts from
// which the rest reads well; from a forged one it does not, since the true
// followers come again.
func (r *Reader) opaqueEnd(i int, in container) int {
	at := r.resync(i, in, true)
	if r.follow == nil || r.probing || at < 0 || r.resync(at+1, in, true) < 0 {
		return at
	}
	for trial := 0; at >= 0 && trial < maxTrials; trial++ {
		if r.readsWell(at, in) {
			return at
		}
		at = r.resync(at+1, in, true)
	}
	return -1
}

// readsWell reports whether the outermost container reads without error from the
// comma at i to its closer at the end, with no follower in it twice.
func (r *Reader) readsWell(i int, in container) bool {
	saved := *r
	r.probing = true
	well := r.uniqueFollowers(i, in)
	r.probing = false
	r.err, r.noComma, r.opaqueAt, r.deep = saved.err, saved.noComma, saved.opaqueAt, saved.deep
	return well
}

func (r *Reader) uniqueFollowers(i int, in container) bool {
	var seen [maxFollowers]bool
	var m member
	for {
		if i = r.next(i, in, false, 1, &m); i < 0 || m.val == 0 {
			return i >= 0 && !r.goesOn(i)
		}
		if key := r.b[m.key0:m.key1]; len(key) > 0 {
			if in == inDict {
				key = key[1 : len(key)-1]
			}
			if n := r.follower(key); n >= 0 {
				if seen[n] {
					return false
				}
				seen[n] = true
			}
		}
		if i = r.value(i, in, 1); i < 0 {
			return false
		}
	}
}

// resync returns the offset of the first comma at or after i that a member with
// an identifier as key follows; -1 when there is none. With top set only the
// Followers count.
func (r *Reader) resync(i int, in container, top bool) int {
	for {
		k := bytes.Index(r.b[min(i, len(r.b)):], []byte(", "))
		if k < 0 {
			return -1
		}
		if i += k; r.resyncAt(i, in, top) {
			return i
		}
		i++
	}
}

// resyncAt reports whether a resync is possible at the comma and blank at i.
func (r *Reader) resyncAt(i int, in container, top bool) bool {
	b := r.b
	key := i + len(", ")
	if in == inDict {
		if key >= len(b) || b[key] != '\'' {
			return false
		}
		key++
	}
	end := r.wordEnd(key)
	if end == key || top && r.follow != nil && r.follower(b[key:end]) < 0 {
		return false
	}
	if in == inDict {
		return end+1 < len(b) && b[end] == '\'' && b[end+1] == ':'
	}
	return end < len(b) && b[end] == '='
}

// follower returns which of the Followers a key is; -1 for none.
func (r *Reader) follower(key []byte) int {
	for n, f := range r.follow {
		if string(key) == f {
			return n
		}
	}
	return -1
}

// expected reports whether the word at i, in the outermost container and
// followed by a comma or closer, may be a value. A constant or a call may; any
// other word could be the start of raw text, which only a follower ends.
func (r *Reader) expected(i, end int, in container) bool {
	if in != inDict && in != inCall || r.b[end-1] == ')' || constant(r.b[i:end]) || class[r.b[end-1]] == quote {
		return true
	}
	comma := r.blank(end)
	return comma >= len(r.b) || r.b[comma] != ',' || r.resyncAt(comma, in, true)
}
