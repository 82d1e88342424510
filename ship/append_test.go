//go:build unix

package ship

import (
	"bytes"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// A line of which only a part fits is taken back, so that the file holds whole
// lines only.
func TestWriteWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spans.jsonl")
	file, err := openAppend(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := writeWhole(file, []byte("first\n")); err != nil {
		t.Fatal(err)
	}
	limitFileSize(t, 10)
	if err := writeWhole(file, []byte("second\n")); err == nil {
		t.Error("written beyond the limit")
	}
	if err := writeWhole(file, []byte("3rd\n")); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "first\n3rd\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// limitFileSize makes writes beyond n bytes of a file fail until the test ends.
func limitFileSize(t *testing.T, n uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: before.Max}); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		signal.Reset(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenAppendFails(t *testing.T) {
	directory := t.TempDir()
	for name, path := range map[string]string{"a directory": directory, "no such directory": filepath.Join(directory, "a", "b")} {
		if _, err := NewFileSink(path, nil); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// TestRotated takes the file away: what comes after is in a new one of that name.
func TestRotated(t *testing.T) {
	sinkPath, letterPath := filepath.Join(t.TempDir(), "out.jsonl"), filepath.Join(t.TempDir(), "dead.jsonl")
	sink, err := NewFileSink(sinkPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	letters := NewDeadLetters(letterPath)
	for _, path := range []string{sinkPath, letterPath} {
		for i, name := range []string{"a", "b", "c"} {
			item := newItem(t, name)
			if path == sinkPath {
				err = errors.Join(sink.Send(t.Context(), []*Item{item}), sink.Flush(t.Context()))
			} else {
				err = letters.Add("s", item, &SendError{Class: Refused, Err: errors.New("no")})
			}
			text, readErr := os.ReadFile(path)
			if err := errors.Join(err, readErr); err != nil || bytes.Count(text, []byte("\n")) != 1 || !bytes.Contains(text, []byte(item.TraceID())) {
				t.Fatalf("%s: %v, %s holds %q", name, err, path, text)
			}
			if i == 0 {
				err = os.Rename(path, path+".1")
			} else {
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(sink.Close(), letters.Close()); err != nil {
		t.Error(err)
	}
}
