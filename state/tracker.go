package state

import "tailer"

// Hold stands for positions that are not resolved. The zero Hold holds nothing.
type Hold int64

// Tracker follows one source. It is not safe for concurrent use.
type Tracker struct {
	read int64          // everything before this byte was read
	held map[Hold]int64 // lowest offset of each unresolved hold
	next Hold
}

// NewTracker returns a tracker of a source of which nothing was read.
func NewTracker() *Tracker { return &Tracker{held: map[Hold]int64{}} }

// Advance notes that the source was read up to a byte. It never goes back.
func (t *Tracker) Advance(end int64) { t.read = max(t.read, end) }

// Hold notes that something was made of the lines at these positions, and that
// it is under way. It must be given back by Release.
func (t *Tracker) Hold(positions ...tailer.Position) Hold {
	if len(positions) == 0 {
		return 0
	}
	offset := positions[0].Offset
	for _, p := range positions[1:] {
		offset = min(offset, p.Offset)
	}
	t.next++
	t.held[t.next] = offset
	return t.next
}

// Release resolves a hold. Releasing one twice, or the zero Hold, does nothing.
func (t *Tracker) Release(h Hold) { delete(t.held, h) }

// Pending returns how many holds are not resolved.
func (t *Tracker) Pending() int { return len(t.held) }

// Low returns the low-water mark: the highest byte with nothing unresolved below
// it. It takes time in proportion to the holds that are pending.
func (t *Tracker) Low() int64 {
	low := t.read
	for _, offset := range t.held {
		low = min(low, offset)
	}
	return low
}
