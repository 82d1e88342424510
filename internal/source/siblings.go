package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tailer"
)

// candidate is a file that may be one that the log has been.
type candidate struct {
	path    string
	live    bool // the name stands for it
	inode   inode
	size    int64
	changed time.Time
}

func (c *candidate) look() look { return look{c.size, c.changed} }

// candidates returns the log's files in the order in which they were written:
// its rotated siblings, oldest first, then the live one. whole is false if one got
// another name meanwhile.
func (f *Follower) candidates() (out []candidate, whole bool) {
	whole = true
	seen := map[inode]bool{}
	name := filepath.Base(f.log)
	for _, dir := range f.dirs() {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // Look has told it
		}
		var paths []string
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), name) && entry.Name() != name && rotationOf(entry.Name()).log == name {
				paths = append(paths, filepath.Join(dir, entry.Name()))
			}
		}
		if target, err := filepath.EvalSymlinks(f.log); err == nil && filepath.Dir(target) == dir && filepath.Base(target) != name {
			paths = append(paths, siblingsOf(target, entries)...)
		}
		paths = f.withResumed(paths, dir, entries)
		slices.SortFunc(paths, compareLogs)
		for _, path := range paths {
			c, ok := candidateAt(path)
			if _, err := os.Lstat(path); !ok && errors.Is(err, fs.ErrNotExist) {
				whole = false
			} else if ok && !seen[c.inode] {
				seen[c.inode] = true
				out = append(out, c)
			}
		}
	}
	if c, ok := candidateAt(f.log); ok {
		c.live = true
		out = slices.DeleteFunc(out, func(other candidate) bool { return other.inode == c.inode })
		out = append(out, c)
	}
	return out, whole
}

// siblingsOf returns the rotated siblings of the file that a log's name is a link
// to.
func siblingsOf(target string, entries []os.DirEntry) (paths []string) {
	name := filepath.Base(target)
	for _, entry := range entries {
		if entry.Name() != name && rotationOf(entry.Name()).log == name {
			paths = append(paths, filepath.Join(filepath.Dir(target), entry.Name()))
		}
	}
	return paths
}

func candidateAt(path string) (candidate, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return candidate{}, false
	}
	return candidate{path: path, inode: inodeOf(info), size: info.Size(), changed: info.ModTime()}, true
}

// discover opens what is to be read: the file that the name stands for, what is
// left of files of the last run, and files that came and went unseen.
func (f *Follower) discover(now time.Time) {
	if now.Before(f.retry) {
		return
	}
	f.complete = false
	var unknown []candidate
	seen := map[inode]look{}
	all, whole := f.candidates()
	for _, c := range all {
		if f.isOpen(c) {
			continue
		}
		if old, ok := f.seen[c.inode]; ok && old == c.look() && !c.live {
			seen[c.inode] = old
			continue
		}
		unknown = append(unknown, c)
	}
	f.seen = seen
	// Who has the inode too comes first: contents can be equal.
	var left []candidate
	for _, c := range unknown {
		if i := f.resumable(c, true); i >= 0 {
			f.open(c, &f.resume[i], now)
			f.resume = slices.Delete(f.resume, i, i+1)
			continue
		}
		left = append(left, c)
	}
	for _, c := range left {
		if f.examine(c, now) {
			f.retry = now.Add(lookAgain)
			return // what came after it is read after it
		}
	}
	if !whole { // what has moved is found under its new name
		f.until = later(f.until, now.Add(settled))
		return
	}
	f.first, f.complete, f.looked = false, true, now
}

// isOpen reports whether a file is open already, and notes its name.
func (f *Follower) isOpen(c candidate) bool {
	for _, g := range f.gens {
		if g.file != nil && g.inode == c.inode {
			g.path = c.path
			if c.live {
				g.rotated = false
			}
			return true
		}
	}
	return false
}

