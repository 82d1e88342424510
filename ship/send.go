package ship

import (
	"context"
	"errors"
	"slices"
	"time"
)

// send sends a batch once and settles what it can. What cannot be settled comes
// again: together if the request failed, alone if its item did. An error ends
// the lane.
func (l *lane) send(ctx context.Context, batch []*parcel) error {
	items, err := l.contents(batch)
	if err != nil {
		return err
	}
	err = l.sink.Send(ctx, items)
	var partial *PartialError
	var failure *SendError
	if (err == nil || errors.As(err, &partial)) && l.d.store != nil {
		// The store must not say more than the sink has on disk.
		if flushed := l.sink.Flush(ctx); flushed != nil {
			err = &SendError{Err: flushed, Unknown: true}
		}
	}
	switch {
	case err == nil:
		l.accepted(batch, items)
		return nil
	case errors.As(err, &partial):
		return l.sendPartly(ctx, batch, items, partial)
	case !errors.As(err, &failure):
		l.groups = append(l.groups, batch)
		return err
	}
	switch failure.Class {
	case Refused, TooLarge:
		if len(batch) == 1 {
			return l.bury(batch[0], items[0], failure)
		}
		half := len(batch) / 2
		l.groups = append(l.groups, batch[half:], batch[:half])
		return nil
	case KeysRefused, Transient:
	}
	if failure.Unknown && failure.Status == 0 {
		l.shift = min(l.shift+1, maxShift) // it may have been too much for the time that it has
	}
	return l.postpone(ctx, batch, failure)
}

// maxShift keeps batches of a slow sink at a few items.
const maxShift = 6

// mayRepeat tells whether what failed can be sent again as it is: not where the sink
// may have it and counts what comes twice.
func (l *lane) mayRepeat(ctx context.Context, failure *SendError) bool {
	if !failure.Unknown || l.asker == nil {
		return true
	}
	folds, err := l.asker.Folds(ctx)
	return err == nil && folds
}

// again puts back parcels whose request failed, to be sent again or to be asked for.
func (l *lane) again(parcels []*parcel, repeat bool) {
	half := len(parcels) / 2
	switch {
	case len(parcels) == 0:
	case !repeat:
		for _, p := range parcels {
			l.doubt(p)
		}
		l.aside = append(l.aside, parcels...)
	case parcels[0].ill != nil:
		l.queueIll(parcels...)
	case l.shift > 1 && half > 0:
		l.groups = append(l.groups, parcels[half:], parcels[:half])
	default:
		l.groups = append(l.groups, parcels)
	}
}

// doubt notes that the sink may have got a parcel just now.
func (l *lane) doubt(p *parcel) {
	now := time.Now()
	p.ask, p.doubt, p.due, p.shown = true, now, now.Add(firstLook), l.last
}

// accepted settles what the sink has taken.
func (l *lane) accepted(batch []*parcel, items []*Item) {
	l.recovered()
	l.taken++
	l.shift = max(l.shift-1, 0)
	if l.asker != nil {
		l.last = items[len(items)-1]
	}
	l.resolve(batch, false, false)
}

func (l *lane) recovered() {
	l.wait.Reset()
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.outage.over()
}

func (l *lane) resolve(parcels []*parcel, dead, had bool) {
	outcomes := make([]settled, len(parcels))
	for i, p := range parcels {
		outcomes[i] = settled{entry: p.entry, lane: l, dead: dead, had: had}
	}
	l.d.mu.Lock()
	n := int64(len(parcels))
	switch {
	case dead:
		l.counts.dead += n
	case had:
		l.counts.had += n
	default:
		l.counts.delivered += n
	}
	l.d.mu.Unlock()
	l.d.settle(outcomes)
}

// sendPartly settles a request whose outcome differs from item to item.
func (l *lane) sendPartly(ctx context.Context, batch []*parcel, items []*Item, partial *PartialError) error {
	var taken, later []*parcel
	var takenItems []*Item
	var worst *SendError
	for i, p := range batch {
		failure := partial.Failed[items[i]]
		switch {
		case failure == nil:
			taken, takenItems = append(taken, p), append(takenItems, items[i])
		case failure.Class == Transient:
			if later = append(later, p); worst == nil || failure.Unknown {
				worst = failure
			}
		default:
			if err := l.bury(p, items[i], failure); err != nil {
				return err
			}
		}
	}
	if len(taken) == 0 && len(later) > 0 { // not an item is ill, but the sink
		if len(batch) == 1 { // or this one is: the next try is one together with others
			l.aside = append(l.aside, later...)
			return l.trouble(worst)
		}
		return l.postpone(ctx, later, worst)
	}
	if len(taken) > 0 {
		l.accepted(taken, takenItems)
	}
	return l.putAside(later, worst, true)
}

