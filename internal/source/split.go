package source

import (
	"bytes"
	"errors"
	"io"
	"time"

	"tailer"
)

const (
	// chunkSize is how much is read at once. A line inside a chunk is not copied.
	chunkSize = 128 << 10
	// maxEmptyReads is how often a reader may return neither bytes nor an error.
	maxEmptyReads = 100
)

// A splitter cuts a byte stream into lines at each '\n'. It leaves a '\r' where
// it is: in the pieces of a split line it may be content.
type splitter struct {
	src     io.Reader
	limit   int    // bytes kept of a line; the rest is dropped and counted
	buf     []byte // buf[r:w] is read and not yet yielded
	r, w    int
	scanned int   // buf[r:r+scanned] holds no newline
	off     int64 // offset of buf[r]
	err     error // what ended src; nil as long as it may have more
	begun   bool  // the head of a line that outgrew buf is in long
	long    pile
	// together: indented lines are handed out together, see tailer.Line
	together bool
	whole    []byte // that line in one piece
	line     tailer.Line
	start    int64 // its offset
	cut      int64 // bytes of it dropped so far
}

func newSplitter(src io.Reader, limit int) *splitter {
	return &splitter{src: src, limit: limit, buf: make([]byte, chunkSize)}
}

// next returns the next line without its newline. After the last one it returns
// io.EOF, or the error that ended the input; tailer.ErrPause if src has nothing
// now. The line is valid until the next call.
func (s *splitter) next() (*tailer.Line, error) {
	for {
		if i := bytes.IndexByte(s.buf[s.r+s.scanned:s.w], '\n'); i >= 0 {
			from, inside := s.r, !s.begun
			l := s.take(s.scanned+i, 1)
			if s.together && inside && l.Cut == 0 && isIndented(l.Bytes) {
				s.extend(l, from)
			}
			return l, nil
		}
		s.scanned = s.w - s.r
		if errors.Is(s.err, tailer.ErrPause) {
			s.err = nil // half a line waits for its other half
			return nil, tailer.ErrPause
		}
		if s.err != nil {
			if s.scanned == 0 && !s.begun {
				return nil, s.err
			}
			return s.take(s.scanned, 0), nil
		}
		s.fill()
	}
}

// take returns the line that ends n bytes into the buffer, followed by newline
// bytes (1, or 0 at the end of the input).
func (s *splitter) take(n, newline int) *tailer.Line {
	text := s.buf[s.r : s.r+n]
	start, cut := s.off, int64(0)
	switch {
	case s.begun:
		cut = s.cut + s.long.add(text, s.limit)
		start, text = s.start, s.long.take(&s.whole)
		s.begun = false
	case len(text) > s.limit:
		cut = int64(len(text) - s.limit)
		text = text[:s.limit]
	}
	s.r += n + newline
	s.scanned = 0
	s.off += int64(n + newline)
	l := &s.line // field by field: all at once takes three times as long
	l.Bytes, l.More, l.Pos.Source, l.Pos.Offset, l.Pos.End = text, 0, "", start, s.off
	l.Stamp, l.Stream, l.Writer = time.Time{}, tailer.StreamUnknown, ""
	l.Cut, l.Open, l.Lost = cut, newline == 0, false
	return l
}

// maxTogether is how many bytes of lines are handed out together at most.
const maxTogether = 32 << 10

// extend adds to an indented line, which lies in the buffer from a place on, the
// indented lines behind it that are there already.
func (s *splitter) extend(l *tailer.Line, from int) {
	most := from + min(maxTogether, s.limit-1)
	for isIndented(s.buf[s.r:s.w]) {
		i := bytes.IndexByte(s.buf[s.r:s.w], '\n')
		if i < 0 || s.r+i > most {
			break
		}
		s.r += i + 1
		s.off += int64(i + 1)
		l.More++
	}
	l.Bytes, l.Pos.End = s.buf[from:s.r-1], s.off
}

func isIndented(line []byte) bool {
	return len(line) >= len(tailer.Indentation) && string(line[:len(tailer.Indentation)]) == tailer.Indentation
}

// fill makes room in the buffer and reads once. Afterwards there are more bytes,
// or s.err is set.
func (s *splitter) fill() {
	switch {
	case s.resting():
		s.buf = make([]byte, chunkSize)
	case len(s.buf) > chunkSize && s.w-s.r < chunkSize && s.r > 0:
		// What peek needed is not needed any more.
		smaller := make([]byte, chunkSize)
		s.r, s.w, s.buf = 0, copy(smaller, s.buf[s.r:s.w]), smaller
	case s.r == s.w:
		s.r, s.w = 0, 0
	case s.w < len(s.buf):
	case s.r > 0:
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	default:
		s.spill()
	}
	for range maxEmptyReads {
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		s.err = err
		if n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// spill moves the whole buffer, which holds no newline, to the long line.
func (s *splitter) spill() {
	if !s.begun {
		s.begun, s.start, s.cut = true, s.off, 0
	}
	s.cut += s.long.add(s.buf[s.r:s.w], s.limit)
	s.off += int64(s.w - s.r)
	s.r, s.w, s.scanned = 0, 0, 0
}

// skip drops the next n bytes of what peek returned.
func (s *splitter) skip(n int) {
	s.r += n
	s.off += int64(n)
}

// peek reads until enough says so or the input ends, and returns what is
// buffered then. Nothing is consumed. It may be called before the first next only.
func (s *splitter) peek(enough func(head []byte) bool) []byte {
	for s.err == nil && !enough(s.buf[s.r:s.w]) {
		if s.r == 0 && s.w == len(s.buf) {
			larger := make([]byte, 2*len(s.buf))
			copy(larger, s.buf)
			s.buf = larger
		}
		s.fill()
	}
	return s.buf[s.r:s.w]
}
