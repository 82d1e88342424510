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
	// many records: to pass on each record by itself would cost as much as to pair it.
	batchBytes   = 256 << 10
	batchRecords = 64
	// maxUnderWay is how many bytes of lines may be between the stages, so that
	// memory does not depend on which stage is the slowest. One longer line goes
	// alone.
	maxUnderWay = 2 << 20
)

// A batch is what the stages pass on: some lines' records, then their exchanges.
type batch struct {
	records   []tailer.Record
	exchanges []tailer.Exchange
	lines     int
	at        tailer.Position // of the last line
	bytes     int
}

// stages runs parsing, pairing and delivery in a goroutine each. Every one of
// them sees everything in the order of the log, so the exchanges are the same, in
// the same order, as when File runs them one after the other.
type stages struct {
	run    *Run
	parsed chan *batch
	paired chan *batch
	free   chan []tailer.Record // of batches that were paired, to be used again
	room   *room
}

// staged is File for Threads above 1.
func (r *Run) staged(ctx context.Context, more bool) error {
	// What was read when the context ends is still dealt with, as it is with one
	// thread; delivery may take its time for that, but not for ever.
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })()

	failed, fail := context.WithCancel(ctx)
	defer fail()
	s := &stages{run: r, parsed: make(chan *batch, 4), paired: make(chan *batch, 4), free: make(chan []tailer.Record, 8), room: newRoom()}
	var group sync.WaitGroup
	var readErr, deliverErr error
	group.Go(func() { readErr = s.read(failed) })
	group.Go(s.pair)
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

// read parses lines until the log or the context ends. Its error is the source's.
func (s *stages) read(ctx context.Context) error {
	defer close(s.parsed)
	b := &batch{}
	for ctx.Err() == nil {
		line, err := s.run.Lines.Next()
		if err != nil {
			b.records = append(b.records, s.run.Records.Flush()...)
			s.pass(b)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		b.records = append(b.records, s.run.Records.Feed(line)...)
		b.lines, b.at, b.bytes = b.lines+1, line.Pos, b.bytes+len(line.Bytes)+1
		if b.bytes >= batchBytes || len(b.records) >= batchRecords {
			s.pass(b)
			b = s.batch()
		}
	}
	s.pass(b)
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

func (s *stages) pass(b *batch) {
	s.room.take(b.bytes)
	s.parsed <- b
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

// deliver hands exchanges out until pairing has ended, or until the first error.
func (s *stages) deliver(ctx context.Context) error {
	for b := range s.paired {
		err := s.run.emit(ctx, b.exchanges)
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

// discard lets the stages before delivery come to their end.
func (s *stages) discard() {
	for b := range s.paired {
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
