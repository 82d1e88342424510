package ship

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Target is a sink under the name by which the store remembers what it got.
type Target struct {
	Name string // of where the items go, not of how: two names are two sinks
	Sink Sink   // called by one goroutine at a time
}

// Delivery takes items from any number of producers and sends them to every
// target, each at its own pace, in the order in which they came, but for those that a
// target does not take at once. All methods may be called concurrently, but Run, which
// is called once.
type Delivery struct {
	cfg   Config
	store Store
	lanes []*lane
	all   Sinks

	wake chan struct{} // tells the committer that there is something to look at

	mu       sync.Mutex      // guards all below
	changed  chan struct{}   // closed, and made anew, when something was resolved or failed
	waiting  map[*entry]bool // taken and not resolved
	byKey    map[Key]*entry  // the same by key; only with a store
	intake   []*entry        // taken and not committed
	since    time.Time       // when the first of intake came
	ready    batchSize       // of intake
	done     []settled       // answered and not committed
	bytes    int64           // of all that wait
	hot      int64           // bytes of those in memory
	order    uint64          // of the last entry
	flushing int             // calls of Flush under way
	hurry    bool            // intake does not wait for more
	failed   error           // the store's
	stats    Stats           //
}

// entry is an item that waits.
type entry struct {
	Entry
	item    *Item // nil: only the store has the payload
	order   uint64
	tokens  []any
	dead    bool // at one sink at least
	fresh   bool // came by Deliver in this run
	skipped bool // every sink had it
}

// settled is what one sink said of one entry.
type settled struct {
	entry *entry
	lane  *lane
	dead  bool
	had   bool // it had it before
}

type batchSize struct{ bytes, spans int }

// New returns a Delivery to all targets, at least one. What waits in the store
// from an earlier run is sent first, once Run is called.
func New(cfg Config, targets ...Target) (*Delivery, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if len(targets) == 0 || len(targets) > MaxSinks {
		return nil, fmt.Errorf("delivery needs 1 to %d sinks, not %d", MaxSinks, len(targets))
	}
	d := &Delivery{
		cfg: cfg, store: cfg.Store, wake: make(chan struct{}, 1), changed: make(chan struct{}),
		waiting: map[*entry]bool{}, byKey: map[Key]*entry{},
	}
	for i, target := range targets {
		if target.Sink == nil {
			return nil, errors.New("delivery needs a sink")
		}
		number, since := i, time.Time{}
		if d.store != nil {
			var err error
			if number, since, err = d.store.Sink(target.Name); err != nil {
				return nil, fmt.Errorf("remember sink %s: %w", target.Name, err)
			}
		}
		if d.all.Has(number) {
			return nil, fmt.Errorf("sink %s is named twice", target.Name)
		}
		d.all |= SinkSet(number)
		d.lanes = append(d.lanes, newLane(d, target, number, since))
	}
	return d, d.resume()
}

