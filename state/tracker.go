package state

import (
	"slices"
	"sync"

	"tailer"
)

// Hold stands for positions that are not resolved. The zero Hold holds nothing.
type Hold int64

// maxNoted is how many lines of one exchange are noted as resolved. Of one with
// more, which is streamed piece by piece, the first are enough to know it again.
const maxNoted = 64

// Tracker follows sources. It is safe for concurrent use.
type Tracker struct {
	mu      sync.Mutex
	sources map[string]*progress // guarded by mu
	holds   map[Hold][]tailer.Position
	next    Hold
}

// progress is how far one source is.
type progress struct {
	from     int64              // where this run goes on: what lies before was resolved by another
	read     int64              // nothing before it is still to be read or being paired
	held     map[Hold]int64     // lowest offset of each unresolved hold
	resolved map[int64]struct{} // lines of resolved exchanges, of use above the low-water mark only
	grown    int                // size of resolved at which it is looked over next
	begun    bool               // lines of it were read in this run
	before   *joint
}

// joint is where a source took over from another: what the last lines of the one
// began may go on in the first of the other.
type joint struct {
	source string // the older one
	end    int64  // of it; as long as it is not resolved up to here,
	at     int64  // the younger one is to be read again from here
}

// NewTracker returns a tracker of sources of which nothing was read.
func NewTracker() *Tracker {
	return &Tracker{sources: map[string]*progress{}, holds: map[Hold][]tailer.Position{}}
}

func (t *Tracker) of(source string) *progress {
	p := t.sources[source]
	if p == nil {
		p = &progress{held: map[Hold]int64{}, resolved: map[int64]struct{}{}}
		t.sources[source] = p
	}
	return p
}

// Resume sets where a source goes on, and which of its lines behind that are
// resolved already, before anything is told of it.
func (t *Tracker) Resume(source string, offset int64, resolved []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.of(source)
	p.read, p.from = offset, offset
	for _, at := range resolved {
		p.resolved[at] = struct{}{}
	}
}

// Join notes that source is read from its byte at on, after older was read up to
// end. A crash reads source again from there until older is resolved. It counts
// the first time only: a rotated file may get more lines after its successor did.
func (t *Tracker) Join(older string, end int64, source string, at int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of(older).begun = true
	p := t.of(source)
	if older != source && !p.begun {
		p.before = &joint{older, end, at}
	}
	p.begun = true
}

// Advance notes that nothing of a source before a byte is still to be read or
// being paired. It never goes back.
func (t *Tracker) Advance(source string, end int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.of(source)
	p.read = max(p.read, end)
}

// Hold notes that something was made of the lines at these positions, and that
// it is under way. It must be given back by Release.
func (t *Tracker) Hold(positions ...tailer.Position) Hold {
	if len(positions) == 0 {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	for _, at := range positions {
		p := t.of(at.Source)
		if low, ok := p.held[t.next]; !ok || at.Offset < low {
			p.held[t.next] = at.Offset
		}
	}
	t.holds[t.next] = slices.Clone(positions)
	return t.next
}

// Release resolves a hold. Releasing one twice, or the zero Hold, does nothing.
func (t *Tracker) Release(h Hold) {
	t.mu.Lock()
	defer t.mu.Unlock()
	positions := t.holds[h]
	delete(t.holds, h)
	noted := 0
	for _, at := range positions {
		p := t.sources[at.Source]
		if p == nil {
			continue // forgotten since
		}
		delete(p.held, h)
		if noted++; noted <= maxNoted {
			p.resolved[at.Offset] = struct{}{}
		}
	}
	for _, at := range positions {
		if p := t.sources[at.Source]; p != nil && len(p.resolved) > p.grown {
			t.prune(p)
			p.grown = 2*len(p.resolved) + 1024
		}
	}
}

// IsContext reports whether a line is read again only for what it tells of its
// neighbours: it lies before the place where its source was resumed.
func (t *Tracker) IsContext(at tailer.Position) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.sources[at.Source]
	return p != nil && at.Offset < p.from
}

// Repeated reports whether an exchange made of these lines is resolved already:
// its first line lies before the place where its source was resumed, or was
// resolved by an earlier run. Without positions it is not.
func (t *Tracker) Repeated(positions []tailer.Position) bool {
	if len(positions) == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := positions[0]
	for _, at := range positions[1:] {
		if at.Source == first.Source && at.Offset < first.Offset {
			first = at
		}
	}
	p := t.sources[first.Source]
	if p == nil {
		return false
	}
	_, ok := p.resolved[first.Offset]
	return ok || first.Offset < p.from
}

// Pending returns how many holds are not resolved.
func (t *Tracker) Pending() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.holds)
}

// Low returns the low-water mark of a source: the highest byte with nothing
// unresolved below it. It takes time in proportion to the holds that are pending.
func (t *Tracker) Low(source string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.sources[source]
	if p == nil {
		return 0
	}
	return t.low(p)
}

func (t *Tracker) low(p *progress) int64 {
	low := p.read
	for _, offset := range p.held {
		low = min(low, offset)
	}
	if p.before == nil {
		return low
	}
	if older := t.sources[p.before.source]; older != nil && t.low(older) < p.before.end {
		return min(low, p.before.at)
	}
	p.before = nil
	return low
}

// Resolved returns the lines at or above the low-water mark of which an exchange
// was made that is resolved, by their first byte, in order.
func (t *Tracker) Resolved(source string) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.sources[source]
	if p == nil {
		return nil
	}
	t.prune(p)
	out := make([]int64, 0, len(p.resolved))
	for at := range p.resolved {
		out = append(out, at)
	}
	slices.Sort(out)
	return out
}

func (t *Tracker) prune(p *progress) {
	low := t.low(p)
	for at := range p.resolved {
		if at < low {
			delete(p.resolved, at)
		}
	}
}

// Forget drops all that is known of a source that is resolved to its end.
func (t *Tracker) Forget(source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sources, source)
}
