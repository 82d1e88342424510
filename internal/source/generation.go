package source

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"tailer"
)

// errReplaced says that what was read of a file is not in it any more: it was
// truncated, and perhaps written anew since.
var errReplaced = errors.New("the content before the offset has changed")

// A generation is one of the files that a log has been, from its creation to its
// rotation. It is an io.Reader of what the file gets, for its splitter.
type generation struct {
	id    string
	path  string // where it was seen last
	inode inode
	file  *os.File      // nil for a compressed one
	plain *decompressor // of a compressed one
	close func() error

	head   []byte
	start  int64  // where reading goes on; lines before it are context
	offset int64  // next byte to read
	before []byte // the bytes before offset, at most beforeMax
	end    int64  // of the last line that was handed on
	anchor []byte // the bytes before end, and some more
	lines  *splitter
	from   *tailer.Checkpoint // where it goes on from; nil for one that is read from its start

	rotated bool      // the name stands for another file now, or for none
	ended   bool      // nothing will be added to it
	grown   time.Time // when it was last seen to grow
	found   time.Time // its modification time when it was found
	size    int64     // at the last look
	changed time.Time // its modification time at the last look
	scratch []byte
}

// NewID returns a name for a source that no other has.
func NewID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// openGeneration opens the file at path; c says where to read on, nil from the
// start. With context, lines before that are read again.
func openGeneration(path string, c *tailer.Checkpoint, context bool, keep int, now time.Time) (*generation, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "follow", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	g := &generation{id: NewID(), path: path, inode: inodeOf(info), file: file, close: file.Close, grown: now}
	if c != nil {
		from := *c
		g.from, g.id, g.start, g.offset = &from, c.Source, c.Offset, c.Offset
		if context {
			g.offset = contextBefore(file, c.Offset)
		}
		g.head = bytesBefore(file, min(int64(headMax), g.offset), headMax)
		g.before = bytesBefore(file, g.offset, beforeMax)
	}
	g.begin(keep)
	return g, nil
}

// begin makes the splitter, which reads from g.offset on.
func (g *generation) begin(keep int) {
	g.end, g.anchor = g.offset, bytes.Clone(g.before)
	g.lines = newSplitter(g, keep)
	g.lines.off = g.offset
}

// next returns the next whole line. tailer.ErrPause: there is none now; io.EOF:
// there will be none; errReplaced.
func (g *generation) next() (*tailer.Line, error) {
	if g.lines.resting() && g.file != nil && !g.moved() && g.size == g.offset {
		return nil, g.atEnd()
	}
	line, err := g.lines.next()
	if err != nil {
		return line, err
	}
	if line.Open && errors.Is(g.lines.err, errReplaced) {
		return nil, errReplaced // where its other half is, if anywhere, it is whole
	}
	line.Pos.Source = g.id
	g.end = line.Pos.End
	g.note(line)
	return line, nil
}

// note keeps the bytes before end.
func (g *generation) note(line *tailer.Line) {
	text := line.Bytes
	if line.Cut > 0 { // its end was not kept
		g.anchor = g.readBefore(line.Pos.End)
		return
	}
	if over := len(text) - beforeMax; over > 0 {
		text = text[over:]
	}
	g.anchor = append(g.anchor, text...)
	if !line.Open {
		g.anchor = append(g.anchor, '\n')
	}
	if over := len(g.anchor) - beforeMax; over > maxSurplus { // not with each line
		g.anchor = append(g.anchor[:0], g.anchor[over:]...)
	}
}

// maxSurplus is how many bytes more than are needed an anchor may have.
const maxSurplus = 4 << 10

// anchored is the bytes before end, at most beforeMax.
func (g *generation) anchored() []byte { return g.anchor[max(0, len(g.anchor)-beforeMax):] }

func (g *generation) readBefore(end int64) []byte {
	if g.file == nil {
		return nil
	}
	return bytesBefore(g.file, end, beforeMax)
}

// Read implements io.Reader. It returns tailer.ErrPause where a file ends that
// may grow.
func (g *generation) Read(p []byte) (int, error) {
	if g.plain != nil {
		n, err := g.plain.Read(p)
		g.advance(p[:n])
		return n, err
	}
	changed, err := g.look()
	if err != nil {
		return 0, err
	}
	if !changed {
		return 0, g.atEnd()
	}
	// Logs have records of one length with one end, so the head is looked at too.
	if !g.hasHead() {
		return 0, errReplaced
	}
	// The bytes before the offset are read again together with those behind it:
	// whoever truncates the file and writes it anew in between is found out.
	old := len(g.before)
	if need := old + min(len(p), chunkSize); cap(g.scratch) < need {
		g.scratch = make([]byte, need)
	}
	b := g.scratch[:old+min(len(p), chunkSize)]
	n, err := g.file.ReadAt(b, g.offset-int64(old))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n < old || !bytes.Equal(b[:old], g.before) {
		return 0, errReplaced
	}
	n = copy(p, b[old:n])
	g.advance(p[:n])
	if n == 0 {
		return 0, g.atEnd()
	}
	return n, nil
}

// hasHead reports whether the file still begins as it did.
func (g *generation) hasHead() bool {
	var b [headMax]byte
	n, _ := g.file.ReadAt(b[:len(g.head)], 0)
	return bytes.Equal(b[:n], g.head)
}

// look reports whether there is something to read.
func (g *generation) look() (bool, error) {
	info, err := g.file.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() < g.offset {
		return false, errReplaced
	}
	same := info.Size() == g.size && info.ModTime().Equal(g.changed)
	g.size, g.changed = info.Size(), info.ModTime()
	return !same || g.size > g.offset, nil
}

func (g *generation) atEnd() error {
	if g.ended {
		return io.EOF
	}
	return tailer.ErrPause
}

// advance notes bytes that were read.
func (g *generation) advance(b []byte) {
	if len(b) == 0 {
		return
	}
	if room := headMax - len(g.head); room > 0 && g.offset == int64(len(g.head)) {
		g.head = append(g.head, b[:min(room, len(b))]...)
	}
	g.offset += int64(len(b))
	if over := len(b) - beforeMax; over > 0 {
		b = b[over:]
	}
	g.before = append(g.before, b...)
	if over := len(g.before) - beforeMax; over > 0 {
		g.before = append(g.before[:0], g.before[over:]...)
	}
}

// checkpoint tells how to know the file again, with nothing resolved.
func (g *generation) checkpoint() tailer.Checkpoint {
	head := g.head[:min(int64(len(g.head)), g.end)]
	c := tailer.Checkpoint{
		Source: g.id, Path: g.path, Device: g.inode.device, Inode: g.inode.number,
		HeadSize: len(head), Head: digest(head), End: g.end, Before: digest(g.anchored()), Ended: g.ended, Seen: g.grown.UTC(),
	}
	if c.End == 0 {
		c.Seen = g.found.UTC() // see Follower.allSeen
	}
	if f := g.from; f != nil && f.Before != "" && f.End > g.end { // not as far yet as the last run was
		c.HeadSize, c.Head, c.End, c.Before = f.HeadSize, f.Head, f.End, f.Before
	}
	return c
}
