package source_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/source"
	"tailer/state"
)

// followed is a log, its writer, and the follower that reads it. Time is the
// test's.
type followed struct {
	t       *testing.T
	log     string
	now     time.Time
	tracker *state.Tracker
	f       *source.Follower
	s       *source.Stream
	saved   []tailer.Checkpoint
	savedAt time.Time
	written int
	got     []string
	fromEnd bool
	ends    bool
}

func follow(t *testing.T) *followed {
	x := &followed{t: t, log: filepath.Join(t.TempDir(), "app.log"), now: time.Now()}
	x.append(10)
	x.start()
	return x
}

// start begins a run at the last checkpoint.
func (x *followed) start() {
	x.t.Helper()
	x.tracker = state.NewTracker()
	for _, c := range x.saved {
		x.tracker.Resume(c.Source, c.Offset, c.Resolved)
	}
	var err error
	x.f, err = source.NewFollower(x.log, x.saved, x.savedAt, source.FollowConfig{FromEnd: x.fromEnd, Ends: x.ends, Now: func() time.Time { return x.now }})
	if err != nil {
		x.t.Fatal(err)
	}
	x.s = x.f.Stream()
	x.t.Cleanup(func() { _ = x.s.Close() })
}

// stop ends a run with a checkpoint.
func (x *followed) stop() {
	x.t.Helper()
	x.saved, x.savedAt = x.f.Checkpoints(x.tracker), x.now
	if err := x.s.Close(); err != nil {
		x.t.Fatal(err)
	}
	x.pass(time.Minute)
}

// append writes numbered lines to the log.
func (x *followed) append(n int) { x.appendTo(x.log, n) }

func (x *followed) appendTo(path string, n int) {
	x.t.Helper()
	for range n {
		x.written++
		x.raw(path, fmt.Sprintf("line %06d %s\n", x.written, strings.Repeat("x", x.written%37)))
	}
}

func (x *followed) raw(path, text string) {
	x.t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		x.t.Fatal(err)
	}
}

func (x *followed) rename(from, to string) {
	x.t.Helper()
	if err := os.Rename(from, to); err != nil {
		x.t.Fatal(err)
	}
}

// compress makes a gzip of a file and removes it.
func (x *followed) compress(path string) {
	x.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		x.t.Fatal(err)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close(), os.WriteFile(path+".gz", out.Bytes(), 0o644), os.Remove(path)); err != nil {
		x.t.Fatal(err)
	}
}

// copyTruncate copies the log and empties it in place.
func (x *followed) copyTruncate(to string) {
	x.t.Helper()
	text, err := os.ReadFile(x.log)
	if err := errors.Join(err, os.WriteFile(to, text, 0o644), os.Truncate(x.log, 0)); err != nil {
		x.t.Fatal(err)
	}
}

// pass lets time pass.
func (x *followed) pass(d time.Duration) { x.now = x.now.Add(d) }

// read takes all lines that are there; each is resolved at once.
func (x *followed) read() {
	x.t.Helper()
	x.s.Look()
	for {
		line, err := x.s.Next()
		if errors.Is(err, tailer.ErrPause) {
			return
		}
		if err != nil {
			x.t.Fatal(err)
		}
		if !x.tracker.IsContext(line.Pos) {
			x.got = append(x.got, string(line.Bytes))
		}
		x.tracker.Advance(line.Pos.Source, line.Pos.End)
	}
}

// settle looks and reads until nothing can be left to find.
func (x *followed) settle() {
	for range 60 {
		x.read()
		x.pass(time.Second)
	}
	x.read()
}

// check wants every line that was written exactly once, in any order of files.
func (x *followed) check() {
	x.t.Helper()
	x.settle()
	seen := map[string]int{}
	for _, line := range x.got {
		seen[line[:min(len(line), 11)]]++
	}
	for n := 1; n <= x.written; n++ {
		if got := seen[fmt.Sprintf("line %06d", n)]; got != 1 {
			x.t.Fatalf("line %d of %d was read %d times", n, x.written, got)
		}
	}
	if len(x.got) != x.written {
		x.t.Errorf("%d lines were read, %d written", len(x.got), x.written)
	}
}
