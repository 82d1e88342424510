package ship

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Run sends until ctx ends, and returns when all that it started has ended. What
// waits then is in the store, and is sent by the next Run on it. The error is
// that of the store; a sink that cannot go on is told by Deliver and Flush.
func (d *Delivery) Run(ctx context.Context) error {
	var lanes sync.WaitGroup
	sending, stop := context.WithCancel(ctx)
	for _, l := range d.lanes {
		lanes.Go(func() { l.run(sending) })
	}
	err := d.commitAll(ctx)
	stop()
	lanes.Wait()
	// What was answered meanwhile must not be asked for, or sent again.
	if err == nil {
		err = d.commitLast()
	}
	if err != nil {
		d.fail(err)
	}
	return err
}

func (d *Delivery) commitLast() error {
	w := d.collect(true)
	news, err := d.commit(w)
	if err == nil {
		d.publish(w, news)
	}
	return err
}

// commitAll commits what comes until ctx ends or the store gives up.
func (d *Delivery) commitAll(ctx context.Context) error {
	wait := newPatience(&d.cfg)
	trouble := outage{logger: d.cfg.Logger.With("sink", "ledger")}
	for {
		all, ok := d.await(ctx)
		if !ok {
			return nil
		}
		w := d.collect(all)
		part := len(w.intake)
		for len(w.intake)+len(w.done) > 0 {
			now := &work{intake: w.intake[:min(part, len(w.intake))], done: w.done}
			news, err := d.commit(now)
			if err == nil {
				wait.Reset()
				trouble.progress()
				d.publish(now, news)
				w.intake, w.done = w.intake[len(now.intake):], nil
				continue
			}
			if d.cfg.MaxElapsed > 0 && trouble.lasts() > d.cfg.MaxElapsed {
				return fmt.Errorf("%w: %w", ErrGaveUp, err)
			}
			pause := wait.NextBackOff()
			trouble.failed(err, pause)
			if !d.awaitAnswers(ctx, pause) {
				return err
			}
			if d.settleFirst(w) {
				wait.Reset()
			}
			part = max(1, len(now.intake)/2) // a disk that is nearly full has room for some
		}
		trouble.over()
	}
}

// awaitAnswers returns true after pause, or as soon as a sink has answered: what was
// delivered makes room. It returns false when ctx ends.
func (d *Delivery) awaitAnswers(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-d.wake:
		}
		d.mu.Lock()
		answered := len(d.done) > 0
		d.mu.Unlock()
		if answered {
			return true
		}
	}
}

// settleFirst commits by itself what sinks have answered: it frees space, and needs
// next to none. It tells whether it could.
func (d *Delivery) settleFirst(w *work) bool {
	d.mu.Lock()
	w.done = append(w.done, d.done...)
	d.done = nil
	d.mu.Unlock()
	if len(w.intake) == 0 || len(w.done) == 0 {
		return false
	}
	part := &work{done: w.done}
	news, err := d.commit(part)
	if err != nil {
		return false
	}
	d.publish(part, news)
	w.done = nil
	return true
}

