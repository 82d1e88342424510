package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"tailer"
)

// A feed is a followed source of raw lines: next returns tailer.ErrPause when
// there is none now.
type feed interface {
	lines
	// beginning returns lines from the start of what is being read, if reading
	// begins behind them: they show the envelope.
	beginning() []byte
	// Look sees what became of the source.
	Look()
	// wait returns when there may be more, or after d.
	wait(ctx context.Context, d time.Duration)
	// Checkpoints returns how to go on after a restart.
	Checkpoints(marks Marks) []tailer.Checkpoint
	io.Closer
}

// A Stream yields the lines of a source that is followed, without what a container
// runtime or a shipper put around them. It starts with the first line that is there:
// what is around the lines is looked at again as more of them come, until there
// are as many as Open looks at. It is not safe for concurrent use.
type Stream struct {
	feed    feed
	cfg     Config
	out     Reader
	primed  bool
	sample  [][]byte
	bytes   int           // of the sample
	decided bool          // the sample is complete
	bare    bool          // it is, and nothing is around the lines
	stale   bool          // the sample has grown to where it is looked at again
	queue   []tailer.Line // raw lines that wait to be looked at
	line    tailer.Line   // that was in it and is handed out
}

// newStream returns the stream of a feed.
func newStream(f feed, cfg Config) *Stream {
	s := &Stream{feed: f, cfg: cfg, out: Reader{limit: cfg.MaxLine, read: &countingReader{}}}
	s.out.lines = tap{s}
	return s
}

// Next returns the next line. tailer.ErrPause: there is none now; io.EOF: there
// will be none. Line.Bytes is valid until the next call.
func (s *Stream) Next() (*tailer.Line, error) {
	if s.bare && len(s.queue) == 0 { // what tap.next and Reader.Next come to then
		line, err := s.pull()
		if err == nil {
			s.out.finish(line)
		}
		return line, err
	}
	for {
		if s.stale || !s.primed {
			if err := s.detect(); err != nil {
				return nil, err
			}
		}
		line, err := s.out.Next()
		if errors.Is(err, tailer.ErrPause) && s.stale {
			continue
		}
		return line, err
	}
}

// detect looks at the sample and builds what takes the lines apart.
func (s *Stream) detect() error {
	if !s.primed {
		if err := s.gather(); err != nil && len(s.queue) == 0 {
			return err
		}
		s.primed = true
	}
	s.stale = false
	found := detect(s.sample, s.cfg)
	if s.decided {
		s.sample, s.bare = nil, len(found) == 0
		if f, ok := s.feed.(*Follower); ok {
			f.together = s.bare && s.cfg.Together
		}
	}
	if slices.EqualFunc(found, s.out.layers, func(e envelope, l *layer) bool { return e.name() == l.env.name() }) {
		return nil
	}
	keep := s.cfg.MaxLine + 1
	s.out.layers, s.out.lines = nil, tap{s}
	for _, env := range found {
		l := newLayer(s.out.lines, env, keep)
		s.out.layers = append(s.out.layers, l)
		s.out.lines = l
	}
	return nil
}

// gather takes what is there now, as far as it makes a sample.
func (s *Stream) gather() error {
	head := s.feed.beginning()
	for _, line := range sampleOf(head, false) {
		s.add(line)
	}
	for !s.decided {
		line, err := s.pull()
		if err != nil {
			return err
		}
		s.keep(line)
		s.add(line.Bytes)
	}
	return nil
}

// keep puts a line with bytes of its own into the queue.
func (s *Stream) keep(line *tailer.Line) {
	line.Bytes = bytes.Clone(line.Bytes)
	s.queue = append(s.queue, *line)
}

// add puts a line into the sample. It is looked at whenever it has doubled.
func (s *Stream) add(line []byte) {
	s.sample = append(s.sample, bytes.Clone(line))
	s.bytes += len(line)
	n := len(s.sample)
	s.stale = n&(n-1) == 0 || n == prefixLeast
	if n >= sampleLines || s.bytes >= sampleBytes && n >= sampleFewLines || s.bytes >= sampleMaxBytes {
		s.decided, s.stale = true, true
	}
}

// tap is where the layers get raw lines.
type tap struct{ s *Stream }

func (t tap) next() (*tailer.Line, error) {
	s := t.s
	if len(s.queue) > 0 && !s.stale {
		s.line = s.queue[0]
		s.queue = s.queue[1:]
		return &s.line, nil
	}
	if s.stale {
		return nil, tailer.ErrPause
	}
	line, err := s.pull()
	if err != nil || s.decided {
		return line, err
	}
	s.add(line.Bytes)
	if !s.stale {
		return line, nil
	}
	s.keep(line)
	return nil, tailer.ErrPause
}

// pull returns the next raw line.
func (s *Stream) pull() (*tailer.Line, error) {
	line, err := s.feed.next()
	if err == nil && line.Pos.Offset == 0 {
		line.Bytes = bytes.TrimPrefix(line.Bytes, byteOrderMark)
	}
	return line, err
}

// Held calls note for each line that was read and is not handed out yet.
func (s *Stream) Held(note func(tailer.Position)) {
	for _, line := range s.queue {
		note(line.Pos)
	}
	for _, l := range s.out.layers {
		l.held(note)
	}
}

// Look sees what became of the source. It must be called often.
func (s *Stream) Look() { s.feed.Look() }

// Wait returns when there may be another line, after d, or when ctx ends.
func (s *Stream) Wait(ctx context.Context, d time.Duration) { s.feed.wait(ctx, d) }

// Lag returns how many bytes are there and not handed on, as far as the source can
// tell. It is safe for concurrent use with all others.
func (s *Stream) Lag() int64 {
	if f, ok := s.feed.(interface{ Lag() int64 }); ok {
		return f.Lag()
	}
	return 0
}

// Checkpoints returns how to go on after a restart. It is safe for concurrent
// use with all others.
func (s *Stream) Checkpoints(marks Marks) []tailer.Checkpoint { return s.feed.Checkpoints(marks) }

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) { await(ctx, d, nil) }

// await waits until there is more, for d, or until ctx ends.
func await(ctx context.Context, d time.Duration, more <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-more:
	}
}

// Counts returns what was met so far.
func (s *Stream) Counts() Counts { return s.out.Counts() }

// Envelope is that of Reader.
func (s *Stream) Envelope() string { return s.out.Envelope() }

// Close closes the source.
func (s *Stream) Close() error { return s.feed.Close() }