// resumable returns which checkpoint of the last run the plain file c goes on
// from, -1 for none.
func (f *Follower) resumable(c candidate, sameInode bool) int {
	if len(f.resume) == 0 {
		return -1
	}
	file, err := os.Open(c.path)
	if err != nil {
		return -1
	}
	defer func() { _ = file.Close() }()
	if isCompressed(file) {
		return -1 // it may have the inode of one of which no line was read
	}
	best := -1
	for i := range f.resume {
		r := &f.resume[i]
		same := c.inode == inode{r.Device, r.Inode}
		if sameInode != same || !same && r.End == 0 || !holds(file, c.size, r) {
			continue
		}
		if best < 0 || r.End > f.resume[best].End {
			best = i
		}
	}
	return best
}

// examine decides what an unknown file is. wait says that this can't be told yet.
func (f *Follower) examine(c candidate, now time.Time) (wait bool) {
	if !c.live && len(f.gens) >= maxOpen {
		return true
	}
	old := c.changed.Before(f.since)
	if old && !c.live && !f.first && len(f.resume) == 0 {
		f.seen[c.inode] = c.look()
		return false
	}
	file, err := os.Open(c.path)
	if err != nil {
		if c.live {
			f.say("log can't be opened", err)
			return false
		}
		if !errors.Is(err, fs.ErrNotExist) { // it is not for us to read
			f.seen[c.inode] = c.look()
			return false
		}
		f.until = later(f.until, now.Add(settled))
		return true
	}
	defer func() { _ = file.Close() }()
	if isCompressed(file) {
		return f.examineCompressed(c, now)
	}
	if !c.live && f.mayBecomeArchive(file, c, now) {
		f.until = later(f.until, now.Add(settled))
		return true
	}
	if c.live && holdsLocalLog(file) {
		f.say("log can't be followed", errLocalLive)
		return false
	}
	if i := f.resumable(c, false); i >= 0 {
		f.open(c, &f.resume[i], now)
		f.resume = slices.Delete(f.resume, i, i+1)
		return false
	}
	if !c.live && f.isCopy(file, c.size) {
		return false // of a file that is open; it is looked at again once that is not
	}
	known := f.known(func(old *tailer.Checkpoint) bool { return holds(file, c.size, old) })
	switch {
	case known != nil && (c.live || c.size > known.End):
		f.openRest(c, known, now)
	case known != nil:
		f.seen[c.inode] = c.look()
	case c.live:
		f.openLive(c, file, now)
	case old:
		f.remember(c, file, now)
	case now.Sub(c.changed) < settled && f.mayBecomeCopy(file, c.size):
		f.until = later(f.until, now.Add(settled))
		return true
	default:
		f.cfg.Logger.Info("rotated log found", "path", c.path)
		f.open(c, nil, now)
	}
	return false
}

// mayBecomeArchive reports whether too little is in a file to tell what it will be. A
// compressor has the file before it has anything to put into it.
func (f *Follower) mayBecomeArchive(file io.ReaderAt, c candidate, now time.Time) bool {
	head := make([]byte, longestMagic)
	if n, _ := file.ReadAt(head, 0); n == len(head) {
		return false
	}
	age := now.Sub(c.changed)
	return age < settled || hasArchiveName(c.path) && age < lookOver
}

