package source

import (
	"bytes"
	"io"

	"tailer"
)

const (
	// chunkSize is how much is read at once. A line inside a chunk is not copied.
	chunkSize = 512 << 10
	// keepSize is the largest buffer of a long line that is kept for the next one.
	keepSize = 4 << 20
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
	scanned int    // buf[r:r+scanned] holds no newline
	long    []byte // head of a line that outgrew buf; empty when there is none
	cut     int64  // bytes of that line dropped so far
	begun   bool   // the first bytes of a line have left buf
	start   int64  // offset of the line's first byte
	off     int64  // offset of buf[r]
	err     error  // what ended src; nil as long as it may have more
}

func newSplitter(src io.Reader, limit int) *splitter {
	return &splitter{src: src, limit: limit, buf: make([]byte, chunkSize)}
}

// next returns the next line without its newline. After the last one it returns
// io.EOF, or the error that ended the input. Bytes are valid until the next call.
func (s *splitter) next() (tailer.Line, error) {
	for {
		if i := bytes.IndexByte(s.buf[s.r+s.scanned:s.w], '\n'); i >= 0 {
			return s.take(s.scanned+i, 1), nil
		}
		s.scanned = s.w - s.r
		if s.err != nil {
			if s.scanned == 0 && !s.begun {
				return tailer.Line{}, s.err
			}
			return s.take(s.scanned, 0), nil
		}
		s.fill()
	}
}

// take returns the line that ends n bytes into the buffer, followed by newline
// bytes (1, or 0 at the end of the input).
func (s *splitter) take(n, newline int) tailer.Line {
	text := s.buf[s.r : s.r+n]
	if !s.begun {
		s.start, s.cut = s.off, 0
		if len(text) > s.limit {
			text, s.cut = text[:s.limit], int64(len(text)-s.limit)
		}
	} else {
		s.keep(text)
		text = s.long
		s.long = s.long[:0]
		if cap(s.long) > keepSize {
			s.long = nil
		}
		s.begun = false
	}
	s.r += n + newline
	s.scanned = 0
	s.off += int64(n + newline)
	return tailer.Line{
		Bytes: text,
		Pos:   tailer.Position{Offset: s.start, End: s.off},
		Cut:   s.cut,
		Open:  newline == 0,
	}
}

// keep adds text to the line that outgrew the buffer, as far as the limit allows.
func (s *splitter) keep(text []byte) {
	room := max(s.limit-len(s.long), 0)
	if len(text) > room {
		s.cut += int64(len(text) - room)
		text = text[:room]
	}
	s.long = append(s.long, text...)
}

// fill makes room in the buffer and reads once. Afterwards there are more bytes,
// or s.err is set.
func (s *splitter) fill() {
	switch {
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
	s.keep(s.buf[s.r:s.w])
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
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
		s.fill()
	}
	return s.buf[s.r:s.w]
}
