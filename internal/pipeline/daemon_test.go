package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
	"tailer/internal/pipeline"
)

// TestSaved tells a log of a checkpoint only once it is on disk.
func TestSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFollowing()
		var saved []map[string][]tailer.Checkpoint
		d := daemonOf(&saved, true, a)
		discover := d.Discover
		var told atomic.Int64
		var roomy atomic.Bool
		d.Discover = func(now time.Time) ([]*pipeline.Log, bool, error) {
			logs, more, err := discover(now)
			for _, log := range logs {
				log.Saved = func() { told.Add(1) }
			}
			return logs, more, err
		}
		d.Save = func(map[string][]tailer.Checkpoint) error {
			if !roomy.Load() {
				return errors.New("disk full")
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if told.Load() > 0 {
			t.Errorf("told %d times of what was not saved", told.Load())
		}
		roomy.Store(true)
		time.Sleep(5 * time.Second)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || told.Load() == 0 {
			t.Errorf("ended with %v, told %d times", err, told.Load())
		}
	})
}

// TestForgets drops a log that has ended where others come and go.
func TestForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFollowing(), newFollowing()
		var saved []map[string][]tailer.Checkpoint
		d := daemonOf(&saved, true, a, b)
		discover := d.Discover
		var gone, closed atomic.Int64
		d.Discover = func(now time.Time) ([]*pipeline.Log, bool, error) {
			logs, more, err := discover(now)
			if len(logs) > 0 {
				logs[0].Gone = func() { gone.Add(1) }
				logs[0].Close = func() error { closed.Add(1); return nil }
			}
			return logs, more, err
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		a.source.add("24", true)
		b.source.add("2468", true) // it is remembered
		time.Sleep(5 * time.Second)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		last := saved[len(saved)-1]
		if len(last) != 1 || last["b"] == nil || gone.Load() != 1 || closed.Load() != 1 {
			t.Errorf("saved %v, gone %d times, closed %d times", last, gone.Load(), closed.Load())
		}
	})
}

// TestLastLook reads what was written just before it is told to stop.
func TestLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFollowing()
		var saved []map[string][]tailer.Checkpoint
		d := daemonOf(&saved, true, a)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		time.Sleep(5500 * time.Millisecond)
		synctest.Wait()
		a.source.add("24", false)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if last := saved[len(saved)-1]; last["a"][0].Offset != 2 {
			t.Errorf("saved %v", last)
		}
	})
}
