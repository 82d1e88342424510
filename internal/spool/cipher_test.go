package spool

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretLines are what a log may hold in clear text.
var secretLines = []byte(strings.Repeat("Authorization: Bearer made-up-0123456789\n", 20_000)) // three chunks

// TestHidden looks for plain text on disk, reads every part back, also after a
// crash, and throws the key away once all is released.
func TestHidden(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "spool", "stdin.db")
	open := func() *Spool {
		t.Helper()
		s, err := Open(path, Config{MaxBytes: 16 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if err := s.Append(context.Background(), secretLines); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		for _, name := range []string{path, path + ".key"} {
			raw, err := os.ReadFile(name)
			if err != nil || bytes.Contains(raw, []byte("made-up")) || bytes.Contains(raw, []byte("Bearer")) {
				t.Errorf("%s: %s is readable, %v", when, name, err)
			}
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s: %v, %v", when, name, info.Mode(), err)
			}
		}
	}
	read := func(s *Spool) {
		t.Helper()
		buffer := make([]byte, 1000)
		for offset := int64(0); offset < int64(len(secretLines)); offset += 77_777 {
			n, err := s.ReadAt(buffer, offset)
			if err != nil || n == 0 || !bytes.Equal(buffer[:n], secretLines[offset:offset+int64(n)]) {
				t.Fatalf("at %d: %d bytes, %v: %.40q", offset, n, err, buffer[:n])
			}
		}
	}
	look("held")
	read(s)
	key := readKey(t, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	read(s)
	if !bytes.Equal(key, readKey(t, path)) {
		t.Error("the key changed while it was needed")
	}
	if err := s.Release(int64(len(secretLines))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("released")
	after := readKey(t, path)
	if bytes.Equal(key, after) {
		t.Error("the key of an empty spool was kept")
	}
	s = open()
	if bytes.Equal(after, readKey(t, path)) {
		t.Error("an empty spool was opened with its old key")
	}
	if err := s.Append(context.Background(), []byte("more")); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 10)
	if n, err := s.ReadAt(buffer, int64(len(secretLines))); err != nil || string(buffer[:n]) != "more" {
		t.Errorf("%q, %v", buffer[:n], err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"cut":  func() error { return os.WriteFile(path+".key", []byte("short"), 0o600) },
		"gone": func() error { return os.Remove(path + ".key") },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Config{MaxBytes: 16 << 20}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "stdin.db.key") {
			t.Errorf("the key is %s: %v", name, err)
		}
	}
}

func readKey(t *testing.T, path string) []byte {
	t.Helper()
	key, err := os.ReadFile(path + ".key")
	if err != nil || len(key) != keyBytes {
		t.Fatalf("key of %d bytes, %v", len(key), err)
	}
	return key
}
