package pipeline

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"tailer"
)

// Following is a source that may have more lines later. Next returns
// tailer.ErrPause when it has none now, and io.EOF when it will have none.
type Following interface {
	Lines
	Look()                               // sees what became of the source; called often
	Wait(context.Context, time.Duration) // until there may be more, or the time is over
	Held(note func(tailer.Position))     // lines that were read and are not handed out yet
}

// HoldingRecords are Records of a log that goes on.
type HoldingRecords interface {
	Records
	Pause() []tailer.Record // those that are whole, after a pause
	Held(note func(tailer.Position))
}

// HoldingPairs are Pairs that know which lines they still need.
type HoldingPairs interface {
	Pairs
	Held(note func(tailer.Position))
}

// Tracker is told how far a source is read and paired.
type Tracker interface {
	Advance(source string, end int64)
	Join(older string, end int64, source string, at int64)
	IsContext(at tailer.Position) bool // read again only for what it tells of its neighbours
}

const (
	// lookSlow is the longest time between two looks at a quiet source, which may ask
	// for more of them; lookFast is the shortest between two at a busy one.
	lookSlow, lookFast = time.Second, 20 * time.Millisecond
	// busyFor is how long after a line a source is looked at often.
	busyFor = 3 * time.Second
	// backlog is how long there are lines without a pause when reading was behind.
	backlog = 100 * time.Millisecond
	// lastLookTime is how long may be read on once told to stop.
	lastLookTime = time.Second
	// lookLines is how many lines are read at most between two looks.
	lookLines = 512
	// markEvery is how often it is worked out how far reading and pairing are.
	markEvery = 200 * time.Millisecond
)

// Follow is one log on its way through the stages, for as long as it goes on.
type Follow struct {
	Run     // Lines, Records and Pairs of it are set from those below
	Source  Following
	Parse   HoldingRecords
	Table   HoldingPairs
	Tracker Tracker

	read    map[string]int64 // end of what was read of each source that matters
	last    tailer.Position  // of the newest line
	reached int64            // end of what was read of its source; not in read yet
	changed bool             // something was read or handed out since the last mark

	completed int64 // exchanges, at the last mark
	marked    time.Time
	beat      atomic.Int64 // moves as long as lines are read, or looked for
	taken     atomic.Int64 // lines that were read
	waits     atomic.Bool  // while it hands on to delivery
	over      atomic.Bool  // it has ended
}

// A Hurrier is a Deliverer that lets exchanges wait for others.
type Hurrier interface {
	Hurry() // no others are to be expected soon
}

// Forever reads until the context ends, or the source does. What is still open
// when the context ends is not handed out: it is read again by the next run. The
// error is nil at the source's end; else the context's, or that of delivery.
func (f *Follow) Forever(ctx context.Context) error {
	f.Lines, f.Records, f.Pairs = f.Source, f.Parse, f.Table
	f.read = map[string]int64{}
	f.Deliver = waiting{f.Deliver, &f.waits}
	f.handover = newHandover(&f.Run)
	defer f.end()
	began := time.Now()
	quietSince, behindSince, nextLook := began, began, time.Time{}
	tick := pipeIdle
	for ctx.Err() == nil {
		if err := f.handover.err(); err != nil {
			return err
		}
		f.beat.Add(1)
		now := time.Now()
		if !now.Before(nextLook) {
			f.Source.Look()
			nextLook = now.Add(lookFast)
		}
		if now.Sub(f.marked) >= markEvery {
			f.mark(now)
		}
		n, err := f.some(ctx)
		f.taken.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return f.finish(ctx, false)
		case err != nil:
			return err
		case n > 0:
			quietSince, tick = time.Now(), pipeIdle
			if n < lookLines { // that was the last for now
				if quietSince.Sub(behindSince) >= backlog {
					f.handover.hurry()
				}
				behindSince = quietSince
			}
			continue
		}
		behindSince = time.Now()
		quiet := time.Since(quietSince)
		if quiet >= tick {
			if err := f.pauseAfter(ctx, quiet); err != nil {
				return err
			}
			tick = quiet + pipeIdle
		}
		// With the daemon's own ticks, which began at the same time: to wake up twice
		// costs more than to look twice.
		wait := lookSlow - time.Since(began)%lookSlow
		if quiet < busyFor {
			wait = lookFast
		}
		f.Source.Wait(ctx, wait)
	}
	f.Stats.Interrupted = true
	f.lastLook(ctx)
	return ctx.Err()
}

