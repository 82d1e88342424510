package push

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"tailer"
)

// Disk is the spool's own spool: see internal/spool, which says what its methods
// promise. ReadAt returns io.EOF at the end of what is there.
type Disk interface {
	AppendWhole(ctx context.Context, b []byte) error
	ReadAt(p []byte, offset int64) (int, error)
	Bounds() (first, end int64)
	Release(offset int64) error
}

// fullFor is how long a delivery waits for room before its sender is told to come
// again.
const fullFor = 2 * time.Second

// A Source spools what a Handler takes, and yields it as lines. Append, Checkpoints
// and Saved are safe for concurrent use; the rest is for one goroutine.
type Source struct {
	disk   Disk
	id     string
	name   string
	limit  int64
	logger *slog.Logger
	start  int64 // where this run began
	more   chan struct{}

	in     *bufio.Reader
	offset int64 // of the next byte that in takes from disk
	rest   []byte
	line   tailer.Line // of the current entry; its position is that of its next line
	out    tailer.Line // the one returned last

	mu     sync.Mutex
	end    int64   // of the last entry handed on; guarded by mu
	told   int64   // where the last checkpoint goes on; guarded by mu
	spread []spans // entries of several lines above the last checkpoint, in order; guarded by mu
}

// maxSpread is how many of those are told apart.
const maxSpread = 4096

// spans is where an entry stands.
type spans struct{ begin, end int64 }

// NewSource goes on where resume, which Checkpoints returned in the last run, says.
// id is that of a source that has no checkpoint yet; limit is Config.MaxBody.
func NewSource(name, id string, disk Disk, resume []tailer.Checkpoint, limit int64, logger *slog.Logger) *Source {
	s := &Source{disk: disk, id: id, name: name, limit: limit, logger: logger.With("component", "push", "source", name), more: make(chan struct{}, 1)}
	first, end := disk.Bounds()
	s.offset = first
	if len(resume) > 0 {
		s.id, s.offset = resume[0].Source, min(max(resume[0].Offset, first), end)
	} else if first > 0 && first < end {
		// Where the next entry begins is known to a checkpoint alone.
		s.logger.Warn("what the spool holds is skipped, for its checkpoint is gone", "size_bytes", end-first)
		s.offset = end
	}
	s.start, s.end = s.offset, s.offset
	s.in = bufio.NewReaderSize(diskReader{s}, 64<<10)
	return s
}

// Append implements Spool.
func (s *Source) Append(ctx context.Context, frames []byte) error {
	ctx, cancel := context.WithTimeout(ctx, fullFor)
	defer cancel()
	err := s.disk.AppendWhole(ctx, frames)
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrFull
	}
	if err != nil {
		return err
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
	return nil
}

// diskReader reads on from where the last read ended.
type diskReader struct{ s *Source }

func (r diskReader) Read(p []byte) (int, error) {
	n, err := r.s.disk.ReadAt(p, r.s.offset)
	r.s.offset += int64(n)
	return n, err
}

// Next returns the next line; tailer.ErrPause when there is none now. The position
// of line i of an entry begins i bytes behind the entry's own: no two lines share
// one, by which what was made of them is known again.
func (s *Source) Next() (*tailer.Line, error) {
	if s.rest == nil {
		if err := s.open(); err != nil {
			return nil, err
		}
	}
	line := &s.out
	*line = s.line
	text, rest, more := bytes.Cut(s.rest, []byte("\n"))
	line.Bytes = bytes.TrimSuffix(text, []byte("\r"))
	s.rest = nil
	if more {
		s.rest = rest
		line.Pos.End = line.Pos.Offset + 1
		s.line.Pos.Offset++
	}
	return line, nil
}

// open takes the next entry from the disk.
func (s *Source) open() error {
	at := s.offset - int64(s.in.Buffered())
	entry, err := readFrame(s.in, s.limit)
	if errors.Is(err, io.EOF) && !errors.Is(err, errFrame) {
		return tailer.ErrPause
	}
	if err != nil {
		return fmt.Errorf("read spool of %s at %d: %w", s.name, at, err)
	}
	end := s.offset - int64(s.in.Buffered())
	s.line = tailer.Line{
		Pos: tailer.Position{Source: s.id, Offset: at, End: end}, Stamp: entry.Stamp, Stream: entry.Stream, Writer: entry.Writer,
	}
	s.rest = entry.Text
	if s.rest == nil {
		s.rest = []byte{}
	}
	s.mu.Lock()
	s.end = end
	if bytes.IndexByte(entry.Text, '\n') >= 0 {
		s.spread = coarser(append(s.spread, spans{at, end}))
	}
	s.mu.Unlock()
	return nil
}

// coarser makes one of every two neighbours if there are too many: then more is read
// again after a restart, but from the beginning of an entry all the same.
func coarser(spread []spans) []spans {
	if len(spread) <= maxSpread {
		return spread
	}
	for i := range len(spread) / 2 {
		spread[i] = spans{spread[2*i].begin, spread[2*i+1].end}
	}
	return append(spread[:len(spread)/2], spread[len(spread)/2*2:]...)
}

// Look does nothing: senders come by themselves.
func (s *Source) Look() {}

// Wait returns when there may be lines, or after d.
func (s *Source) Wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.more:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Held notes the next line of an entry of which a part is still to be returned.
func (s *Source) Held(note func(tailer.Position)) {
	if s.rest != nil {
		note(s.line.Pos)
	}
}

// Marks tell how far a source is resolved: state.Tracker.
type Marks interface {
	Low(source string) int64
	Resolved(source string) []int64
}

// Checkpoints returns how to go on after a restart.
func (s *Source) Checkpoints(m Marks) []tailer.Checkpoint {
	low, end := s.low(m.Low(s.id))
	return []tailer.Checkpoint{{Source: s.id, Path: s.name, Offset: low, End: end, Resolved: m.Resolved(s.id), Seen: time.Now().UTC()}}
}

// Saved lets the spool forget what lies before the last checkpoint, now that this is
// on disk. Before, a crash would go on from the one before, and the spool would begin
// within an entry: it forgets by chunks.
func (s *Source) Saved() {
	s.mu.Lock()
	told := s.told
	s.mu.Unlock()
	if err := s.disk.Release(told); err != nil {
		s.logger.Warn("spool can't be released", "err", err)
	}
}

// low is where reading has to go on, at the beginning of an entry, so that nothing
// from mark on is left out.
func (s *Source) low(mark int64) (low, end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	low = min(max(mark, s.start), s.end)
	for len(s.spread) > 0 && s.spread[0].end <= low {
		s.spread = s.spread[1:]
	}
	if len(s.spread) > 0 && s.spread[0].begin < low {
		low = s.spread[0].begin
	}
	s.told = low
	return low, s.end
}

// Lag returns how many bytes wait in the spool.
func (s *Source) Lag() int64 {
	_, end := s.disk.Bounds()
	s.mu.Lock()
	defer s.mu.Unlock()
	return end - s.end
}
