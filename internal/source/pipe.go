package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"tailer"
)

// Spool keeps what a pipe sent: see internal/spool, which says what its methods
// promise. ReadAt returns io.EOF at the end of what is there.
type Spool interface {
	Append(ctx context.Context, b []byte) error
	ReadAt(p []byte, offset int64) (int, error)
	Bounds() (first, end int64)
	Release(offset int64) error
}

const (
	// pipeChunk is how much of a pipe is put into the spool at once.
	pipeChunk = 256 << 10
	// retrySpool is how long a spool that can't be written is left alone.
	retrySpool = time.Second
	// drainPipe is how long a pipe must be silent, once reading is to stop, to count
	// as empty.
	drainPipe = 50 * time.Millisecond
	// drainMost is how long that is waited for: a busy pipe is never silent.
	drainMost = time.Second
)

// A Pipe reads a pipe, which can't be read again, through a spool: a line counts as
// read only once it is on disk. It is safe for concurrent use.
type Pipe struct {
	cfg    FollowConfig
	id     string
	path   string
	spool  Spool
	lines  *splitter
	offset int64 // of the next byte to read from the spool

	src    io.ReadCloser
	ctx    context.Context // of the goroutine that reads src; its end is stop's
	stop   context.CancelFunc
	over   chan struct{}
	more   chan struct{} // says that something was appended
	mu     sync.Mutex    // guards all below
	ended  bool          // src is at its end
	active time.Time     // when src last gave something
	gaps   int64         // times that lines were dropped before they were read
	start  int64         // where this run began
	end    int64         // of the last line handed on
}

// NewPipe returns the source of what src sends, and first of what is left of it in
// the spool. It starts a goroutine, which Close ends. resume is what Checkpoints
// returned in the last run.
func NewPipe(path string, src io.ReadCloser, spool Spool, resume []tailer.Checkpoint, cfg FollowConfig) (*Pipe, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("component", "source", "source", path)
	p := &Pipe{cfg: cfg, id: NewID(), path: path, spool: spool, src: src, over: make(chan struct{}), more: make(chan struct{}, 1)}
	first, end := spool.Bounds()
	p.offset = first
	for _, c := range resume {
		p.id, p.start = c.Source, min(max(c.Offset, first), end)
		if p.offset = p.start; c.Offset > first {
			p.offset = max(first, contextBefore(spool, p.start))
		}
	}
	p.start = max(p.start, p.offset)
	p.end = p.offset
	p.lines = p.splitter()
	p.ctx, p.stop = context.WithCancel(context.Background())
	if err := p.endLine(end); err != nil {
		p.stop()
		return nil, err
	}
	if end > p.offset {
		cfg.Logger.Info("spool has lines of an earlier run", "size_bytes", end-p.offset)
	}
	go p.fill()
	return p, nil
}

func (p *Pipe) splitter() *splitter {
	s := newSplitter(spoolReader{p}, p.cfg.MaxLine+1+envelopeRoom)
	s.off = p.offset
	return s
}

// endLine ends a line that the last run left half: what comes now is another one.
func (p *Pipe) endLine(end int64) error {
	if end == 0 {
		return nil
	}
	var last [1]byte
	n, err := p.spool.ReadAt(last[:], end-1)
	if err != nil || n == 0 || last[0] == '\n' {
		return nil //nolint:nilerr // it was released, so it was a whole line
	}
	return p.spool.Append(p.ctx, newline)
}

// fill takes the pipe into the spool.
func (p *Pipe) fill() {
	defer close(p.over)
	buf := make([]byte, pipeChunk)
	for {
		n, err := p.src.Read(buf)
		if n > 0 {
			p.mu.Lock()
			p.active = time.Now()
			p.mu.Unlock()
			if !p.append(buf[:n]) {
				return
			}
			p.wake()
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && p.ctx.Err() == nil {
				p.cfg.Logger.Warn("pipe can't be read", "err", err)
			}
			p.mu.Lock()
			p.ended = true
			p.mu.Unlock()
			p.wake()
			return
		}
	}
}

