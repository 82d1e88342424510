package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"tailer"
)

const (
	// fingerprintSize is how many of the first bytes identify a source.
	fingerprintSize = 1 << 10
	// envelopeRoom is how much longer than a line its envelope may make it.
	envelopeRoom = 64 << 10
)

// byteOrderMark is U+FEFF in UTF-8, which some editors put before a text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// errNoStdin says that Open was given "-" and nothing to read.
var errNoStdin = errors.New("open -: no standard input")

// Counts says what a Reader has met so far.
type Counts struct {
	Lines    int64 // lines returned
	Bytes    int64 // bytes of these lines
	Cut      int64 // lines longer than Config.MaxLine
	CutBytes int64 // bytes dropped from them
	Open     int64 // lines that the input's end left without a newline
	Broken   int64 // lines without the detected envelope, returned as they are
	Withheld int64 // texts that the exporting tool left out (journalctl without --all)
	Backward int64 // lines with a Stamp before that of the line returned before them
	NUL      int64 // lines with a NUL byte among the first ones
	Invalid  int64 // lines that are not valid UTF-8 among the first ones
}

// judgedLines are looked at byte by byte, to tell a log from something else. To
// do so with all of them would cost a tenth of what it costs to read a log.
const judgedLines = 1000

// Binary reports whether the input looks like something else than a log: there
// are half as many things that are not text in it as there are lines.
func (c Counts) Binary() bool {
	return c.Lines > 0 && 2*(c.NUL+c.Invalid) >= min(c.Lines, judgedLines)
}

// Reversed reports whether the input has the newest lines first, as logcli and
// some consoles export them: most stamps are before the one that precedes them.
func (c Counts) Reversed() bool {
	return c.Lines > 2 && 2*c.Backward > c.Lines
}

// A Reader yields the lines of one input. It is not safe for concurrent use,
// but for Read.
type Reader struct {
	path     string
	file     io.Closer // nil for standard input
	read     *countingReader
	plain    *decompressor
	lines    lines
	layers   []*layer // outermost first
	limit    int
	identity string
	stamp    time.Time // of the last line that had one
	counts   Counts
}

// Open opens an input and looks at its beginning: how it is compressed, and what
// envelope its lines have. For the input "-" it reads stdin, which the caller
// keeps. Errors are the file system's, and *DamagedError. The caller closes the
// Reader.
func Open(in Input, stdin io.Reader, cfg Config) (*Reader, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if in.Stdin() && stdin == nil {
		return nil, errNoStdin
	}
	r := &Reader{path: in.Path, limit: cfg.MaxLine, read: &countingReader{src: stdin}}
	switch {
	case in.body != nil:
		r.file, r.read.src = in.body, in.body
	case !in.Stdin():
		file, err := os.Open(in.Path)
		if err != nil {
			return nil, err
		}
		r.file, r.read.src = file, file
	}
	r.plain, err = decompress(r.read, in.Path)
	if err != nil {
		_ = r.Close() // the error that matters is err
		return nil, err
	}
	r.start(cfg)
	return r, nil
}

// start reads the beginning of the input and stacks what takes it apart.
func (r *Reader) start(cfg Config) {
	// One more byte than a line may have is kept: it may be a '\r'.
	keep := cfg.MaxLine + 1
	s := newSplitter(r.plain, keep)
	head := s.peek(enough)
	sum := sha256.Sum256(head[:min(len(head), fingerprintSize)])
	r.identity = hex.EncodeToString(sum[:8])
	if bytes.HasPrefix(head, byteOrderMark) {
		s.skip(len(byteOrderMark))
		head = head[len(byteOrderMark):]
	}
	r.lines = s
	envelopes := detect(sampleOf(head, s.err != nil), cfg)
	if len(envelopes) == 0 && isDocument(head) {
		head = s.peek(enoughDocument(keep))
		sample, _ := sampleOfDocument(head, keep)
		if envelopes = detect(sample, cfg); len(envelopes) > 0 {
			r.lines = s.document(keep + envelopeRoom)
		}
	}
	for _, env := range envelopes {
		s.limit = keep + envelopeRoom
		l := newLayer(r.lines, env, keep)
		r.layers = append(r.layers, l)
		r.lines = l
	}
	s.together = cfg.Together && len(r.layers) == 0
}

// Next returns the next line; io.EOF at the end. Another error ends the input
// too, after every line before it. Line.Bytes is valid until the next call. The
// position is that of the line with its envelope; lines that were split and
// written in pieces may be returned after lines that began later.
func (r *Reader) Next() (*tailer.Line, error) {
	line, err := r.lines.next()
	if err != nil {
		return nil, err
	}
	r.finish(line)
	return line, nil
}

// finish makes a line what Next returns.
func (r *Reader) finish(line *tailer.Line) {
	if r.identity != "" {
		line.Pos.Source = r.identity
	}
	if n := len(line.Bytes); n > 0 && line.Bytes[n-1] == '\r' && line.Cut == 0 && !line.Open {
		line.Bytes = line.Bytes[:n-1]
	}
	if over := len(line.Bytes) - r.limit; over > 0 {
		line.Bytes = line.Bytes[:r.limit]
		line.Cut += int64(over)
	}
	r.count(line)
}

func (r *Reader) count(line *tailer.Line) {
	c := &r.counts
	c.Lines += int64(1 + line.More)
	c.Bytes += int64(len(line.Bytes) - line.More)
	if line.Cut > 0 {
		c.Cut++
		c.CutBytes += line.Cut
	}
	if line.Open {
		c.Open++
	}
	if !line.Stamp.IsZero() {
		if line.Stamp.Before(r.stamp) {
			c.Backward++
		}
		r.stamp = line.Stamp
	}
	if c.Lines > judgedLines {
		return
	}
	if bytes.IndexByte(line.Bytes, 0) >= 0 {
		c.NUL++
	}
	if !utf8.Valid(line.Bytes) {
		c.Invalid++
	}
}

// Counts returns what was met so far.
func (r *Reader) Counts() Counts {
	c := r.counts
	for _, l := range r.layers {
		c.Broken += l.broken
		c.Withheld += l.lost
	}
	return c
}

// Read returns how many bytes of the input were consumed, compressed ones if it
// is compressed; it reaches Input.Size at the end. Safe for concurrent use.
func (r *Reader) Read() int64 { return r.read.n.Load() }

// Envelope returns what was detected around the lines, outermost first, as in
// "docker compose + timestamps"; "none" for a bare log.
func (r *Reader) Envelope() string {
	if len(r.layers) == 0 {
		return "none"
	}
	var names []string
	for _, l := range r.layers {
		names = append(names, l.env.name())
	}
	return strings.Join(names, " + ")
}

// Close frees what Open took. Standard input stays open.
func (r *Reader) Close() error {
	if r.plain != nil {
		r.plain.close()
	}
	if r.file == nil {
		return nil
	}
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", r.path, err)
	}
	return nil
}

// A countingReader counts what went through it.
type countingReader struct {
	src io.Reader
	n   atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n.Add(int64(n))
	return n, err
}
