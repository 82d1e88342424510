package pyrepr

import (
	"bytes"
	"hash/maphash"
	"slices"
	"time"
)

// AppendJSON consumes the value and appends it to dst as JSON, valid whatever
// the input. When there is no value or it cannot be read it appends null, and
// Err tells why. The package comment says what becomes of each form.
func (r *Reader) AppendJSON(dst []byte) []byte {
	if !r.pending || r.err != nil {
		return append(dst, "null"...)
	}
	start := len(dst)
	dst, end := r.json(dst, r.pos, r.inside(), len(r.frames))
	r.seen = r.seen[:0]
	if end >= 0 {
		end = r.ended(end)
	}
	if end < 0 {
		r.pending = false
		return append(dst[:start], "null"...)
	}
	r.consumed(end)
	return dst
}

// JSON is AppendJSON with a result that must not be changed: a Reader that
// remembers gives the same memory for the same value. The caller may keep it.
func (r *Reader) JSON() []byte {
	if !r.pending || r.err != nil {
		return null
	}
	start := r.pos
	m := r.find(start)
	if m != nil && m.json != nil {
		r.consumed(r.ended(start + len(m.text)))
		if r.err != nil {
			return null
		}
		return m.json
	}
	from := r.begin()
	r.buf = r.AppendJSON(r.buf[:0])
	if r.err != nil {
		return null
	}
	out := bytes.Clone(r.buf)
	if cap(r.buf) > maxMemo {
		r.buf = nil // one giant value must not stay in memory
	}
	if m != nil {
		m.json = out
		r.memo.bytes += len(out)
	} else {
		r.remember(from, start, r.pos, out)
	}
	return out
}

var null = []byte("null")

// json is value that writes what it reads.
func (r *Reader) json(dst []byte, i int, in container, depth int) ([]byte, int) {
	b, start := r.b, len(dst)
	if end := r.plain(i, in); end >= 0 {
		return appendScalar(dst, b[i:end]), end
	}
	if open, kind := r.compoundAt(i); kind != inNone && depth < maxDepth {
		var end int
		seen := len(r.seen)
		if kind == inCall {
			dst, end = r.jsonCall(dst, i, open, depth)
		} else {
			dst, end = r.jsonMembers(dst, open+1, kind, depth)
		}
		if end >= 0 && r.fits(end, in) {
			return dst, end
		}
		r.seen = r.seen[:seen]
		if end = r.opaque(i, end, in, depth); end < 0 {
			return dst, -1
		}
		return appendString(dst[:start], b[i:end]), end
	}
	deep := r.deep
	r.deep = false
	end := r.value(i, in, depth)
	tooDeep := r.deep
	r.deep = r.deep || deep
	switch {
	case end < 0:
		return dst, end
	case r.opaqueAt == i:
		return appendString(dst, bytes.TrimRight(b[i:end], " \r\n\t")), end
	case tooDeep:
		return append(dst, "null"...), end
	}
	return appendScalar(dst, b[i:end]), end
}

// compoundAt returns the offset of the bracket and the kind of the container or
// call at i; inNone for anything else.
func (r *Reader) compoundAt(i int) (int, container) {
	switch r.b[i] {
	case '{', '[', '(':
		if r.recursion(i) {
			return i, inNone
		}
		switch r.b[i] {
		case '[':
			return i, inList
		case '(':
			return i, inTuple
		}
		return i, r.brace(i)
	}
	if open := r.nameEnd(i); open >= 0 {
		return open, inCall
	}
	return i, inNone
}

// jsonMembers writes the container whose opener is before i.
func (r *Reader) jsonMembers(dst []byte, i int, kind container, depth int) ([]byte, int) {
	depth++
	r.height = max(r.height, depth)
	open, closer := byte('['), byte(']')
	if kind == inDict {
		open, closer = '{', '}'
	}
	dst = append(dst, open)
	keys := newKeySet(r)
	var m member
	for first := true; ; first = false {
		if i = r.next(i, kind, first, depth, &m); i < 0 {
			return dst, i
		}
		if m.val == 0 {
			keys.done(r)
			return append(dst, closer), i
		}
		before := len(dst)
		if kind == inDict {
			if dst = appendKey(dst, r.b[m.key0:m.key1], open); keys.has(r, dst[before:]) {
				dst = dst[:before]
				if i = r.value(i, kind, depth); i < 0 {
					return dst, i
				}
				continue
			}
		} else if dst[before-1] != open {
			dst = append(dst, ',')
		}
		if dst, i = r.json(dst, i, kind, depth); i < 0 {
			return dst, i
		}
	}
}

