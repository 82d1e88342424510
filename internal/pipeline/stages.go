package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"tailer"
)

const (
	// A batch goes to the next stage when it is of so many bytes of lines or of so
	// many records: to pass on each by itself would cost as much as to deal with it.
	batchBytes   = 512 << 10
	batchRecords = 64
	// batchesWaiting is how many batches of records may wait for a stage: to wake one
	// that waits takes as long as to deal with a batch.
	batchesWaiting = 16
	// maxUnderWay is how many bytes of lines may be between the stages, so that
	// memory does not depend on which stage is the slowest. One longer line goes
	// alone.
	maxUnderWay = 3 << 20
)

// Halves are Records that can be found by one goroutine and decoded by another.
type Halves interface {
	Records
	// Cut takes the next line, which is the caller's again then.
	Cut(l *tailer.Line)
	// Found returns what decodes the records that were found since the last call, in
	// the order of its calls: it returns about as many as wanted, valid until the next
	// call, and none at their end. last says that no more lines are to come.
	Found(last bool) (decode func(wanted int) []tailer.Record)
}

// A foundBatch is the records of some lines before they are decoded.
type foundBatch struct {
	batch  // without records
	decode func(wanted int) []tailer.Record
	err    error // that ended the source behind the lines
}

// A batch is what the stages pass on then: some lines' records, later their exchanges,
// then those of them that are to be delivered.
type batch struct {
	records   []tailer.Record
	exchanges []tailer.Exchange
	complete  []*tailer.Exchange
	lines     int
	at        tailer.Position // of the last line
	bytes     int
}

// stages runs finding, decoding, pairing, enrichment and delivery in a goroutine each. Every one
// of them sees everything in the order of the log, so the exchanges are the same, in
// the same order, as when File runs them one after the other.
type stages struct {
	run    *Run
	found  chan *foundBatch
	parsed chan *batch
	paired chan *batch
	ready  chan *batch
	free   chan []tailer.Record // of batches that were paired, to be used again
	room   *room
}

// staged is File for Threads above 1 and Records in two halves.
func (r *Run) staged(ctx context.Context, records Halves, more bool) error {
	// What was read when the context ends is still dealt with, as it is with one
	// thread; delivery may take its time for that, but not for ever.
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })()

	failed, fail := context.WithCancel(ctx)
	defer fail()
	s := &stages{
		run: r, found: make(chan *foundBatch, maxUnderWay/batchBytes), parsed: make(chan *batch, batchesWaiting), paired: make(chan *batch, batchesWaiting), ready: make(chan *batch, batchesWaiting),
		free: make(chan []tailer.Record, 8), room: newRoom(),
	}
	var group sync.WaitGroup
	var readErr, deliverErr error
	group.Go(func() { s.find(failed, records) })
	group.Go(func() { readErr = s.decode() })
	group.Go(s.pair)
	group.Go(s.enrich)
	group.Go(func() {
		if deliverErr = s.deliver(late); deliverErr != nil {
			fail()
			s.discard()
		}
	})
	group.Wait()
	switch {
	case deliverErr != nil:
		return deliverErr
	case ctx.Err() != nil:
		r.Stats.Interrupted = true
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		return errors.Join(ctx.Err(), r.Deliver.Flush(last))
	}
	if !more {
		if err := r.emit(ctx, r.Pairs.Drain()); err != nil {
			return errors.Join(readErr, err)
		}
	}
	return errors.Join(readErr, r.Deliver.Flush(ctx))
}

// find reads lines and finds records in them until the log or the context ends.
func (s *stages) find(ctx context.Context, records Halves) {
	defer close(s.found)
	b := &foundBatch{}
	for ctx.Err() == nil && b.err == nil {
		var line *tailer.Line
		if line, b.err = s.run.Lines.Next(); b.err != nil {
			break
		}
		records.Cut(line)
		b.bytes += len(line.Bytes) + 1
		b.lines++
		b.at = line.Pos
		if b.bytes >= batchBytes {
			s.passFound(b, records)
			b = &foundBatch{}
		}
	}
	s.passFound(b, records)
}

func (s *stages) passFound(b *foundBatch, records Halves) {
	b.decode = records.Found(b.err != nil)
	s.room.take(b.bytes)
	s.found <- b
}

// decode makes records until there are no more to be found. Its error is the
// source's.
func (s *stages) decode() error {
	defer close(s.parsed)
	for found := range s.found {
		b := s.batch()
		for {
			records := found.decode(batchRecords - len(b.records))
			if len(records) == 0 {
				break
			}
			if b.records = append(b.records, records...); len(b.records) >= batchRecords {
				s.parsed <- b
				b = s.batch()
			}
		}
		b.at, b.lines, b.bytes = found.at, found.lines, found.bytes // there is room again when all of them are delivered
		s.parsed <- b
		if err := found.err; err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
	return nil
}

// batch returns an empty batch.
func (s *stages) batch() *batch {
	select {
	case records := <-s.free:
		return &batch{records: records}
	default:
		return &batch{records: make([]tailer.Record, 0, batchRecords)}
	}
}

// pair joins records until reading has ended.
func (s *stages) pair() {
	defer close(s.paired)
	for b := range s.parsed {
		for i := range b.records {
			if s.run.Observe != nil {
				s.run.Observe(&b.records[i])
			}
			b.exchanges = append(b.exchanges, s.run.Pairs.Add(&b.records[i])...)
		}
		clear(b.records) // what they hold must not stay
		select {
		case s.free <- b.records[:0]:
		default:
		}
		b.records = nil
		s.paired <- b
	}
}

// enrich completes exchanges until pairing has ended.
func (s *stages) enrich() {
	defer close(s.ready)
	for b := range s.paired {
		for i := range b.exchanges {
			if x := &b.exchanges[i]; s.run.wanted(x) && s.run.enrich(x) {
				b.complete = append(b.complete, x)
			}
		}
		s.ready <- b
	}
}

// deliver hands exchanges out until enrichment has ended, or until the first error.
func (s *stages) deliver(ctx context.Context) error {
	for b := range s.ready {
		err := s.handOut(ctx, b.complete)
		s.room.give(b.bytes)
		if err != nil {
			return err
		}
		if b.lines > 0 && s.run.Progress != nil {
			s.run.Progress(b.at)
		}
	}
	return nil
}

func (s *stages) handOut(ctx context.Context, exchanges []*tailer.Exchange) error {
	for _, x := range exchanges {
		if err := s.run.Deliver.Deliver(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// discard lets the stages before delivery come to their end.
func (s *stages) discard() {
	for b := range s.ready {
		s.room.give(b.bytes)
	}
}

// A room bounds how many bytes are under way.
type room struct {
	mu    sync.Mutex
	freed *sync.Cond
	bytes int // guarded by mu
}

func newRoom() *room {
	r := &room{}
	r.freed = sync.NewCond(&r.mu)
	return r
}

// take waits until there is room for so many bytes, or nothing else under way.
func (r *room) take(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.bytes > 0 && r.bytes+bytes > maxUnderWay {
		r.freed.Wait()
	}
	r.bytes += bytes
}

func (r *room) give(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes -= bytes
	r.freed.Signal()
}
