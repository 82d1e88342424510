package pyrepr

import (
	"bytes"
	"hash/maphash"
)

// LiteLLM writes the same dicts again and again: the messages of one request
// eight times and more, what it knows of a model in every record. A memo keeps
// the ones read last, so that a value that comes again costs one comparison.
type memo struct {
	seed  maphash.Seed
	slots [memoSlots][memoWays]remembered
	next  [memoSlots]uint8 // the way to overwrite
	bytes int              // of all that is kept
}

const (
	memoSlots = 64
	memoWays  = 4
	memoHead  = 48      // bytes that choose the slot
	minMemo   = 192     // a shorter value is read as fast as it is looked up
	maxMemo   = 1 << 20 // bytes of one value
	maxMemos  = 4 << 20 // bytes of all values and their JSON; at more, all are forgotten
	maxHeight = 100     // containers in each other, so that no value becomes too deep where it comes again
)

// A remembered value is one that read well from its first byte to its last, with
// no damage in it, so that the same bytes read the same anywhere.
type remembered struct {
	text []byte
	json []byte // nil as long as nobody asked for it
}

// find returns what is known of the value at i; nil when it is new.
func (r *Reader) find(i int) *remembered {
	if r.memo == nil || len(r.b)-i < minMemo || len(r.frames) > maxHeight {
		return nil
	}
	if c := class[r.b[i]]; c != opener && c != letter {
		return nil
	}
	b := r.b[i:]
	slot := &r.memo.slots[r.memo.slot(b)]
	for n := range slot {
		m := &slot[n]
		size := len(m.text)
		if size == 0 || size > len(b) || b[size-1] != m.text[size-1] || b[size/2] != m.text[size/2] || !bytes.Equal(b[:size], m.text) {
			continue
		}
		if r.fits(i+size, r.inside()) {
			return m
		}
	}
	return nil
}

// Remember makes the Reader keep large values that it read, up to 4 MiB of them, so
// that Skip and JSON are faster where the same comes again, in this input or in
// a later one.
func (r *Reader) Remember() { r.memo = &memo{seed: maphash.MakeSeed()} }

func (m *memo) slot(b []byte) int { return int(maphash.Bytes(m.seed, b[:memoHead]) % memoSlots) }

// A reading is what the Reader knew before it read a value.
type reading struct {
	repairs, opaques, oddKeys int
}

func (r *Reader) begin() reading {
	r.height = 0
	return reading{repairs: r.repairs, opaques: r.opaques, oddKeys: r.oddKeys}
}

// remember keeps the value between two offsets, which was just read.
func (r *Reader) remember(from reading, i, end int, json []byte) *remembered {
	size := end - i
	if r.memo == nil || size < minMemo || size > maxMemo || r.err != nil || r.deep || r.repairs != from.repairs || r.opaques != from.opaques ||
		r.oddKeys != from.oddKeys || r.height > maxHeight || class[r.b[i]] != opener && class[r.b[i]] != letter {
		return nil
	}
	if last := r.b[end-1]; last != '}' && last != ']' && last != ')' {
		return nil
	}
	m := r.memo
	if m.bytes += size + len(json); m.bytes > maxMemos {
		*m = memo{seed: m.seed, bytes: size + len(json)}
	}
	n := m.slot(r.b[i:])
	way := &m.next[n]
	kept := &m.slots[n][*way]
	*way = (*way + 1) % memoWays
	m.bytes -= len(kept.text) + len(kept.json)
	room := kept.text[:0]
	if cap(room) > 2*size {
		room = nil
	}
	*kept = remembered{text: append(room, r.b[i:end]...), json: json}
	return kept
}
