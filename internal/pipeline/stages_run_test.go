package pipeline_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"tailer"
)

// digits returns a log of n records and noise between them.
func digits(n int) string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	text := make([]byte, n)
	for i := range text {
		text[i] = "0123456789xxxxx"[random.IntN(15)]
	}
	return string(text)
}

// TestThreadsChangeNothing compares what is delivered, seen and counted.
func TestThreadsChangeNothing(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 1000, 50_000} {
		one, two := newStages(digits(n)), newStages(digits(n))
		two.Threads = 2
		var seen [2]string
		var last [2]int64
		for i, s := range []*stages{one, two} {
			s.Observe = func(r *tailer.Record) { seen[i] += r.CallID }
			s.Progress = func(at tailer.Position) { last[i] = at.End }
			if err := s.File(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if one.deliver.got != two.deliver.got || one.Stats != two.Stats || seen[0] != seen[1] || last[0] != last[1] || last[0] != int64(n) {
			t.Errorf("%d lines: %+v up to %d on one thread, %+v up to %d on two", n, one.Stats, last[0], two.Stats, last[1])
		}
	}
}

// TestThreadsStop ends all stages, whoever is the first to stop.
func TestThreadsStop(t *testing.T) {
	t.Run("delivery fails", func(t *testing.T) {
		errRefused := errors.New("refused")
		s := newStages(digits(2_000_000))
		s.Threads, s.deliver.fail = 2, errRefused
		if err := s.File(t.Context(), false); !errors.Is(err, errRefused) || s.Stats.Interrupted {
			t.Errorf("error %v, interrupted %v", err, s.Stats.Interrupted)
		}
		if s.lines.next == len(s.lines.text) {
			t.Error("the whole log was read although nothing can be delivered")
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := newStages(digits(50_000))
		s.Threads = 2
		var read atomic.Int64
		s.Progress = func(at tailer.Position) {
			read.Store(at.End)
			cancel()
		}
		err := s.File(ctx, false)
		if !errors.Is(err, context.Canceled) || !s.Stats.Interrupted {
			t.Errorf("error %v, interrupted %v", err, s.Stats.Interrupted)
		}
		if s.pairs.drains != 0 || s.deliver.flushes != 1 || s.deliver.ended {
			t.Errorf("%d drains, %d flushes, by an ended context: %v", s.pairs.drains, s.deliver.flushes, s.deliver.ended)
		}
		// What was read has been dealt with: nothing may be lost between the stages.
		want := newStages(s.lines.text[:read.Load()])
		if err := want.File(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if read.Load() != int64(s.lines.next) || s.deliver.got != want.deliver.got[:len(s.deliver.got)] || len(want.deliver.got)-len(s.deliver.got) > 1 {
			t.Errorf("told of %d bytes of the %d that were read, delivered %d of %d", read.Load(), s.lines.next, len(s.deliver.got), len(want.deliver.got))
		}
	})
}
