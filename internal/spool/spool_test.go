package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func open(t *testing.T, path string, cfg Config) *Spool {
	t.Helper()
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 1 << 20
	}
	s, err := Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// content reads all that is there.
func content(t *testing.T, s *Spool) (first int64, text []byte) {
	t.Helper()
	first, _ = s.Bounds()
	buf := make([]byte, 1000)
	for {
		n, err := s.ReadAt(buf, first+int64(len(text)))
		text = append(text, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return first, text
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 / 5)
	}
	return b
}

// TestStream reads what was appended, across runs and releases.
func TestStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "spool.db")
	s := open(t, path, Config{MaxBytes: 4 << 20})
	want := pattern(3*maxChunk + 12345)
	if err := s.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if first, got := content(t, s); first != 0 || !bytes.Equal(got, want) {
		t.Fatalf("from %d: %d bytes, want %d", first, len(got), len(want))
	}
	if err := s.Release(2*maxChunk + 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, Config{MaxBytes: 4 << 20})
	if first, got := content(t, s); first != 2*maxChunk || !bytes.Equal(got, want[2*maxChunk:]) {
		t.Fatalf("after a release: from %d, %d bytes", first, len(got))
	}
	if _, err := s.ReadAt(make([]byte, 1), 5); !errors.Is(err, ErrGone) {
		t.Errorf("what was released reads as %v", err)
	}
	_, end := s.Bounds()
	if err := s.Release(end); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), []byte("more")); err != nil {
		t.Fatal(err)
	}
	if first, got := content(t, s); first != end || string(got) != "more" {
		t.Errorf("offsets start anew: %d %q, want %d", first, got, end)
	}
}

func TestFullBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(filepath.Join(t.TempDir(), "spool.db"), Config{MaxBytes: 2 * maxChunk})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if err := s.Append(t.Context(), pattern(2*maxChunk)); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := s.Append(short, []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a full spool takes more: %v", err)
		}
		done := make(chan error)
		go func() { done <- s.Append(t.Context(), []byte("x")) }()
		synctest.Wait()
		if err := s.Release(maxChunk); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s.Dropped() != 0 {
			t.Error("dropped although it may wait")
		}
	})
}

func TestFullDropsOldest(t *testing.T) {
	var told int64
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), Config{
		MaxBytes: 4 * maxChunk, DropOldest: true, OnDrop: func(from, upTo int64) { told += upTo - from },
	})
	want := pattern(20 * maxChunk)
	if err := s.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	first, got := content(t, s)
	if !bytes.Equal(got, want[first:]) || len(got) > 4*maxChunk || len(got) < 2*maxChunk {
		t.Errorf("from %d: %d bytes", first, len(got))
	}
	if s.Dropped() != first || told != first {
		t.Errorf("counted %d and told %d, want %d", s.Dropped(), told, first)
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string][]byte{"text": []byte("hello"), "NULs": make([]byte, 64<<10), "noise": pattern(64 << 10)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Config{MaxBytes: 1 << 20}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	path := filepath.Join(dir, "good")
	_ = open(t, path, Config{})
	if _, err := Open(path, Config{MaxBytes: 1 << 20}); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "small"), Config{MaxBytes: 1}); err == nil {
		t.Error("a spool without room opens")
	}
}

// TestKilled kills a process that appends, at moments that differ: what it said to
// be appended is there, whole, and at most one append more.
func TestKilled(t *testing.T) {
	if path := os.Getenv("TAILER_TEST_SPOOL"); path != "" {
		s, err := Open(path, Config{MaxBytes: 1 << 30})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for i := 0; ; i++ {
			if err := s.Append(t.Context(), record(i)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(i)
		}
	}
	for round := range 8 {
		path := filepath.Join(t.TempDir(), "spool.db")
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilled$")
		cmd.Env = append(os.Environ(), "TAILER_TEST_SPOOL="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := -1
		line := make([]byte, 1)
		var text []byte
		for said < round*9+3 {
			if _, err := out.Read(line); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if line[0] != '\n' {
				text = append(text, line[0])
				continue
			}
			if said, err = strconv.Atoi(string(text)); err != nil {
				t.Fatal(string(text))
			}
			text = text[:0]
		}
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		s := open(t, path, Config{MaxBytes: 1 << 30})
		_, got := content(t, s)
		var want []byte
		n := 0
		for ; len(want) < len(got); n++ {
			want = append(want, record(n)...)
		}
		if !bytes.Equal(got, want) || n < said+1 {
			t.Fatalf("round %d: %d records said, %d there, whole: %v", round, said+1, n, bytes.Equal(got, want))
		}
	}
}

func record(i int) []byte { return []byte(fmt.Sprintf("record %d %s\n", i, pattern(100+i*37%5000))) }

// A disk that others need as well is left to them: the writer waits, or the oldest
// go, and room that was released in the file is used again.
func TestDiskNearlyFull(t *testing.T) {
	for _, test := range []struct {
		name string
		drop bool
	}{{"waits", false}, {"drops", true}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var spare atomic.Int64
				var told []int64
				spare.Store(1 << 30)
				s, err := Open(filepath.Join(t.TempDir(), "spool.db"), Config{
					MaxBytes: 1 << 30, DropOldest: test.drop, Spare: spare.Load, OnFull: func(_, spare int64) { told = append(told, spare) },
				})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				if err := s.Append(t.Context(), pattern(8<<20)); err != nil {
					t.Fatal(err)
				}
				spare.Store(1000)
				short, cancel := context.WithTimeout(t.Context(), 9*time.Minute+30*time.Second)
				defer cancel()
				err = s.Append(short, pattern(4<<20))
				first, end := s.Bounds()
				if test.drop {
					if err != nil || end != 12<<20 || first == 0 || first > 11<<20 || first != s.Dropped() || len(told) > 0 {
						t.Errorf("holds %d to %d, dropped %d, told %v: %v", first, end, s.Dropped(), told, err)
					}
					return
				}
				if !errors.Is(err, context.DeadlineExceeded) || end != 8<<20 || len(told) != 10 || told[0] != 1000 {
					t.Errorf("holds up to %d, told %v: %v", end, told, err)
				}
				if err := s.Release(6 << 20); err != nil {
					t.Fatal(err)
				}
				if err := s.Append(t.Context(), pattern(1<<20)); err != nil { // into what is free in the file
					t.Fatal(err)
				}
				done := make(chan error)
				go func() { done <- s.Append(t.Context(), pattern(8<<20)) }()
				synctest.Wait()
				spare.Store(1 << 30)
				if err := <-done; err != nil { // somebody tidied up
					t.Fatal(err)
				}
			})
		})
	}
}

// However little is left, some lines are taken: otherwise nothing would go on.
func TestDiskFullButForSome(t *testing.T) {
	nothing := func() int64 { return -1 }
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), Config{MaxBytes: 1 << 30, Spare: nothing, Left: nothing})
	if err := s.Append(t.Context(), pattern(always)); err != nil {
		t.Fatal(err)
	}
}
