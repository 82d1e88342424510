package source

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"tailer"
)

// archive is what a compressed file was found to be.
type archive struct {
	size  int64
	head  []byte
	tail  []byte // its last bytes, at most beforeMax
	match map[string]bool
}

// examineCompressed decides what an unknown compressed file is. It is read to
// its end for that, once. wait says that it is still being written.
func (f *Follower) examineCompressed(c candidate, now time.Time) (wait bool) {
	if c.live {
		f.say("log is compressed: it can't be followed", errors.New("compressed"))
		return false
	}
	marks := slices.Concat(f.resume, f.past)
	for _, g := range f.gens {
		marks = append(marks, g.checkpoint())
	}
	found, err := readArchive(c.path, marks)
	if err != nil {
		if now.Sub(c.changed) < lookOver || errors.Is(err, fs.ErrNotExist) { // it is being written, or has moved
			f.until = later(f.until, now.Add(settled))
			return true
		}
		f.seen[c.inode] = c.look()
		f.counts.Damaged++
		f.cfg.Logger.Warn("compressed log is damaged", "err", err)
		return false
	}
	f.seen[c.inode] = c.look()
	longest := func(list []tailer.Checkpoint) int {
		best := -1
		for i := range list {
			if found.match[list[i].Source] && (best < 0 || list[i].End > list[best].End) {
				best = i
			}
		}
		return best
	}
	if i := longest(f.resume); i >= 0 {
		r := f.resume[i]
		f.resume = slices.Delete(f.resume, i, i+1)
		f.openArchive(c, &r, found, now)
		return false
	}
	for _, g := range f.gens {
		if found.match[g.id] {
			return false // the plain file is still open, and is read to its end
		}
	}
	if i := longest(f.past); i >= 0 {
		if known := f.past[i]; found.size > known.End {
			f.openArchive(c, &tailer.Checkpoint{Source: known.Source, Offset: known.End, End: known.End}, found, now)
			for _, g := range f.gens {
				if g.id == known.Source {
					g.start = known.Offset
				}
			}
			f.forget(known.Source)
		}
		return false
	}
	if !c.changed.Before(f.since) {
		f.cfg.Logger.Info("rotated log found", "path", c.path)
		f.openArchive(c, &tailer.Checkpoint{Source: NewID()}, found, now)
	}
	return false
}

// readArchive reads a compressed file to its end and tells which marks it holds.
func readArchive(path string, marks []tailer.Checkpoint) (*archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	plain, err := decompress(file, path)
	if err != nil {
		return nil, err
	}
	defer plain.close()
	marks = slices.DeleteFunc(slices.Clone(marks), func(c tailer.Checkpoint) bool { return c.End == 0 })
	slices.SortFunc(marks, func(a, b tailer.Checkpoint) int { return cmp.Compare(a.End, b.End) })
	a := &archive{match: map[string]bool{}}
	buf := make([]byte, 64<<10)
	for {
		n, err := plain.Read(buf)
		chunk := buf[:n]
		for len(marks) > 0 && marks[0].End <= a.size+int64(len(chunk)) {
			k := marks[0].End - a.size
			a.take(chunk[:k])
			chunk = chunk[k:]
			if m := &marks[0]; len(a.head) >= m.HeadSize && digest(a.head[:m.HeadSize]) == m.Head && digest(a.tail) == m.Before {
				a.match[m.Source] = true
			}
			marks = marks[1:]
		}
		a.take(chunk)
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Write implements io.Writer.
func (a *archive) Write(b []byte) (int, error) {
	a.take(b)
	return len(b), nil
}

func (a *archive) take(b []byte) {
	a.size += int64(len(b))
	if room := headMax - len(a.head); room > 0 {
		a.head = append(a.head, b[:min(room, len(b))]...)
	}
	if over := len(b) - beforeMax; over > 0 {
		b = b[over:]
	}
	a.tail = append(a.tail, b...)
	if over := len(a.tail) - beforeMax; over > 0 {
		a.tail = append(a.tail[:0], a.tail[over:]...)
	}
}

// openArchive reads a compressed file from a checkpoint on.
func (f *Follower) openArchive(c candidate, from *tailer.Checkpoint, found *archive, now time.Time) {
	if from.Offset >= found.size {
		f.past = append(f.past, *from)
		return
	}
	file, err := os.Open(c.path)
	if err != nil {
		f.say("log can't be opened", err)
		return
	}
	plain, err := decompress(file, c.path)
	skipped, begin := &archive{}, from.Offset
	if from.Before != "" { // of the last run: see contextBefore
		begin = max(0, from.Offset-contextMax)
	}
	if err == nil {
		_, err = io.CopyN(skipped, plain, begin)
	}
	if err != nil {
		_ = file.Close()
		f.say("log can't be read", err)
		return
	}
	g := &generation{
		id: from.Source, path: c.path, inode: c.inode, plain: plain, head: found.head, before: skipped.tail,
		from: from, start: from.Offset, offset: begin, ended: true, grown: now,
		close: func() error { plain.close(); return file.Close() },
	}
	g.begin(f.keep)
	if begin > 0 && begin < from.Offset {
		_, _ = g.next() // it begins within a line
	}
	f.add(g, &c)
}

// longestMagic is how many bytes formatOf needs.
const longestMagic = 6

// formatOf tells how content that begins with head is compressed, "" if it is
// not.
func formatOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}): // RFC 1952
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878
		return "zstd"
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}): // xz file format 1.0.4
		return "xz"
	}
	return ""
}
