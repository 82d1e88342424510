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
}

func newTwins() twins { return twins{seed: maphash.MakeSeed()} }

// seen reports whether one of the last records was equal to this one. A stamp
// without a fraction proves nothing.
func (t *twins) seen(record, stamp []byte) bool {
	const wholeSecond = len("2026-11-23T09:13:09")
	if len(stamp) <= wholeSecond {
		return false
	}
	hash := maphash.Bytes(t.seed, record)
	if slices.Contains(t.recent[:], hash) {
		return true
	}
	t.recent[t.next] = hash
	t.next = (t.next + 1) % len(t.recent)
	return false
}