// await returns when there is something to commit; ok is false when ctx ended.
// all says whether the intake is to be committed too.
func (d *Delivery) await(ctx context.Context) (all, ok bool) {
	for {
		pause, all := d.due()
		if pause <= 0 {
			return all, true
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, false
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due tells how long the next commit can wait, and whether it is one of the intake
// too. What a sink has answered is noted at once, by itself: until then a crash
// sends it again. The intake waits, so that batches do not become smaller.
func (d *Delivery) due() (pause time.Duration, all bool) {
	const never = time.Hour
	d.mu.Lock()
	defer d.mu.Unlock()
	pause = never
	if !d.since.IsZero() {
		pause = d.cfg.FlushInterval - time.Since(d.since)
	}
	switch {
	case d.isReady(), d.hurry, d.flushing > 0 && len(d.intake)+len(d.done) > 0, pause <= 0:
		return 0, true
	case len(d.done) > 0:
		return 0, d.store == nil
	}
	return pause, true
}

// work is what one commit does.
type work struct {
	intake []*entry
	done   []settled
}

func (d *Delivery) collect(all bool) *work {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &work{done: d.done}
	d.done = nil
	if all {
		w.intake = d.intake
		d.intake, d.ready, d.since, d.hurry = nil, batchSize{}, time.Time{}, false
	}
	return w
}

// commit makes w durable. It returns those of the intake that must be sent.
func (d *Delivery) commit(w *work) ([]*entry, error) {
	if d.store == nil {
		return w.intake, nil
	}
	news, err := d.unknown(w.intake)
	if err != nil {
		return nil, err
	}
	if len(news)+len(w.done) == 0 {
		return nil, nil
	}
	changes := &Changes{}
	for _, e := range news {
		changes.Put = append(changes.Put, Put{Entry: &e.Entry, Payload: e.item.Payload()})
	}
	now := time.Now()
	for _, s := range w.done {
		changes.Done = append(changes.Done, Done{
			Seq: s.entry.Seq, Key: s.entry.Key, Digest: s.entry.Digest, Sink: s.lane.number, Dead: s.dead, At: now,
		})
	}
	if err := d.store.Commit(changes); err != nil {
		return nil, fmt.Errorf("write ledger: %w", err)
	}
	return news, nil
}

// unknown takes from entries those that every sink has already, and notes on the
// others who has not.
func (d *Delivery) unknown(entries []*entry) ([]*entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	keys := make([]Key, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	known, err := d.store.Known(keys)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	news, now := make([]*entry, 0, len(entries)), time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, e := range entries {
		if d.cfg.AgainAfter > 0 && now.Sub(known[i].At) >= d.cfg.AgainAfter {
			known[i] = Known{}
		}
		if d.cfg.Revive {
			known[i].Done &^= known[i].Dead
		}
		e.Owing = d.all &^ known[i].Done
		if known[i].Done&d.all != 0 && known[i].Digest != e.Digest {
			d.tellChanged(e.Key)
			e.Owing = 0 // half of the sinks with one content, half with another: no
		}
		if e.skipped = e.Owing == 0; !e.skipped {
			news = append(news, e)
		}
	}
	return news, nil
}

// publish hands what is durable to the lanes, and resolves what is done.
func (d *Delivery) publish(w *work, news []*entry) {
	d.mu.Lock()
	resolved := make([]*entry, 0, len(w.done))
	for _, e := range w.intake {
		if e.skipped {
			resolved = append(resolved, e)
		}
	}
	for _, e := range news {
		for _, l := range d.lanes {
			if e.Owing.Has(l.number) {
				l.add(e)
			}
		}
		if d.store != nil && d.hot > d.cfg.MaxMemory {
			e.item = nil
			d.hot -= e.Size
		}
	}
	for _, s := range w.done {
		s.entry.dead = s.entry.dead || s.dead
		s.entry.Owing &^= SinkSet(s.lane.number)
		if s.entry.Owing == 0 {
			resolved = append(resolved, s.entry)
		}
	}
	for _, e := range resolved {
		if d.byKey[e.Key] == e {
			delete(d.byKey, e.Key) // from here on nothing joins it
		}
	}
	d.mu.Unlock()
	for _, e := range resolved {
		for _, token := range e.tokens {
			d.cfg.OnResolved(token, e.outcome())
		}
	}
	d.mu.Lock()
	for _, e := range resolved {
		d.remove(e)
	}
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
}

func (e *entry) outcome() Outcome {
	switch {
	case e.skipped:
		return Duplicate
	case e.dead:
		return DeadLettered
	default:
		return Delivered
	}
}

// remove forgets an entry that is resolved. d.mu is held.
func (d *Delivery) remove(e *entry) {
	delete(d.waiting, e)
	d.bytes -= e.Size
	if e.item != nil {
		d.hot -= e.Size
	}
	switch e.outcome() {
	case Duplicate:
		d.stats.Duplicates++
	case DeadLettered:
		d.stats.DeadLettered++
	default:
		d.stats.Delivered++
	}
}

// settle notes what a lane learned of entries.
func (d *Delivery) settle(outcomes []settled) {
	if len(outcomes) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, outcomes...)
	d.poke()
}

// fail ends delivery for good.
func (d *Delivery) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed == nil {
		d.failed = err
	}
	close(d.changed)
	d.changed = make(chan struct{})
}

func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