// mayBecomeCopy reports whether a file begins as one that is known and is shorter:
// a copy of it may be in the making.
func (f *Follower) mayBecomeCopy(file io.ReaderAt, size int64) bool {
	begins := func(c *tailer.Checkpoint) bool { return c.End > size && beginsAs(file, size, c) }
	for i := range f.resume {
		if begins(&f.resume[i]) {
			return true
		}
	}
	for _, g := range f.gens {
		if c := g.checkpoint(); begins(&c) {
			return true
		}
	}
	return f.known(begins) != nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// isCopy reports whether a file is the copy of one that is open.
func (f *Follower) isCopy(file io.ReaderAt, size int64) bool {
	for _, g := range f.gens {
		if c := g.checkpoint(); c.End > 0 && holds(file, size, &c) {
			return true
		}
	}
	return false
}

// known returns the file that was let go and of which test says that it is the
// one, the longest if there are several; nil for none.
func (f *Follower) known(test func(*tailer.Checkpoint) bool) (best *tailer.Checkpoint) {
	for i := range f.past {
		if c := &f.past[i]; c.End > 0 && (best == nil || c.End > best.End) && test(c) {
			best = c
		}
	}
	return best
}

// openLive opens the file that the name stands for, which was never read.
func (f *Follower) openLive(c candidate, file *os.File, now time.Time) {
	if f.first && f.cfg.FromEnd {
		tail := bytesBefore(file, c.size, 64<<10)
		at := c.size - int64(len(tail)) + int64(bytes.LastIndexByte(tail, '\n')+1)
		f.open(c, &tailer.Checkpoint{Source: NewID(), Offset: at, End: at}, now)
		return
	}
	f.open(c, nil, now)
}

// openRest opens a file of which the beginning was read under another name. It is
// the same source.
func (f *Follower) openRest(c candidate, known *tailer.Checkpoint, now time.Time) {
	from := *known
	g, err := openGeneration(c.path, &tailer.Checkpoint{Source: from.Source, Offset: from.End, End: from.End}, false, f.keep, now)
	if err != nil {
		f.say("log can't be opened", err)
		return
	}
	g.start = from.Offset
	f.forget(from.Source)
	f.add(g, &c)
}

// allSeen is the time before which a file that nothing is known of is old news. A
// file that was found and of which no line was read is known by its inode alone: if
// it is compressed before the next run, nothing is known of it.
func (f *Follower) allSeen() time.Time {
	seen := f.looked
	earlier := func(c *tailer.Checkpoint) {
		if c.End == 0 && c.Seen.Before(seen) {
			seen = c.Seen
		}
	}
	for i := range f.resume {
		earlier(&f.resume[i])
	}
	for _, g := range f.gens {
		c := g.checkpoint()
		earlier(&c)
	}
	return seen
}

// forget removes a file from those that were let go, for it goes on.
func (f *Follower) forget(id string) {
	f.past = slices.DeleteFunc(f.past, func(c tailer.Checkpoint) bool { return c.Source == id })
}

func (f *Follower) open(c candidate, from *tailer.Checkpoint, now time.Time) {
	context := from != nil && from.Before != "" // of the last run; else it begins here
	g, err := openGeneration(c.path, from, context, f.keep, now)
	if err != nil {
		f.say("log can't be opened", err)
		return
	}
	f.add(g, &c)
}

// add puts a file in its place: rotated ones are read before the live one.
func (f *Follower) add(g *generation, c *candidate) {
	f.said = ""
	g.rotated, g.found = !c.live, c.changed
	at := len(f.gens)
	for i, other := range f.gens {
		if !c.live && !other.rotated {
			at = i
			break
		}
	}
	f.gens = slices.Insert(f.gens, at, g)
}

// remember notes a file that was there before tailer, so that it is known again
// when it is compressed.
func (f *Follower) remember(c candidate, file *os.File, now time.Time) {
	f.seen[c.inode] = c.look()
	head := bytesBefore(file, min(headMax, c.size), headMax)
	before := bytesBefore(file, c.size, beforeMax)
	if len(head) == 0 || before == nil {
		return
	}
	f.past = append(f.past, tailer.Checkpoint{
		Source: NewID(), Path: c.path, Device: c.inode.device, Inode: c.inode.number, HeadSize: len(head), Head: digest(head),
		Offset: c.size, End: c.size, Before: digest(before), Ended: true, Seen: now.UTC(),
	})
}

// errLocalLive says that a log is of Docker's `local` driver.
var errLocalLive = errors.New("it is a file of Docker's local driver, which is no text; follow the container instead: docker:NAME")

func holdsLocalLog(file io.ReaderAt) bool {
	head := make([]byte, localHead)
	n, _ := file.ReadAt(head, 0)
	return isLocalLog(head[:n])
}

// isCompressed looks at the first bytes, never at the name.
func isCompressed(file io.ReaderAt) bool {
	head := make([]byte, longestMagic)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return formatOf(head[:n]) != ""
}