// append keeps trying while the disk refuses. The pipe's writer waits meanwhile.
func (p *Pipe) append(b []byte) bool {
	for failures := 0; ; failures++ {
		err := p.spool.Append(p.ctx, b)
		if err == nil {
			if failures > 0 {
				p.cfg.Logger.Info("spool can be written again", "failures", failures)
			}
			return true
		}
		if p.ctx.Err() != nil {
			return false
		}
		if failures == 0 {
			p.cfg.Logger.Error("spool can't be written, will try again", "err", err)
		}
		pause(p.ctx, retrySpool)
	}
}

func (p *Pipe) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// spoolReader is the part of the stream that is not read yet.
type spoolReader struct{ p *Pipe }

// errGap says that bytes were dropped before they were read.
var errGap = errors.New("lines were dropped from the spool")

func (r spoolReader) Read(b []byte) (int, error) {
	p := r.p
	p.mu.Lock()
	ended := p.ended // before the end of the spool is looked at
	p.mu.Unlock()
	if first, _ := p.spool.Bounds(); first > p.offset {
		return 0, errGap
	}
	n, err := p.spool.ReadAt(b, p.offset)
	p.offset += int64(n)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, io.EOF) && ended:
		return 0, io.EOF
	case errors.Is(err, io.EOF):
		return 0, tailer.ErrPause
	}
	if first, _ := p.spool.Bounds(); first > p.offset {
		return 0, errGap // since it was asked
	}
	return 0, fmt.Errorf("read spool: %w", err)
}

// next returns the next line: tailer.ErrPause when there is none now, io.EOF once
// the pipe has ended and all is read.
func (p *Pipe) next() (*tailer.Line, error) {
	for {
		line, err := p.lines.next()
		switch {
		case err == nil && line.Open && errors.Is(p.lines.err, errGap):
			continue // its other half was dropped
		case errors.Is(err, errGap):
			p.skip()
			continue
		case err != nil:
			return line, err
		}
		line.Pos.Source = p.id
		p.mu.Lock()
		p.end = line.Pos.End
		p.mu.Unlock()
		return line, nil
	}
}

// skip goes on behind what was dropped, at the beginning of a line.
func (p *Pipe) skip() {
	first, _ := p.spool.Bounds()
	p.offset = first
	p.lines = p.splitter()
	_, _ = p.lines.next() // its beginning was dropped
	p.mu.Lock()
	p.gaps++
	p.mu.Unlock()
}

// Stream returns the lines of the pipe.
func (p *Pipe) Stream() *Stream { return newStream(p, p.cfg.Config) }

// Look implements Following; a pipe is what it is.
func (p *Pipe) Look() {}

func (p *Pipe) wait(ctx context.Context, d time.Duration) { await(ctx, d, p.more) }

func (p *Pipe) beginning() []byte {
	first, _ := p.spool.Bounds()
	if p.start == 0 || first >= p.start {
		return nil
	}
	b := make([]byte, min(p.start-first, sampleBytes))
	n, err := p.spool.ReadAt(b, first)
	if err != nil {
		return nil
	}
	return b[:n]
}

// Checkpoints returns how to go on after a restart, and lets the spool forget what
// is resolved.
func (p *Pipe) Checkpoints(m Marks) []tailer.Checkpoint {
	p.mu.Lock()
	end, seen := p.end, p.active
	p.mu.Unlock()
	low := max(min(m.Low(p.id), end), p.start)
	if err := p.spool.Release(low - contextMax); err != nil {
		p.cfg.Logger.Warn("spool can't be released", "err", err)
	}
	return []tailer.Checkpoint{{Source: p.id, Path: p.path, Offset: low, End: max(end, low), Resolved: m.Resolved(p.id), Seen: seen.UTC()}}
}

// Lag returns how many bytes wait in the spool.
func (p *Pipe) Lag() int64 {
	_, end := p.spool.Bounds()
	p.mu.Lock()
	defer p.mu.Unlock()
	return end - p.end
}

// Close stops reading: what the pipe holds now is still taken into the spool, as far
// as that takes a second.
func (p *Pipe) Close() error {
	late := time.Now().Add(drainMost)
	for waiting := true; waiting; {
		select {
		case <-p.over:
			waiting = false
		case <-time.After(drainPipe):
			p.mu.Lock()
			waiting = time.Since(p.active) < drainPipe && time.Now().Before(late)
			p.mu.Unlock()
		}
	}
	p.stop()
	err := p.src.Close()
	select {
	case <-p.over:
	case <-time.After(drainPipe): // a terminal's read can't be interrupted
	}
	return err
}
