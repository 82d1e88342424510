package source

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"tailer"
)

// A message is what a log service tells at once: a line of the proxy, or a piece of
// one.
type message struct {
	stamp   time.Time
	stream  tailer.Stream
	partial bool // the line goes on in the next entry of this stream
	text    []byte
	cursor  string // how to read on behind this entry; "" within several that have one
}

// entries is one connection to a log service. next blocks until there is an
// entry; Close ends it.
type entries interface {
	next() (message, error)
	io.Closer
}

// service opens connections to a log service, which read on behind cursor, from
// the beginning or the end without one.
type service interface {
	open(ctx context.Context, cursor string) (entries, error)
}

const (
	// cursoredLines is how many lines are taken from a service before they are
	// asked for.
	cursoredLines = 256
	// Between two connections; doubled after each failure.
	leastReconnect, mostReconnect = 200 * time.Millisecond, 15 * time.Second
)

// Cursored follows a log service that knows its place by a cursor: Docker's API,
// journald. Offsets count the bytes of its lines in the CRI form. It is safe for
// concurrent use.
type Cursored struct {
	cfg  FollowConfig
	id   string
	path string

	lines chan cursoredLine // from the goroutine that reads
	stop  context.CancelFunc
	over  chan struct{}
	more  chan struct{} // says that there may be a line

	mu     sync.Mutex // guards all below
	start  int64
	end    int64     // of the last line handed on
	seen   time.Time // when it came
	cursor string    // at start
	marks  []cursor  // places where reading could go on, oldest first
}

type cursoredLine struct {
	text   []byte
	cursor string
}

type cursor struct {
	offset int64
	text   string
}

// newCursored starts the goroutine that reads; Close ends it.
func newCursored(path string, s service, resume []tailer.Checkpoint, cfg FollowConfig) (*Cursored, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("component", "source", "source", path)
	c := &Cursored{cfg: cfg, id: NewID(), path: path, lines: make(chan cursoredLine, cursoredLines), over: make(chan struct{}), more: make(chan struct{}, 1)}
	for _, r := range resume {
		c.id, c.start, c.cursor = r.Source, r.Offset, r.Cursor
	}
	c.end = c.start
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.run(ctx, s, c.cursor)
	return c, nil
}

// run keeps a connection until ctx ends. Trouble is told once, and that it is over
// once.
func (c *Cursored) run(ctx context.Context, s service, at string) {
	defer close(c.over)
	wait, failures := leastReconnect, 0
	for ctx.Err() == nil {
		got, err := c.read(ctx, s, &at)
		if ctx.Err() != nil {
			return
		}
		if got {
			if failures > 0 {
				c.cfg.Logger.Info("log service answers again", "failures", failures)
			}
			wait, failures = leastReconnect, 0
		}
		if err != nil && !errors.Is(err, io.EOF) {
			level := slog.LevelDebug
			if failures++; failures == 1 {
				level = slog.LevelWarn
			}
			c.cfg.Logger.Log(ctx, level, "log service can't be read, will try again", "err", err)
		}
		pause(ctx, wait)
		wait = min(2*wait, mostReconnect)
	}
}

// read takes one connection to its end. got says that it gave something.
func (c *Cursored) read(ctx context.Context, s service, at *string) (got bool, err error) {
	conn, err := s.open(ctx, *at)
	if err != nil {
		return false, err
	}
	// Closing is what ends a read that blocks.
	closed := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if closed() {
			_ = conn.Close()
		}
	}()
	for {
		e, err := conn.next()
		if err != nil {
			return got, err
		}
		got = true
		select {
		case c.lines <- cursoredLine{criLine(&e), e.cursor}:
		case <-ctx.Done():
			return got, ctx.Err()
		}
		if e.cursor != "" {
			*at = e.cursor
		}
		select {
		case c.more <- struct{}{}:
		default:
		}
	}
}

// criLine writes an entry as a line of a CRI log, which the cri envelope reads.
func criLine(e *message) []byte {
	out := e.stamp.UTC().AppendFormat(nil, time.RFC3339Nano)
	out = append(out, ' ')
	if e.stream == tailer.StreamStderr {
		out = append(out, "stderr "...)
	} else {
		out = append(out, "stdout "...)
	}
	tag := byte('F')
	if e.partial {
		tag = 'P'
	}
	return append(append(out, tag, ' '), e.text...)
}

// next returns the next line, in the CRI form.
func (c *Cursored) next() (*tailer.Line, error) {
	select {
	case in := <-c.lines:
		c.mu.Lock()
		defer c.mu.Unlock()
		line := &tailer.Line{Bytes: in.text, Pos: tailer.Position{Source: c.id, Offset: c.end, End: c.end + int64(len(in.text)) + 1}}
		if over := len(line.Bytes) - c.cfg.MaxLine - envelopeRoom; over > 0 {
			line.Bytes, line.Cut = line.Bytes[:len(line.Bytes)-over], int64(over)
		}
		c.end, c.seen = line.Pos.End, c.cfg.Now().UTC()
		if in.cursor != "" {
			c.marks = append(c.marks, cursor{c.end, in.cursor})
		}
		return line, nil
	default:
		return nil, tailer.ErrPause
	}
}

// Stream returns the lines of the log.
func (c *Cursored) Stream() *Stream { return newStream(c, c.cfg.Config) }

// Look implements Following: a service tells by itself what becomes of the log.
func (c *Cursored) Look() {}

func (c *Cursored) wait(ctx context.Context, d time.Duration) { await(ctx, d, c.more) }

func (c *Cursored) beginning() []byte { return nil }

// Checkpoints returns how to go on after a restart: behind the last cursor that
// nothing below is unresolved of.
func (c *Cursored) Checkpoints(m Marks) []tailer.Checkpoint {
	low := m.Low(c.id)
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.marks) > 0 && c.marks[0].offset <= low {
		c.start, c.cursor = c.marks[0].offset, c.marks[0].text
		c.marks = c.marks[1:]
	}
	if c.cursor == "" {
		return nil // nothing is resolved yet
	}
	return []tailer.Checkpoint{{Source: c.id, Path: c.path, Cursor: c.cursor, Offset: c.start, End: c.end, Resolved: m.Resolved(c.id), Seen: c.seen}}
}

// Close ends the connection.
func (c *Cursored) Close() error {
	c.stop()
	<-c.over
	return nil
}
