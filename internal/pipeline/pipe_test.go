package pipeline_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestPipe reads a pipe to its end as a file.
func TestPipe(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		end              error
	}{
		{"empty", "", "", nil},
		{"to its end", "123456", "246135", nil},
		{"to an error", "1234", "2413", io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStages(test.text)
				s.lines.end = test.end
				if err := s.Pipe(t.Context()); !errors.Is(err, test.end) {
					t.Errorf("error %v, want %v", err, test.end)
				}
				if s.deliver.got != test.want || s.deliver.flushes == 0 {
					t.Errorf("delivered %q after %d flushes, want %q", s.deliver.got, s.deliver.flushes, test.want)
				}
			})
		})
	}
}

// TestPipePauses hands on in a pause what is complete: after a second the record
// that waited for a next line, and as log time goes on what has gone silent.
func TestPipePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStages("124")
		more := make(chan struct{})
		s.lines.wait = more
		ended := make(chan error)
		go func() { ended <- s.Pipe(t.Context()) }()
		synctest.Wait()
		if got := s.deliver.delivered(); got != "2" {
			t.Errorf("before the pause: %q", got)
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if got := s.deliver.delivered(); got != "24" {
			t.Errorf("after a second: %q", got)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := s.deliver.delivered(); got != "24" {
			t.Errorf("after half a minute: %q", got)
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if got := s.deliver.delivered(); got != "241" {
			t.Errorf("after a minute: %q", got)
		}
		close(more)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		last := time.Time{}
		for _, tick := range s.pairs.ticks {
			if tick.Before(last) || tick.Before(s.pairs.now) {
				t.Errorf("log time went back to %v", tick)
			}
			last = tick
		}
		if ahead := last.Sub(s.pairs.now); ahead < time.Minute || ahead > 64*time.Second {
			t.Errorf("log time went on by %v in 62 s", ahead)
		}
	})
}

// TestPipeInterrupted delivers all that was read, by a context that still lives:
// a pipe cannot be read again.
func TestPipeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStages("1234")
		more := make(chan struct{})
		s.lines.wait = more
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Pipe(ctx) }()
		synctest.Wait()
		cancel()
		err := <-ended
		close(more) // the reader of a pipe is free again when the program ends
		if !errors.Is(err, context.Canceled) || !s.Stats.Interrupted {
			t.Errorf("error %v, interrupted %v", err, s.Stats.Interrupted)
		}
		if s.deliver.got != "2413" || s.deliver.ended {
			t.Errorf("delivered %q, by an ended context: %v", s.deliver.got, s.deliver.ended)
		}
	})
}

// TestPipeInterruptedDeliveryHangs gives up draining after a while.
func TestPipeInterruptedDeliveryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStages("13")
		more := make(chan struct{})
		s.lines.wait = more
		s.Deliver = hanging{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Pipe(ctx) }()
		synctest.Wait()
		began := time.Now()
		cancel()
		err := <-ended
		close(more)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("ended after %v", took)
		}
	})
}
