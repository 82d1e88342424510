package push

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
)

// ram is a Disk in memory. It gives a few bytes at a time.
type ram struct {
	first int64
	bytes []byte
	full  bool
}

func (d *ram) AppendWhole(ctx context.Context, b []byte) error {
	if d.full {
		<-ctx.Done()
		return ctx.Err()
	}
	d.bytes = append(d.bytes, b...)
	return nil
}

func (d *ram) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= d.first+int64(len(d.bytes)) {
		return 0, io.EOF
	}
	return copy(p[:min(len(p), 5)], d.bytes[offset-d.first:]), nil
}

func (d *ram) Bounds() (first, end int64) { return d.first, d.first + int64(len(d.bytes)) }

func (d *ram) Release(offset int64) error {
	d.bytes = d.bytes[offset-d.first:]
	d.first = offset
	return nil
}

// marks resolve everything up to a byte.
type marks int64

func (m marks) Low(string) int64 { return int64(m) }

func (m marks) Resolved(string) []int64 { return nil }

func newSource(disk *ram, resume []tailer.Checkpoint) *Source {
	return NewSource("http", "id-1", disk, resume, 1000, slog.New(slog.DiscardHandler))
}

func framed(entries ...Entry) (b []byte) {
	for i := range entries {
		b = appendFrame(b, &entries[i])
	}
	return b
}

func drain(t *testing.T, s *Source) (lines []string) {
	t.Helper()
	for {
		line, err := s.Next()
		if errors.Is(err, tailer.ErrPause) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s:%s", line.Writer, line.Bytes))
	}
}

// TestSource takes entries through a disk that gives them back in crumbs, and goes
// on after a restart where nothing is resolved yet.
func TestSource(t *testing.T) {
	disk := &ram{}
	s := newSource(disk, nil)
	if got := drain(t, s); got != nil {
		t.Errorf("an empty spool yields %v", got)
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 1, time.UTC)
	add := func(texts ...string) {
		t.Helper()
		var entries []Entry
		for _, text := range texts {
			entries = append(entries, Entry{Writer: "pod", Stamp: at, Stream: tailer.StreamStderr, Text: []byte(text)})
		}
		if err := s.Append(t.Context(), framed(entries...)); err != nil {
			t.Fatal(err)
		}
	}
	add("one", "two\r\nthree\n\nfour")
	line, err := s.Next()
	if err != nil || string(line.Bytes) != "one" || !line.Stamp.Equal(at) || line.Stream != tailer.StreamStderr {
		t.Fatalf("got %+v, %v", line, err)
	}
	first := *line
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	held := 0
	s.Held(func(p tailer.Position) {
		held++
		if p.Offset != first.Pos.End+1 {
			t.Errorf("held is %d, want the second line of the entry at %d", p.Offset, first.Pos.End)
		}
	})
	if held != 1 {
		t.Error("an entry that is half handed out is not held")
	}
	if got := drain(t, s); !slices.Equal(got, []string{"pod:three", "pod:", "pod:four"}) {
		t.Errorf("then %v", got)
	}
	add("five")
	resume := s.Checkpoints(marks(first.Pos.End + 2)) // within the entry of several lines
	if disk.first != 0 {
		t.Errorf("the spool begins at %d before the checkpoint is saved", disk.first)
	}
	s.Saved()
	if s.Lag() == 0 || disk.first != first.Pos.End {
		t.Errorf("lag %d; the spool begins at %d, want %d", s.Lag(), disk.first, first.Pos.End)
	}
	s = newSource(disk, resume)
	if got := drain(t, s); !slices.Equal(got, []string{"pod:two", "pod:three", "pod:", "pod:four", "pod:five"}) {
		t.Errorf("after a restart %v", got)
	}
	if resume = s.Checkpoints(marks(1 << 40)); resume[0].Offset != resume[0].End || s.Lag() != 0 {
		t.Errorf("when all is resolved: %+v, lag %d", resume, s.Lag())
	}
}

// TestSpread takes many entries of several lines while nothing is resolved: what is
// remembered of them is bounded, and a restart goes on at the beginning of one.
func TestSpread(t *testing.T) {
	disk := &ram{}
	s := newSource(disk, nil)
	begins := map[int64]bool{}
	const count = 5 * maxSpread / 2
	for range count {
		begins[int64(len(disk.bytes))] = true
		if err := s.Append(t.Context(), framed(Entry{Text: []byte("a\nb")}, Entry{Text: []byte("c")})); err != nil {
			t.Fatal(err)
		}
		drain(t, s)
	}
	if len(s.spread) > maxSpread {
		t.Errorf("%d entries are remembered", len(s.spread))
	}
	for _, mark := range []int64{1, 1000, int64(len(disk.bytes)) / 2, int64(len(disk.bytes)) - 8} {
		low, _ := s.low(mark)
		if low > mark || !begins[low] || mark-low > 1000 {
			t.Errorf("below %d reading goes on at %d", mark, low)
		}
	}
}

// TestLostCheckpoint finds a spool without the one who knows where entries begin.
func TestLostCheckpoint(t *testing.T) {
	disk := &ram{}
	s := newSource(disk, nil)
	if err := s.Append(t.Context(), framed(Entry{Text: []byte("one")}, Entry{Text: []byte("two")})); err != nil {
		t.Fatal(err)
	}
	disk.first, disk.bytes = 2, disk.bytes[2:] // within an entry
	if got := drain(t, newSource(disk, nil)); got != nil {
		t.Errorf("%v was read from the middle of an entry", got)
	}
}

func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSource(&ram{full: true}, nil)
		if err := s.Append(t.Context(), framed(Entry{Text: []byte("one")})); !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
	})
}

func TestDamagedSpool(t *testing.T) {
	whole := appendFrame(nil, &Entry{Writer: "pod", Text: []byte("text")})
	for n := 1; n < len(whole); n++ {
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:n])), 1000); !errors.Is(err, errFrame) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := newSource(&ram{bytes: []byte("nonsense")}, nil).Next(); !errors.Is(err, errFrame) {
		t.Errorf("nonsense: %v", err)
	}
	if _, err := readFrame(bufio.NewReader(bytes.NewReader(whole)), 3); !errors.Is(err, errFrame) {
		t.Errorf("longer than the limit: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, &Entry{Writer: "pod", Stamp: time.Unix(1, 2), Stream: tailer.StreamStdout, Text: []byte("a\nb")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := readFrame(bufio.NewReader(bytes.NewReader(b)), 1000)
		if err != nil {
			return
		}
		again, err := readFrame(bufio.NewReader(bytes.NewReader(appendFrame(nil, &e))), 1000)
		if err != nil || again.Writer != e.Writer || !again.Stamp.Equal(e.Stamp) || again.Stream != e.Stream || !bytes.Equal(again.Text, e.Text) {
			t.Fatalf("%+v becomes %+v, %v", e, again, err)
		}
	})
}
