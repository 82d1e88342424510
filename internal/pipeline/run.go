package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"tailer"
)

// Lines is the source. Next returns io.EOF at the end; a line is the caller's until
// the next call.
type Lines interface {
	Next() (*tailer.Line, error)
}

// Records turns lines into records, which are valid until the next call.
type Records interface {
	Feed(l *tailer.Line) []tailer.Record
	Flush() []tailer.Record
}

// Pairs joins records into exchanges, which are valid until the next call.
type Pairs interface {
	Add(r *tailer.Record) []tailer.Exchange
	Tick(now time.Time) []tailer.Exchange
	Now() time.Time
	Drain() []tailer.Exchange
}

// Enricher completes an exchange in place, or says in its Attribution.Dropped by
// which rule it is not to be delivered.
type Enricher interface {
	Enrich(x *tailer.Exchange)
}

// Deliverer takes complete exchanges. Deliver may keep x.
type Deliverer interface {
	Deliver(ctx context.Context, x *tailer.Exchange) error
	Flush(ctx context.Context) error
}

// Run is one log on its way through the stages.
type Run struct {
	Lines   Lines
	Records Records
	Pairs   Pairs
	Enrich  Enricher
	Deliver Deliverer

	Repeated     func([]tailer.Position) bool // tells whether an earlier run resolved what is made of these lines; nil: never
	Since, Until time.Time                    // exchanges that start outside are dropped; zero is open
	Observe      func(*tailer.Record)         // sees every record; nil: nobody
	Progress     func(tailer.Position)        // told now and then, and at the end, the place up to which lines are dealt with; nil: nobody
	// Threads above 1 lets File, if Records are Steps, find records, decode, pair, enrich
	// and deliver them in a goroutine each. The exchanges and their order are the same.
	// Observe and Progress are then called by other goroutines, each by one.
	Threads int
	Stats   Stats

	handover *handover // completes exchanges; nil: emit does
}

// Stats counts exchanges. Every one is delivered or dropped by a stated rule.
type Stats struct {
	Delivered   int64 // handed to delivery
	OutOfRange  int64 // dropped: outside Since and Until
	Dropped     int64 // dropped by a rule of enrichment: see tailer.Attribution
	Repeated    int64 // dropped: resolved by an earlier run
	Incomplete  int64 // delivered with something missing
	Interrupted bool  // the context ended before the log did
}

// File reads the log to its end. more says that the log goes on in another file:
// then what is still open waits for it. Errors are those of the source and of
// delivery, and the context's.
func (r *Run) File(ctx context.Context, more bool) error {
	if records, ok := r.Records.(Steps); ok && r.Threads > 1 {
		return r.staged(ctx, records, more)
	}
	for {
		at, err := r.some(ctx)
		if r.Progress != nil && at.End > 0 {
			r.Progress(at)
		}
		var failed *readError
		switch {
		case errors.Is(err, io.EOF):
			return r.finish(ctx, more)
		case errors.As(err, &failed):
			// What was read before the damage is as good as ever.
			return errors.Join(failed.error, r.finish(ctx, more))
		case err != nil:
			return err
		}
		if ctx.Err() != nil {
			r.Stats.Interrupted = true
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer cancel()
			return errors.Join(ctx.Err(), r.Deliver.Flush(last))
		}
	}
}

// readError is an error of the source.
type readError struct{ error }

// someLines is how many lines are dealt with before anybody is told the place: a
// line of a payload is dealt with in a tenth of a µs.
const someLines = 64

// some deals with some lines, until the context ends, and returns the place of the
// last one. Its error is a *readError, io.EOF, or that of delivery.
func (r *Run) some(ctx context.Context) (at tailer.Position, err error) {
	for n := 0; n < someLines && ctx.Err() == nil; n++ {
		line, err := r.Lines.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return at, io.EOF
			}
			return at, &readError{err}
		}
		if records := r.Records.Feed(line); len(records) > 0 {
			if err := r.take(ctx, records); err != nil {
				return at, err
			}
		}
		at = line.Pos
	}
	return at, nil
}

// Drain hands out what is open, and returns when all is delivered.
func (r *Run) Drain(ctx context.Context) error {
	if err := r.emit(ctx, r.Pairs.Drain()); err != nil {
		return err
	}
	return r.Deliver.Flush(ctx)
}

// finish hands out what is left at the end of the log.
func (r *Run) finish(ctx context.Context, more bool) error {
	if err := r.take(ctx, r.Records.Flush()); err != nil {
		return err
	}
	if !more {
		if err := r.emit(ctx, r.Pairs.Drain()); err != nil {
			return err
		}
	}
	if r.handover != nil {
		if err := r.handover.wait(); err != nil {
			return err
		}
	}
	return r.Deliver.Flush(ctx)
}

// take feeds records to the pairing stage.
func (r *Run) take(ctx context.Context, records []tailer.Record) error {
	for i := range records {
		if r.Observe != nil {
			r.Observe(&records[i])
		}
		if err := r.emit(ctx, r.Pairs.Add(&records[i])); err != nil {
			return err
		}
	}
	return nil
}

// emit passes exchanges on, but for those that are not wanted.
func (r *Run) emit(ctx context.Context, exchanges []tailer.Exchange) error {
	for i := range exchanges {
		if x := &exchanges[i]; r.wanted(x) {
			if err := r.pass(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted tells whether an exchange is to be passed on.
func (r *Run) wanted(x *tailer.Exchange) bool {
	if !r.Since.IsZero() && x.Start.Before(r.Since) || !r.Until.IsZero() && !x.Start.Before(r.Until) {
		r.Stats.OutOfRange++
		return false
	}
	if r.Repeated != nil && r.Repeated(x.Positions) {
		r.Stats.Repeated++
		return false
	}
	return true
}

// pass completes an exchange, or has it completed.
func (r *Run) pass(ctx context.Context, x *tailer.Exchange) error {
	if r.handover != nil {
		return r.handover.hand(ctx, x)
	}
	return r.complete(ctx, x)
}

// complete enriches an exchange and hands it to delivery.
func (r *Run) complete(ctx context.Context, x *tailer.Exchange) error {
	if !r.enrich(x) {
		return nil
	}
	return r.Deliver.Deliver(ctx, x)
}

// enrich completes an exchange, and tells whether it is to be delivered.
func (r *Run) enrich(x *tailer.Exchange) bool {
	r.Enrich.Enrich(x)
	if x.Attribution.Dropped != "" {
		r.Stats.Dropped++
		return false
	}
	r.Stats.Delivered++
	if len(x.Incomplete) > 0 {
		r.Stats.Incomplete++
	}
	return true
}