// putAside lets items wait that alone were not taken, the longer the more often that
// was so. Unless they can be sent again as they are, they are asked for then.
func (l *lane) putAside(parcels []*parcel, failure *SendError, repeat bool) error {
	const fewTries, manyTries = 8, 16
	for _, p := range parcels {
		pause := min(l.d.cfg.InitialWait<<min(p.tries, fewTries), l.d.cfg.MaxWait)
		if p.ill != nil && l.d.cfg.MaxElapsed == 0 { // others go on, so there is time
			pause = min(l.d.cfg.InitialWait<<min(p.tries, manyTries), illWait)
		}
		if !repeat {
			l.doubt(p)
			pause = max(pause, firstLook)
		}
		p.due = time.Now().Add(max(failure.RetryAfter, pause))
		p.tries++
		l.aside = append(l.aside, p)
		l.countFailure()
		if most := l.d.cfg.MaxElapsed; most > 0 && p.tries > fewTries && time.Since(p.entry.At) > most {
			return errors.Join(ErrGaveUp, failure)
		}
	}
	return nil
}

func (l *lane) countFailure() {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.counts.failures++
	l.d.stats.Failures++
}

// bury writes an item to the dead letters and settles it. While that file cannot be
// written, the item waits, and others have their turn.
func (l *lane) bury(p *parcel, item *Item, failure *SendError) error {
	if err := l.d.cfg.DeadLetters.Add(l.name, item, failure); err != nil {
		return l.notBuried(p, err)
	}
	l.d.mu.Lock()
	first, before := l.counts.dead == 0, l.unburied
	l.unburied = nil
	l.d.mu.Unlock()
	if before != nil {
		l.logger.Info("dead letters are written again")
	}
	say := l.logger.Debug // one voice is enough; the count tells the rest
	if first {
		say = l.logger.Warn
	}
	say("exchange refused and dead-lettered", "trace_id", item.TraceID(),
		"status", failure.Status, "err", failure.Err, "path", l.d.cfg.DeadLetters.Path())
	l.recovered()
	l.resolve([]*parcel{p}, true, false)
	return nil
}

// notBuried lets an item wait that is refused and is not among the dead letters.
func (l *lane) notBuried(p *parcel, err error) error {
	l.d.mu.Lock()
	first := l.unburied == nil
	l.unburied = err
	l.d.mu.Unlock()
	if first {
		l.logger.Warn("dead letters can't be written; what is refused waits, and is tried again", "err", err)
	}
	if p.ill == nil {
		l.join(&ill{taken: l.taken}, []*parcel{p})
	}
	l.pause = time.Now().Add(l.d.cfg.InitialWait)
	return l.putAside([]*parcel{p}, &SendError{Err: err}, true)
}

// trouble makes the lane wait, or ends it when that was long enough.
func (l *lane) trouble(failure *SendError) error {
	pause := max(l.wait.NextBackOff(), failure.RetryAfter)
	keys := failure.Class == KeysRefused
	if keys {
		pause = max(pause, keysWait)
	}
	l.pause = time.Now().Add(pause)
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.counts.failures++
	l.d.stats.Failures++
	l.outage.failed(failure, pause)
	switch {
	case keys && l.d.cfg.MaxElapsed > 0:
		return failure
	case keys && l.outage.failures > 1: // loud: nobody but the operator can help
		l.logger.Error("keys are refused; nothing is delivered until they are right", "status", failure.Status, "err", failure.Err,
			"outage_ms", l.outage.lasts().Milliseconds(), "wait_ms", pause.Milliseconds())
	}
	return l.gaveUp(failure)
}

// keysWait is the least time between two tries with keys that are refused.
const keysWait = 30 * time.Second

// gaveUp ends the lane when the outage lasts too long. d.mu is held.
func (l *lane) gaveUp(failure *SendError) error {
	if most := l.d.cfg.MaxElapsed; most > 0 && l.outage.lasts()+max(time.Until(l.pause), 0) > most {
		return errors.Join(ErrGaveUp, failure)
	}
	return nil
}

// inOrder sorts parcels as they came.
func inOrder(parcels []*parcel) {
	slices.SortFunc(parcels, func(a, b *parcel) int { return int(a.entry.order) - int(b.entry.order) })
}
