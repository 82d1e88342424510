package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailer"
)

// TestAlarm tells of whatever happens to an open file, once for each time that it
// was set, and of nothing else.
func TestAlarm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, "one\n")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	a := newAlarm()
	if a == nil {
		t.Skip("no inotify")
	}
	defer a.close()
	for _, step := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"nothing", func() error { return nil }, false},
		{"written to", func() error { write(t, path, "two\n"); return nil }, true},
		{"read", func() error { _, err := os.ReadFile(path); return err }, false},
		{"another is made", func() error { write(t, path+".2", "two\n"); return nil }, false},
		{"renamed", func() error { return os.Rename(path, path+".1") }, true},
		{"written to by another name", func() error { write(t, path+".1", "three\n"); return nil }, true},
		{"truncated", func() error { return os.Truncate(path+".1", 0) }, true},
		{"removed", func() error { return os.Remove(path + ".1") }, true},
	} {
		if !a.set(file) {
			t.Fatal("can't be set")
		}
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		limit := time.Minute
		if !step.want {
			limit = time.Millisecond
		}
		if got := a.wait(t.Context(), limit); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if a.wait(ended, time.Hour) {
		t.Error("told of the context's end")
	}
}

// TestQuiet reads on after the buffers have gone, with half a line in them or not.
func TestQuiet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, "one\n")
	f, err := NewFollower(path, nil, time.Time{}, FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	f.Look()
	read := func(want ...string) {
		t.Helper()
		for _, text := range want {
			if line, err := f.next(); err != nil || string(line.Bytes) != text {
				t.Errorf("got %q, %v, want %q", line.Bytes, err, text)
			}
		}
		if line, err := f.next(); !errors.Is(err, tailer.ErrPause) {
			t.Errorf("got %q, %v", line.Bytes, err)
		}
	}
	read("one")
	g := f.quiet()
	if g == nil || !g.lines.resting() {
		t.Fatal("a log that is read to its end keeps its buffer, or has no alarm")
	}
	write(t, path, "two\nthr")
	f.wait(t.Context(), time.Minute) // returns at once
	read("two")
	if g = f.quiet(); g == nil || g.lines.resting() {
		t.Error("half a line is let go")
	}
	write(t, path, "ee\n")
	read("three")
	f.quiet()
	if err := os.WriteFile(path, []byte("new\nand more\nof it\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read("new", "and more", "of it")
	f.alarm.missed = mostMissed
	if f.alarm.reliable(true) {
		t.Error("an alarm that missed changes is relied on")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}
