package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"tailer"
)

// pipeIdle is how long a live pipe may be silent before what is complete is
// handed on.
const pipeIdle = time.Second

// flushEvery is how often what has ended is delivered while a pipe is busy.
const flushEvery = 2 * time.Second

// drainTime is how long the rest may take to be delivered once the program is
// told to stop.
const drainTime = 20 * time.Second

// read is what the reading goroutine passes on: a line with bytes of its own, or
// the error that ended the pipe.
type read struct {
	line tailer.Line
	err  error
}

// Pipe reads a pipe to its end, handing exchanges out as they end. In a pause,
// log time goes on with the clock on the wall, so that the last request of a
// quiet hour does not wait for the next one.
func (r *Run) Pipe(ctx context.Context) error {
	lines := make(chan read, 64)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(lines)
		for {
			line, err := r.Lines.Next()
			in := read{err: err}
			if err == nil {
				in.line = *line
				in.line.Bytes = bytes.Clone(line.Bytes)
			}
			select {
			case lines <- in:
			case <-done:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	idle := time.NewTimer(pipeIdle)
	defer idle.Stop()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	var quietSince time.Time
	for {
		select {
		case <-ctx.Done():
			r.Stats.Interrupted = true
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer cancel()
			return errors.Join(ctx.Err(), r.finish(drain, false))
		case in := <-lines:
			if errors.Is(in.err, io.EOF) {
				return r.finish(ctx, false)
			}
			if in.err != nil {
				return errors.Join(in.err, r.finish(ctx, false))
			}
			quietSince = time.Time{}
			if err := r.take(ctx, r.Records.Feed(&in.line)); err != nil {
				return err
			}
			idle.Reset(pipeIdle)
		case <-flush.C:
			if err := r.Deliver.Flush(ctx); err != nil {
				return err
			}
		case now := <-idle.C:
			if quietSince.IsZero() {
				quietSince = now.Add(-pipeIdle)
			}
			if err := r.pause(ctx, now.Sub(quietSince)); err != nil {
				return err
			}
			idle.Reset(pipeIdle)
		}
	}
}

// pause hands on what is complete after the pipe was silent for some time.
func (r *Run) pause(ctx context.Context, quiet time.Duration) error {
	if err := r.take(ctx, r.Records.Flush()); err != nil {
		return err
	}
	if err := r.emit(ctx, r.Pairs.Tick(r.Pairs.Now().Add(quiet))); err != nil {
		return err
	}
	return r.Deliver.Flush(ctx)
}
