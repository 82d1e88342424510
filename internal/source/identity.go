package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"tailer"
)

const (
	// headMax is how many of the first bytes of a file tell it from others, as
	// far as it has them. Two runs of one LiteLLM can begin alike for longer than
	// that (1.109.1, text: 1,408 bytes), so the head alone never decides.
	headMax = 1 << 10
	// beforeMax is how many of the bytes before an offset do.
	beforeMax = 256
)

// inode is what a file system calls a file. It gives the number of a deleted
// file to another.
type inode struct{ device, number uint64 }

func inodeOf(info fs.FileInfo) inode {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return inode{uint64(stat.Dev), stat.Ino} //nolint:unconvert // Dev is narrower on other systems
	}
	return inode{}
}

// Digest returns a short name for a text, for file names.
func Digest(text string) string { return digest([]byte(text)) }

// digest is enough of a hash to tell bytes apart that nobody forges.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// bytesBefore returns the n bytes that end at offset, fewer at the start; nil when they
// can't be read.
func bytesBefore(r io.ReaderAt, offset int64, n int) []byte {
	n = int(min(int64(n), offset))
	b := make([]byte, n)
	if _, err := r.ReadAt(b, offset-int64(n)); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b
}

// contextMax is how many bytes before its low-water mark a source is read again
// after a restart. What was made of them is resolved; they are read for what
// they tell of their neighbours: who was in flight, which attempt failed.
const contextMax = 1 << 20

// contextBefore returns where a line begins, at most contextMax bytes before
// offset; offset itself if none does.
func contextBefore(r io.ReaderAt, offset int64) int64 {
	from := offset - contextMax
	if from <= 0 {
		return 0
	}
	buf := make([]byte, 64<<10)
	for at := from; at < offset; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), offset-at)], at)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1
		}
		at += int64(n)
		if err != nil || n == 0 {
			break
		}
	}
	return offset
}

// holds reports whether r has the content that c was made of: its head, and the
// bytes before its end. It may have more. size is r's length in bytes.
func holds(r io.ReaderAt, size int64, c *tailer.Checkpoint) bool {
	return size >= c.End && beginsAs(r, size, c) && digest(bytesBefore(r, c.End, beforeMax)) == c.Before
}

// beginsAs reports whether r has the head of c.
func beginsAs(r io.ReaderAt, size int64, c *tailer.Checkpoint) bool {
	if size < int64(c.HeadSize) || c.HeadSize > headMax {
		return false
	}
	head := make([]byte, c.HeadSize)
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return digest(head) == c.Head
}

// withResumed adds to paths those files of a folder that the last run has not read to
// their end, whatever they are called: a link may have led to one that leads to
// another by now.
func (f *Follower) withResumed(paths []string, dir string, entries []os.DirEntry) []string {
	if len(f.resume) == 0 {
		return paths
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		path, at := filepath.Join(dir, entry.Name()), inodeOf(info)
		unread := func(c tailer.Checkpoint) bool { return at == inode{c.Device, c.Inode} }
		if !slices.Contains(paths, path) && path != f.log && slices.ContainsFunc(f.resume, unread) {
			paths = append(paths, path)
		}
	}
	return paths
}
