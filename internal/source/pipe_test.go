package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
	"tailer/internal/source"
	"tailer/internal/spool"
	"tailer/state"
)

// linesOf reads a stream until it has so many lines, or its end.
func linesOf(t *testing.T, s *source.Stream, tracker *state.Tracker, n int) (lines []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(lines) < n && ctx.Err() == nil {
		line, err := s.Next()
		switch {
		case errors.Is(err, tailer.ErrPause):
			s.Look()
			s.Wait(ctx, 20*time.Millisecond)
		case errors.Is(err, io.EOF):
			return lines
		case err != nil:
			t.Fatal(err)
		default:
			if !tracker.IsContext(line.Pos) {
				lines = append(lines, string(line.Bytes))
			}
			tracker.Advance(line.Pos.Source, line.Pos.End)
		}
	}
	return lines
}

func openSpool(t *testing.T, path string, cfg spool.Config) *spool.Spool {
	t.Helper()
	kept, err := spool.Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// TestPipe reads a pipe, dies with lines that are not resolved and half a line,
// and reads those again first.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool.db")
	cfg := spool.Config{MaxBytes: 1 << 20}
	kept := openSpool(t, path, cfg)
	r, w := io.Pipe()
	p, err := source.NewPipe("-", r, kept, nil, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := range 10 {
			_, _ = fmt.Fprintf(w, "line %d\n", n)
		}
		_, _ = io.WriteString(w, "half a li")
	}()
	tracker := state.NewTracker()
	got := linesOf(t, p.Stream(), tracker, 10)
	if len(got) != 10 || got[9] != "line 9" {
		t.Fatalf("read %q", got)
	}
	// Lines 0 to 5 are resolved.
	early := state.NewTracker()
	early.Advance(p.Checkpoints(early)[0].Source, 6*int64(len("line 0\n")))
	saved := p.Checkpoints(early)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}

	kept = openSpool(t, path, cfg)
	defer func() { _ = kept.Close() }()
	p, err = source.NewPipe("-", io.NopCloser(strings.NewReader("another\nlast, open")), kept, saved, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	tracker = state.NewTracker()
	tracker.Resume(saved[0].Source, saved[0].Offset, nil)
	got = linesOf(t, p.Stream(), tracker, 100)
	want := []string{"line 6", "line 7", "line 8", "line 9", "half a li", "another", "last, open"}
	if !slices.Equal(got, want) {
		t.Errorf("after a restart: %q, want %q", got, want)
	}
	_, end := kept.Bounds()
	if c := p.Checkpoints(tracker); c[0].Offset != end {
		t.Errorf("the end is %d, the checkpoint %d", end, c[0].Offset)
	}
}

// TestPipeDrops goes on at the beginning of a line behind what was dropped.
func TestPipeDrops(t *testing.T) {
	kept := openSpool(t, filepath.Join(t.TempDir(), "spool.db"), spool.Config{MaxBytes: 1 << 20, DropOldest: true})
	defer func() { _ = kept.Close() }()
	r, w, err := os.Pipe() // holds what comes while the disk is busy
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.NewPipe("-", r, kept, nil, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	const lines = 60_000 // of 64 bytes: far more than there is room for
	go func() {
		for n := range lines {
			_, _ = fmt.Fprintf(w, "line %06d %s\n", n, strings.Repeat("x", 51))
		}
		_ = w.Close()
	}()
	for kept.Dropped() == 0 && t.Context().Err() == nil {
		<-time.After(time.Millisecond) // nobody reads yet
	}
	got := linesOf(t, p.Stream(), state.NewTracker(), lines)
	for _, line := range got {
		if len(line) != 63 || !strings.HasPrefix(line, "line ") {
			t.Fatalf("a torn line: %q", line)
		}
	}
	if len(got) == 0 || len(got) == lines || !slices.IsSorted(got) || !strings.HasPrefix(got[len(got)-1], fmt.Sprintf("line %06d", lines-1)) {
		t.Errorf("%d lines, sorted: %v", len(got), slices.IsSorted(got))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// quick is a spool that takes no time and keeps nothing.
type quick struct{}

func (quick) Append(context.Context, []byte) error { return nil }
func (quick) ReadAt([]byte, int64) (int, error)    { return 0, io.EOF }
func (quick) Bounds() (first, end int64)           { return 0, 0 }
func (quick) Release(int64) error                  { return nil }

// TestPipeClosesWhileBusy does not wait for a writer that never pauses.
func TestPipeClosesWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		written := make(chan struct{})
		go func() {
			defer close(written)
			for range 60_000 {
				if _, err := io.WriteString(w, "a line of a busy proxy\n"); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		p, err := source.NewPipe("-", r, quick{}, nil, source.FollowConfig{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		began := time.Now()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("closed after %v", took)
		}
		<-written
	})
}