// lastLook reads what is there already once the context has ended, for a moment: who
// is stopped right after the proxy, and not started again, has its last lines.
func (f *Follow) lastLook(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLookTime)
	defer cancel()
	f.Source.Look()
	for more := true; more && ctx.Err() == nil; {
		n, err := f.some(ctx)
		f.taken.Add(int64(n))
		more = err == nil && n >= lookLines // what fails is read again by the next run
	}
	_ = f.take(ctx, f.Parse.Pause()) // likewise
}

// waiting notes while delivery makes its caller wait.
type waiting struct {
	Deliverer
	waits *atomic.Bool
}

// Deliver implements Deliverer.
func (w waiting) Deliver(ctx context.Context, x *tailer.Exchange) error {
	w.waits.Store(true)
	defer w.waits.Store(false)
	return w.Deliverer.Deliver(ctx, x)
}

// Flush implements Deliverer.
func (w waiting) Flush(ctx context.Context) error {
	w.waits.Store(true)
	defer w.waits.Store(false)
	return w.Deliverer.Flush(ctx)
}

// Hurry implements Hurrier.
func (w waiting) Hurry() {
	if h, ok := w.Deliverer.(Hurrier); ok {
		h.Hurry()
	}
}

// end completes what was handed over, as far as delivery takes it, and marks what was
// reached.
func (f *Follow) end() {
	f.handover.close()
	f.changed = true
	f.mark(time.Now())
}

// some reads what is there, but not for long. n is how many lines it read.
func (f *Follow) some(ctx context.Context) (n int, err error) {
	for n < lookLines && ctx.Err() == nil {
		line, err := f.Source.Next()
		if errors.Is(err, tailer.ErrPause) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if line.Pos.Source != f.last.Source && f.last.Source != "" {
			f.noteRead()
			f.reached = 0
			f.Tracker.Join(f.last.Source, f.last.End, line.Pos.Source, line.Pos.Offset)
		}
		f.last = line.Pos
		if records := f.Parse.Feed(line); len(records) > 0 {
			if err := f.take(ctx, records); err != nil {
				return n, err
			}
		}
		f.reached = max(f.reached, line.Pos.End)
		n += 1 + line.More
		f.changed = true
	}
	return n, nil
}

// noteRead notes how far the source of the newest line is read.
func (f *Follow) noteRead() {
	if f.reached > 0 {
		f.read[f.last.Source] = max(f.read[f.last.Source], f.reached)
	}
}

// pauseAfter hands on what is complete after the source was silent for a time.
func (f *Follow) pauseAfter(ctx context.Context, quiet time.Duration) error {
	f.changed = true
	if err := f.take(ctx, f.Parse.Pause()); err != nil {
		return err
	}
	return f.emit(ctx, f.Table.Tick(f.Table.Now().Add(quiet)))
}

// mark tells the tracker which lines nothing before delivery needs any more.
func (f *Follow) mark(now time.Time) {
	completed := f.handover.count()
	if !f.changed && completed == f.completed {
		return
	}
	f.changed, f.completed, f.marked = false, completed, now
	f.noteRead()
	low := make(map[string]int64, len(f.read))
	for source, end := range f.read {
		low[source] = end
	}
	held := func(p tailer.Position) {
		if at, ok := low[p.Source]; ok && p.Offset < at && !f.Tracker.IsContext(p) {
			low[p.Source] = p.Offset
		}
	}
	f.Source.Held(held)
	f.Parse.Held(held)
	f.Table.Held(held)
	f.handover.held(held)
	for source, at := range low {
		f.Tracker.Advance(source, at)
		if at == f.read[source] && source != f.last.Source {
			delete(f.read, source) // done; what may still come of it is noted anew
		}
	}
}
