package ship

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
	"tailer/ship/otlp"
)

// full is an item with every kind of value that spans have.
func full(t *testing.T) *Item {
	t.Helper()
	cost := 0.25
	x := &tailer.Exchange{
		CallID: "full", Start: time.Unix(5, 7000), End: time.Unix(6, 0), Level: tailer.LevelError, StatusMessage: "BadRequest: \u2028 \"no\"",
		Usage: []byte(`{"prompt_tokens":3,"completion_tokens":4}`), CostTotal: &cost, Model: "openai/gpt-4o",
		Attempts:    []tailer.Attempt{{Start: time.Unix(5, 0), End: time.Unix(5, 1), Model: "m", ErrorClass: "E"}},
		Attribution: tailer.Attribution{User: "Ana <a&b>", Tags: []string{"x", "y"}},
	}
	item, err := NewItem(otlp.Encode(x, otlp.Config{Version: "1"}), time.Unix(9, 123).UTC(), "full")
	if err != nil {
		t.Fatal(err)
	}
	return item.With(Beside{TraceID: "session-1", Shared: true})
}

// A letter holds the item byte for byte, with its time of shipping.
func TestReadLetters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	letters, items := NewDeadLetters(path), []*Item{full(t), newItem(t, "b")}
	for _, item := range items {
		if err := letters.Add("A", item, &SendError{Status: 400, Err: errors.New("no")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := letters.file.WriteString(`{"time":"cut o`); err != nil {
		t.Fatal(err)
	}
	if err := letters.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := ReadLetters(path, func(i int, letter Letter, item *Item) error {
		want := items[i]
		if !bytes.Equal(item.Payload(), want.Payload()) || !item.At().Equal(want.At()) || item.Beside() != want.Beside() || item.Key() != want.Key() {
			t.Errorf("letter %d is another item", i)
		}
		if letter.Sink != "A" || letter.Reason != "no" || letter.Status != 400 || letter.Trace != want.TraceID() {
			t.Errorf("letter %+v", letter)
		}
		n++
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d letters, %v", n, err)
	}
}

// A letter for which the disk has no room but its reserve is not written, nor a part of
// it, and its item waits until there is room again. Letters of any size count as what
// they are.
func TestLettersLeaveAReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, left := filepath.Join(t.TempDir(), "dead.jsonl"), atomic.Int64{}
		left.Store(3 * block)
		letters := NewDeadLetters(path).Within(func() int64 {
			info, err := os.Stat(path)
			if err != nil {
				return left.Load()
			}
			return left.Load() - info.Size()
		})
		sink := &script{steps: slices.Repeat([]func([]*Item) error{poison(Refused, "a")}, 10_000)}
		f := newFixture(t, Config{DeadLetters: letters}, sink)
		for range 200 {
			f.take(t, newItem(t, "a"))
		}
		if !sleep(t.Context(), time.Hour) {
			t.Fatal("the test ends")
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		stats := f.Stats()
		if info.Size() > 2*block || info.Size() < block || stats.DeadLettered == 0 || stats.Pending != 200-stats.DeadLettered || int64(len(f.resolved)) != stats.DeadLettered {
			t.Errorf("%d bytes of letters, %+v, %d resolved", info.Size(), stats, len(f.resolved))
		}
		if said := f.Sinks()[0].LastError; !strings.Contains(said, "full but for a reserve") {
			t.Errorf("it says %q", said)
		}
		f.take(t, newItem(t, "b"))
		if !sleep(t.Context(), 5*time.Minute) {
			t.Fatal("the test ends")
		}
		if delivered := f.Stats().Delivered; delivered != 1 {
			t.Errorf("%d others were delivered, want 1", delivered)
		}
		left.Store(1 << 30)
		f.deliver(t)
		if stats := f.Stats(); stats.DeadLettered != 200 || stats.Delivered != 1 || stats.Pending != 0 {
			t.Errorf("with room again: %+v", stats)
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
		n := 0
		if err := ReadLetters(path, func(int, Letter, *Item) error { n++; return nil }); err != nil || n != 200 {
			t.Errorf("%d letters, %v", n, err)
		}
	})
}

func TestKeepLetters(t *testing.T) {
	dir := t.TempDir()
	path, more := filepath.Join(dir, "dead.jsonl"), filepath.Join(dir, "more.jsonl")
	write := func(path string, names ...string) {
		t.Helper()
		letters := NewDeadLetters(path)
		for _, name := range names {
			if err := letters.Add("A", newItem(t, name), &SendError{Err: errors.New(name)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := letters.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "a", "b", "c")
	write(more, "d")
	if err := KeepLetters(path, more, func(n int) bool { return n == 1 }); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := ReadLetters(path, func(_ int, letter Letter, _ *Item) error {
		names = append(names, letter.Reason)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"b", "d"}) {
		t.Errorf("kept %v", names)
	}
	if _, err := os.Stat(more); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the other file is still there: %v", err)
	}
	if err := KeepLetters(path, more, func(int) bool { return true }); err != nil {
		t.Errorf("no other file: %v", err)
	}
}

func FuzzParseLetter(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}]}]}}`))
	f.Add([]byte(`{"trace":{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{}}]}}]}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, item, err := parseLetter(line)
		if (err == nil) != (item != nil) {
			t.Fatalf("item %v, error %v", item, err)
		}
		if err != nil {
			return
		}
		again, err := Restore(item.Payload(), item.At())
		if err != nil || again.Key() != item.Key() {
			t.Errorf("restored: %v", err)
		}
	})
}
