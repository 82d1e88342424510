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
	batchRecords = 256
	// maxUnderWay is how many bytes of lines may be between the stages, so that
	// memory does not depend on which stage is the slowest. One longer line goes
	// alone.
	maxUnderWay = 3 << 20
	maxBatches  = maxUnderWay / batchBytes
	// maxDecoders is how many goroutines decode: to find records takes 0.6 to 1.4 of the
	// time that decoding takes, so that more would wait.
	maxDecoders = 2
)

// Steps are Records that are found by one goroutine, decoded by others, and settled by
// a third.
type Steps interface {
	Records
	// Cut takes the next line, which is the caller's again then, and returns how many
	// records wait to be decoded.
	Cut(l *tailer.Line) int
	// Found returns what deals with the records that were found since the last call:
	// decode, which may run beside all else, and settle, which comes after it, in the
	// order of the calls of Found. settle returns some records, valid until the next
	// one, and none at their end. last says that no more lines are to come.
	Found(last bool) (decode func(), settle func() []tailer.Record)
}

// A batch is what the stages pass on: some lines' records, then the exchanges that
// these complete, then those of them that are to be delivered.
type batch struct {
	decode    func()
	decoded   chan struct{} // closed by who decoded it
	settle    func() []tailer.Record
	exchanges []tailer.Exchange
	complete  []*tailer.Exchange
	lines     int
	at        tailer.Position // of the last line
	bytes     int
	err       error // that ended the source behind the lines
}

// stages runs finding, pairing, enrichment and delivery in a goroutine each, and
// decoding in several. All but decoding, which looks at each record by itself, see
// everything in the order of the log, so the exchanges are the same, in the same
// order, as when File runs them one after the other.
type stages struct {
	run    *Run
	found  chan *batch // in their order
	cut    chan *batch // the same, to be decoded
	paired chan *batch
	ready  chan *batch
	room   *room
}

// staged is File for Threads above 1 and Records that are Steps.
func (r *Run) staged(ctx context.Context, records Steps, more bool) error {
	// What was read when the context ends is still dealt with, as it is with one
	// thread; delivery may take its time for that, but not for ever.
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })()

	failed, fail := context.WithCancel(ctx)
	defer fail()
	s := &stages{
		run: r, found: make(chan *batch, maxBatches), cut: make(chan *batch, maxBatches), paired: make(chan *batch, maxBatches), ready: make(chan *batch, maxBatches),
		room: newRoom(),
	}
	var group sync.WaitGroup
	var readErr, deliverErr error
	group.Go(func() { s.find(failed, records) })
	for range min(r.Threads-1, maxDecoders) {
		group.Go(s.decode)
	}
	group.Go(func() { readErr = s.pair() })
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
func (s *stages) find(ctx context.Context, records Steps) {
	defer close(s.found)
	defer close(s.cut)
	b := &batch{}
	for ctx.Err() == nil && b.err == nil {
		var line *tailer.Line
		if line, b.err = s.run.Lines.Next(); b.err != nil {
			break
		}
		found := records.Cut(line)
		b.bytes += len(line.Bytes) + 1
		b.lines++
		b.at = line.Pos
		if b.bytes >= batchBytes || found >= batchRecords {
			s.passFound(b, records)
			b = &batch{}
		}
	}
	s.passFound(b, records)
}

func (s *stages) passFound(b *batch, records Steps) {
	b.decode, b.settle = records.Found(b.err != nil)
	b.decoded = make(chan struct{})
	s.room.take(b.bytes)
	s.found <- b
	s.cut <- b
}

// decode decodes what nobody decodes yet until there is no more to be found.
func (s *stages) decode() {
	for b := range s.cut {
		b.decode()
		close(b.decoded)
	}
}

// pair joins records until there are no more. Its error is the source's.
func (s *stages) pair() error {
	defer close(s.paired)
	var failed error
	for b := range s.found {
		<-b.decoded
		for records := b.settle(); len(records) > 0; records = b.settle() {
			for i := range records {
				if s.run.Observe != nil {
					s.run.Observe(&records[i])
				}
				b.exchanges = append(b.exchanges, s.run.Pairs.Add(&records[i])...)
			}
		}
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			failed = b.err
		}
		s.paired <- b
	}
	return failed
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