// jsonCall writes the call at i whose parenthesis is at open: its last positional
// container, or the text of UUID('…') and the like; else the object of its keyword
// arguments; else, there being none, its text.
func (r *Reader) jsonCall(dst []byte, i, open, depth int) ([]byte, int) {
	b, start, name := r.b, len(dst), i
	depth++
	r.height = max(r.height, depth)
	dst = append(dst, '{')
	keys := newKeySet(r)
	wrapped := false // dst[start:] is a positional argument that stands for the call
	var m member
	i = open + 1
	for first := true; ; first = false {
		if i = r.next(i, inCall, first, depth, &m); i < 0 {
			return dst, i
		}
		if m.val == 0 {
			break
		}
		before, keyword := len(dst), m.key1 > m.key0
		if keyword && !wrapped {
			dst = appendKey(dst, b[m.key0:m.key1], '{')
		}
		value := len(dst)
		if wrapped && keyword || keyword && keys.has(r, dst[before:]) {
			dst = dst[:before]
			i = r.value(i, inCall, depth)
		} else {
			dst, i = r.json(dst, i, inCall, depth)
		}
		if i < 0 {
			return dst, i
		}
		if keyword {
			continue
		}
		_, kind := r.compoundAt(m.val)
		switch {
		case kind != inNone && kind != inCall, first && textual(b[name:open]):
			dst = append(dst[:start], dst[value:]...)
			wrapped = true
		default:
			dst = dst[:before]
		}
	}
	keys.done(r)
	raw := b[name:i]
	switch {
	case wrapped:
		return dst, i
	case bytes.HasPrefix(raw, datetimePrefix):
		return appendTime(dst[:start], raw), i
	case len(dst) > start+1:
		return append(dst, '}'), i
	case string(raw) == "set()" || string(raw) == "frozenset()":
		return append(dst[:start], "[]"...), i
	}
	return appendString(dst[:start], raw), i
}

// textual reports whether Name('text') stands for its text.
func textual(name []byte) bool {
	switch string(name) {
	case "UUID", "Decimal", "URL", "SecretStr", "bytearray", "PosixPath", "uuid.UUID", "decimal.Decimal":
		return true
	}
	return false
}

func appendTime(dst, raw []byte) []byte {
	t, zoned, ok := parseTime(raw, time.UTC)
	if !ok {
		return appendString(dst, raw)
	}
	layout := "2006-01-02T15:04:05.999999"
	if zoned {
		layout += "Z07:00"
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, layout)
	return append(dst, '"')
}

// appendKey appends a comma, if one is needed after the opener, the key as a
// string, and the colon. A key that is no string stands as it is written.
func appendKey(dst, raw []byte, open byte) []byte {
	if dst[len(dst)-1] != open {
		dst = append(dst, ',')
	}
	if body, isBytes := unquote(raw); body != nil {
		dst = appendBody(dst, body, isBytes)
	} else {
		dst = appendString(dst, raw)
	}
	return append(dst, ':')
}

// A keySet knows the keys of one object, as hashes on the Reader's stack; a map
// takes over when they become many.
type keySet struct {
	base int
	bits [4]uint64 // of the hashes so far, by their lowest byte: most keys are new, and one look tells
	many map[uint64]struct{}
}

// manyKeys is how many keys are searched one by one.
const manyKeys = 128

func newKeySet(r *Reader) keySet {
	if r.seed == (maphash.Seed{}) {
		r.seed = maphash.MakeSeed()
	}
	return keySet{base: len(r.seen)}
}

// has reports whether the key was there before, and adds it.
func (s *keySet) has(r *Reader, key []byte) bool {
	if key[0] == ',' {
		key = key[1:]
	}
	h := maphash.Bytes(r.seed, key)
	if s.many == nil {
		word, bit := &s.bits[h>>6%4], uint64(1)<<(h%64)
		if *word&bit != 0 && slices.Contains(r.seen[s.base:], h) {
			return true
		}
		*word |= bit
		if r.seen = append(r.seen, h); len(r.seen)-s.base < manyKeys {
			return false
		}
		s.many = make(map[uint64]struct{}, 2*manyKeys)
		for _, other := range r.seen[s.base:] {
			s.many[other] = struct{}{}
		}
		return false
	}
	if _, ok := s.many[h]; ok {
		return true
	}
	s.many[h] = struct{}{}
	return false
}

func (s *keySet) done(r *Reader) { r.seen = r.seen[:s.base] }
