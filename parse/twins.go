package parse

import (
	"hash/maphash"
	"slices"
)

// twins tells records that were written twice: LiteLLM 1.65 hands each record to
// two handlers when it logs JSON. Both copies bear the same stamp to the µs, and
// other records may come between them.
type twins struct {
	seed   maphash.Seed
	recent [16]uint64
	next   int
	single int // records since the last one that had, or may have had, a twin
}

// singles is after how many records without a twin a log counts as one that has
// none: of its records the stamps and sizes are compared then, for to compare all
// of them takes a fortieth of the time of a backfill. If two agree, all is compared
// again from the next record on.
const singles = 1000

func newTwins() twins { return twins{seed: maphash.MakeSeed()} }

// seen reports whether one of the last records was equal to this one. A stamp
// without a fraction proves nothing.
func (t *twins) seen(record, stamp []byte) bool {
	const wholeSecond = len("2026-11-23T09:13:09")
	if len(stamp) <= wholeSecond {
		return false
	}
	whole := t.single < singles
	hash := t.hash(record, stamp, whole)
	if slices.Contains(t.recent[:], hash) {
		t.single = 0
		return whole
	}
	if t.single++; t.single == singles {
		clear(t.recent[:])
	}
	t.recent[t.next] = hash
	t.next = (t.next + 1) % len(t.recent)
	return false
}

func (t *twins) hash(record, stamp []byte, whole bool) uint64 {
	if whole {
		return maphash.Bytes(t.seed, record)
	}
	var h maphash.Hash
	h.SetSeed(t.seed)
	maphash.WriteComparable(&h, len(record))
	_, _ = h.Write(stamp) // a hash takes everything
	return h.Sum64()
}