// resume takes up what an earlier run left. Nobody knows what became of it.
func (d *Delivery) resume() error {
	if d.store == nil {
		return nil
	}
	now := time.Now()
	err := d.store.Pending(func(e Entry) error {
		if e.Owing&d.all == 0 {
			return nil // it waits for a sink that is not there
		}
		e.Owing &= d.all
		d.order++
		waits := &entry{Entry: e, order: d.order}
		d.add(waits)
		for _, l := range d.lanes {
			if e.Owing.Has(l.number) {
				l.resume(waits, now)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take up what waits: %w", err)
	}
	if n := len(d.waiting); n > 0 {
		d.cfg.Logger.Info("taking up what an earlier run left", "items", n, "size_bytes", d.bytes)
	}
	return nil
}

func (d *Delivery) add(e *entry) {
	d.waiting[e] = true
	d.bytes += e.Size
	if d.store != nil {
		d.byKey[e.Key] = e
	}
}

// Deliver takes item, and waits while more wait than Config.MaxPending allows.
// What is delivered already, or on its way, is not sent again. An error is the
// context's, or says that delivery cannot go on: ErrKeysRefused, ErrGaveUp, or a
// sink's. The item is then not taken.
func (d *Delivery) Deliver(ctx context.Context, item *Item) error {
	e := &entry{item: item, tokens: []any{item.token}, fresh: true, Entry: Entry{
		Key: item.Key(), Start: item.Start(), At: item.at, Size: int64(len(item.payload)),
		Spans: item.head.Count, Owing: d.all, Beside: item.beside,
	}}
	if d.store != nil {
		e.Digest = item.Digest()
	}
	for {
		taken, changed, err := d.take(e)
		if taken || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take takes e if there is room, and else returns what tells of more room.
func (d *Delivery) take(e *entry) (bool, <-chan struct{}, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.broken(); err != nil {
		return false, nil, fmt.Errorf("deliver: %w", err)
	}
	if before := d.byKey[e.Key]; before != nil {
		d.join(before, e)
		return true, nil, nil
	}
	full := d.bytes+e.Size > d.cfg.MaxPending || d.ready.bytes > 2*d.cfg.MaxBytes || d.ready.spans > 2*d.cfg.MaxSpans
	if full && len(d.waiting) > 0 || len(d.waiting) >= maxWaiting {
		d.poke()
		return false, d.changed, nil
	}
	d.order++
	e.order = d.order
	d.add(e)
	d.hot += e.Size
	d.intake = append(d.intake, e)
	d.ready.bytes += int(e.Size)
	d.ready.spans += e.Spans
	d.begin()
	return true, nil, nil
}

// maxWaiting is how many items may wait, however small: each takes half a KiB of
// memory even if its payload is on disk only.
const maxWaiting = 1 << 17

// join lets e share the fate of an entry with the same key.
func (d *Delivery) join(before, e *entry) {
	before.tokens = append(before.tokens, e.tokens...)
	if !before.fresh { // it came from the store: this is the same item, read again
		before.fresh = true
	} else {
		d.stats.Duplicates++
	}
	if before.Digest != e.Digest {
		d.tellChanged(e.Key)
	}
}

func (d *Delivery) tellChanged(key Key) {
	if d.stats.Changed++; d.stats.Changed == 1 {
		d.cfg.Logger.Warn("a request reads differently than when it was sent; it stays as it was", "key", key.String())
	}
}

// begin starts the time after which a batch goes even if it is not full, and
// wakes the committer if it has something to do. d.mu is held.
func (d *Delivery) begin() {
	if d.since.IsZero() {
		d.since = time.Now()
		d.poke()
	} else if d.flushing > 0 || d.isReady() {
		d.poke()
	}
}

func (d *Delivery) isReady() bool {
	return d.ready.bytes >= d.cfg.MaxBytes || d.ready.spans >= d.cfg.MaxSpans
}

func (d *Delivery) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// broken is what makes delivery impossible, nil if it is not. d.mu is held.
func (d *Delivery) broken() error {
	if d.failed != nil {
		return d.failed
	}
	for _, l := range d.lanes {
		if l.failed != nil {
			return l.failed
		}
	}
	return nil
}

// Hurry sends what was taken so far without waiting for more.
func (d *Delivery) Hurry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.intake) > 0 {
		d.hurry = true
		d.poke()
	}
}

// Flush returns when all that was taken before is resolved and, where a sink
// keeps it in a file, on disk. It needs Run to be running. Its errors are those
// of Deliver; other sinks get what waits for them first.
func (d *Delivery) Flush(ctx context.Context) error {
	d.mu.Lock()
	until := d.order
	d.flushing++
	d.poke()
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.flushing--
		d.mu.Unlock()
	}()
	for {
		d.mu.Lock()
		open, err, changed := d.open(until), d.broken(), d.changed
		d.mu.Unlock()
		if !open {
			if err != nil {
				return fmt.Errorf("flush: %w", err)
			}
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for _, l := range d.lanes {
		if err := l.sync(ctx); err != nil {
			return fmt.Errorf("flush sink: %w", err)
		}
	}
	return nil
}

// open tells whether an entry up to a place in the order may still be resolved.
func (d *Delivery) open(until uint64) bool {
	if d.failed != nil {
		return false
	}
	var alive Sinks
	for _, l := range d.lanes {
		if l.failed == nil {
			alive |= SinkSet(l.number)
		}
	}
	for e := range d.waiting {
		if e.order <= until && e.Owing&alive != 0 {
			return true
		}
	}
	return false
}

// Stats returns the counts so far.
func (d *Delivery) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	stats := d.stats
	stats.Pending, stats.PendingBytes = int64(len(d.waiting)), d.bytes
	return stats
}
