package ship

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// lane is the way of items to one sink. Its own goroutine alone runs it; what
// others may touch is guarded by Delivery.mu.
type lane struct {
	d      *Delivery
	name   string
	sink   Sink
	asker  Asker // nil: the sink cannot be asked
	number int
	knows  time.Time // since when the store knows what the sink accepted
	logger *slog.Logger

	wake  chan struct{}
	syncs chan chan error

	groups [][]*parcel // sent as they are, before the queue: halves, and what failed
	aside  []*parcel   // not before their time
	sick   []*ill      // groups that wait for their turn
	wait   patience
	pause  time.Time // no request before
	last   *Item     // that the sink said it accepted
	shift  int       // batches are smaller by this power of two: the sink did not answer in time
	taken  int       // how often the sink took something

	illTurn bool // the last batch was none of sick

	// Guarded by Delivery.mu.
	queue    []*parcel
	outage   outage
	unburied error // why dead letters can't be written; nil: they can
	failed   error // the lane has ended
	counts   laneCounts
}

type laneCounts struct{ delivered, dead, had, failures int64 }

// parcel is one entry on its way to one sink.
type parcel struct {
	entry *entry
	ask   bool      // the sink may have it: ask first
	doubt time.Time // when it may have got it
	shown *Item     // if the sink does not show this either, which it accepted before, it is behind
	due   time.Time // not before
	tries int       // alone
	fails int       // with others, before it was ill
	ill   *ill      // with which it is sent; nil: with any
}

func newLane(d *Delivery, target Target, number int, since time.Time) *lane {
	l := &lane{
		d: d, name: target.Name, sink: target.Sink, number: number, knows: since,
		logger: d.cfg.Logger.With("sink", target.Name),
		wake:   make(chan struct{}, 1), syncs: make(chan chan error), wait: newPatience(&d.cfg),
	}
	l.asker, _ = target.Sink.(Asker)
	l.outage.logger = l.logger
	return l
}

// add queues what was committed. Delivery.mu is held.
func (l *lane) add(e *entry) {
	p := &parcel{entry: e}
	switch l.d.cfg.Reconcile {
	case ReconcileAlways:
		p.ask = true
	case ReconcileUnknown:
		// A sink that shows everything at once knows only what it was sent last.
		p.ask = e.Start.Before(l.knows) && l.asker != nil && l.asker.Lag() > 0
	case ReconcileNever:
	}
	if e.item != nil && !e.item.doubt.IsZero() {
		p.ask, p.doubt = true, e.item.doubt
	}
	l.push(p)
}

// resume queues what an earlier run may have sent just before it ended.
func (l *lane) resume(e *entry, now time.Time) {
	l.push(&parcel{entry: e, ask: true, doubt: now})
}

func (l *lane) push(p *parcel) {
	p.ask = p.ask && l.asker != nil
	l.queue = append(l.queue, p)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends or the sink cannot go on.
func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		if pause := time.Until(l.pause); pause > 0 {
			l.idle(ctx, pause)
			continue
		}
		var err error
		if asked := l.toAsk(); len(asked) > 0 {
			err = l.ask(ctx, asked)
		} else if batch := l.next(); len(batch) > 0 {
			err = l.send(ctx, batch)
		} else {
			l.idle(ctx, l.nextDue())
		}
		if err != nil && ctx.Err() == nil {
			l.end(ctx, err)
		}
	}
}

// end stops the lane for good. It still answers sync.
func (l *lane) end(ctx context.Context, err error) {
	l.d.mu.Lock()
	l.failed = err
	close(l.d.changed)
	l.d.changed = make(chan struct{})
	l.d.mu.Unlock()
	for ctx.Err() == nil {
		l.idle(ctx, time.Hour)
	}
}

// idle waits for something to do, for so long at most.
func (l *lane) idle(ctx context.Context, pause time.Duration) {
	wake := l.wake
	if time.Until(l.pause) > 0 {
		wake = nil // more to send is no reason to send
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	case done := <-l.syncs:
		done <- l.sink.Flush(ctx)
	}
}

// sync makes what was sent durable at the sink.
func (l *lane) sync(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case l.syncs <- done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lane) nextDue() time.Duration {
	pause := time.Hour
	for _, p := range l.aside {
		pause = min(pause, time.Until(p.due))
	}
	return max(pause, 0)
}

// takeAside removes and returns what is due of what was put aside.
func (l *lane) takeAside(ask bool) (due []*parcel) {
	now := time.Now()
	l.aside = slices.DeleteFunc(l.aside, func(p *parcel) bool {
		if p.ask != ask || p.due.After(now) {
			return false
		}
		due = append(due, p)
		return true
	})
	return due
}

// nextWell takes the batch that is to be sent of what is not ill.
func (l *lane) nextWell() []*parcel {
	if n := len(l.groups); n > 0 {
		group := l.groups[n-1]
		l.groups = l.groups[:n-1]
		return group
	}
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.queueFirst(l.takeAside(false))
	n, bytes, spans := 0, 0, 0
	for _, p := range l.queue {
		bytes += int(p.entry.Size)
		spans += p.entry.Spans
		if p.ask || n > 0 && (bytes > l.d.cfg.MaxBytes>>l.shift || spans > l.d.cfg.MaxSpans>>l.shift) {
			break
		}
		n++
	}
	batch := slices.Clone(l.queue[:n])
	clear(l.queue[:n]) // what was sent must not stay reachable
	l.queue = l.queue[n:]
	return batch
}

// queueFirst queues parcels before all others, but those that are ill. Delivery.mu is
// held.
func (l *lane) queueFirst(parcels []*parcel) {
	first := make([]*parcel, 0, len(parcels))
	for _, p := range parcels {
		if p.ill != nil {
			l.queueIll(p)
		} else {
			first = append(first, p)
		}
	}
	if len(first) > 0 {
		l.queue = append(first, l.queue...)
	}
}

// contents returns the items of parcels. Those that are not in memory are read.
func (l *lane) contents(parcels []*parcel) ([]*Item, error) {
	items := make([]*Item, len(parcels))
	for i, p := range parcels {
		l.d.mu.Lock()
		items[i] = p.entry.item
		l.d.mu.Unlock()
		if items[i] != nil {
			continue
		}
		payload, err := l.d.store.Load(p.entry.Seq)
		if err != nil {
			return nil, err
		}
		item, err := Restore(payload, p.entry.At)
		if err != nil {
			return nil, err
		}
		items[i] = item.With(p.entry.Beside)
	}
	return items, nil
}
