package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
	"tailer/internal/pipeline"
)

// heldRecords and heldPairs are the stages of one writer that know what they hold.
type heldRecords struct{ records }

func (r *heldRecords) Pause() []tailer.Record { return r.Flush() }

func (r *heldRecords) Held(note func(tailer.Position)) {
	for i := range r.waiting {
		note(r.waiting[i].Pos)
	}
}

type heldPairs struct{ pairs }

func (p *heldPairs) Held(note func(tailer.Position)) {
	for i := range p.open {
		note(p.open[i].Positions[0])
	}
}

func newWriters(most int, made *[]string) *pipeline.Writers {
	return &pipeline.Writers{Most: most, New: func(writer string) (pipeline.HoldingRecords, pipeline.HoldingPairs) {
		*made = append(*made, writer)
		return &heldRecords{}, &heldPairs{}
	}}
}

// feed takes a line of a writer through both stages and returns the call ids of
// what comes out.
func feed(w *pipeline.Writers, writer, text string, offset int64) (ids string) {
	records := w.Feed(&tailer.Line{Writer: writer, Bytes: []byte(text), Pos: tailer.Position{Offset: offset, End: offset + 1}})
	return add(w, records)
}

func add(w *pipeline.Writers, records []tailer.Record) (ids string) {
	for _, r := range slices.Clone(records) {
		ids += idsOf(w.Add(&r))
	}
	return ids
}

func idsOf(exchanges []tailer.Exchange) (ids string) {
	for i := range exchanges {
		ids += exchanges[i].CallID
	}
	return ids
}

func held(w *pipeline.Writers) (offsets []int64) {
	w.Held(func(p tailer.Position) { offsets = append(offsets, p.Offset) })
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

// TestWritersAreApart interleaves two writers: a line of one completes no record
// of the other.
func TestWritersAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []string
		w := newWriters(0, &made)
		got := feed(w, "a", "2", 0) + feed(w, "b", "4", 1) + feed(w, "b", "6", 2) + feed(w, "a", "8", 3)
		if got != "42" {
			t.Errorf("handed out %q, want 4 when b goes on and 2 when a does", got)
		}
		if want := []string{"a", "b"}; !slices.Equal(made, want) {
			t.Errorf("stages were made for %v, want %v", made, want)
		}
		if got := held(w); !slices.Equal(got, []int64{2, 3}) {
			t.Errorf("held are %v, want the last line of each", got)
		}
	})
}

// TestSilentWriter goes silent while another is busy: what it completed is handed
// on all the same, and what it left open is given up in its own time.
func TestSilentWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []string
		w := newWriters(0, &made)
		got := feed(w, "quiet", "2", 0) + feed(w, "quiet", "3", 1)
		if got != "2" {
			t.Fatalf("handed out %q", got)
		}
		for range 65 {
			time.Sleep(time.Second)
			got += feed(w, "busy", "4", 2)
		}
		if !strings.Contains(got, "3") || strings.Index(got, "3") < 55 {
			t.Errorf("%q: 3 was open and must come out after a minute", got)
		}
	})
}

// TestSilence lets all writers fall silent.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []string
		w := newWriters(0, &made)
		feed(w, "a", "2", 0)
		feed(w, "b", "4", 1)
		time.Sleep(2 * time.Second)
		got := strings.Split(add(w, w.Pause()), "")
		slices.Sort(got)
		if !slices.Equal(got, []string{"2", "4"}) {
			t.Errorf("a pause hands out %v", got)
		}
		if got := w.Tick(time.Time{}); len(got) != 0 || len(held(w)) != 0 {
			t.Errorf("then %v comes and %v is held", got, held(w))
		}
		time.Sleep(time.Hour)
		w.Tick(time.Time{})
		feed(w, "a", "2", 0)
		if len(made) != 3 {
			t.Errorf("a writer that was silent for an hour is still remembered: %v", made)
		}
	})
}

// TestTooManyWriters lets the one that was silent longest make way, with all it
// holds.
func TestTooManyWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []string
		w := newWriters(2, &made)
		feed(w, "a", "3", 0)
		time.Sleep(time.Millisecond)
		feed(w, "b", "4", 1)
		time.Sleep(time.Millisecond)
		feed(w, "c", "6", 2)
		if got := held(w); !slices.Equal(got, []int64{0, 1, 2}) {
			t.Errorf("held are %v: what made way is not handed out yet", got)
		}
		if got := idsOf(w.Tick(time.Time{})); got != "3" {
			t.Errorf("handed out %q, want what a left open", got)
		}
		if got := held(w); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("held are %v", got)
		}
	})
}

// TestWritersDrain hands out everything of everybody.
func TestWritersDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made []string
		w := newWriters(0, &made)
		feed(w, "a", "3", 0)
		feed(w, "b", "5", 1)
		got := strings.Split(add(w, w.Flush())+idsOf(w.Drain()), "")
		slices.Sort(got)
		if !slices.Equal(got, []string{"3", "5"}) || len(held(w)) != 0 {
			t.Errorf("drained %v, still held %v", got, held(w))
		}
	})
}

// TestLongWriter keeps no long name, and mixes no two of them.
func TestLongWriter(t *testing.T) {
	var made []string
	w := newWriters(0, &made)
	long := strings.Repeat("x", 1<<20)
	for i, writer := range []string{long + "a", long + "b", long + "a", "short"} {
		feed(w, writer, "a", int64(i))
	}
	if len(made) != 3 || made[0] == made[1] || len(made[0]) > 100 || made[2] != "short" {
		t.Errorf("%d writers were made, the first of %d bytes", len(made), len(made[0]))
	}
}
