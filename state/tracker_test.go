package state

import (
	"math/rand/v2"
	"testing"

	"tailer"
)

const source = "a"

func at(offset int64) tailer.Position {
	return tailer.Position{Source: source, Offset: offset, End: offset + 10}
}

func TestLowWaterMark(t *testing.T) {
	tr := NewTracker()
	if tr.Low(source) != 0 {
		t.Fatalf("a new tracker is at %d, want 0", tr.Low(source))
	}
	first := tr.Hold(at(100), at(40))
	tr.Advance(source, 200)
	second := tr.Hold(at(150))
	tr.Advance(source, 300)
	steps := []struct {
		name string
		do   func()
		want int64
	}{
		{"both held: the lowest position of the first", func() {}, 40},
		{"the second is resolved first", func() { tr.Release(second) }, 40},
		{"all resolved: all that was read", func() { tr.Release(first) }, 300},
		{"twice is once", func() { tr.Release(first) }, 300},
		{"reading back moves nothing", func() { tr.Advance(source, 10) }, 300},
		{"nothing to hold", func() { tr.Release(tr.Hold()) }, 300},
	}
	for _, step := range steps {
		step.do()
		if got := tr.Low(source); got != step.want {
			t.Errorf("%s: low %d, want %d", step.name, got, step.want)
		}
	}
	if tr.Pending() != 0 {
		t.Errorf("%d pending, want none", tr.Pending())
	}
}

// TestNeverPastUnresolved resolves holds in random order: the mark never passes
// one that is pending, and never goes back.
func TestNeverPastUnresolved(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		tr, pending, last := NewTracker(), map[Hold]int64{}, int64(0)
		for offset := int64(0); offset < 2000; offset += 1 + rng.Int64N(40) {
			if rng.IntN(3) > 0 {
				pending[tr.Hold(at(offset))] = offset
			}
			tr.Advance(source, offset+1)
			for h := range pending {
				if rng.IntN(4) == 0 {
					tr.Release(h)
					delete(pending, h)
				}
			}
			low := tr.Low(source)
			for _, held := range pending {
				if low > held {
					t.Fatalf("low %d passed the unresolved %d", low, held)
				}
			}
			if low < last {
				t.Fatalf("low went back from %d to %d", last, low)
			}
			last = low
		}
	}
}

// TestJoin reads a file again from its start until the one before it is resolved,
// and is not confused when both get lines in turn.
func TestJoin(t *testing.T) {
	tr := NewTracker()
	old := tr.Hold(tailer.Position{Source: "old", Offset: 90})
	tr.Advance("old", 100)
	tr.Join("old", 100, "new", 0)
	tr.Advance("new", 50)
	if got := tr.Low("new"); got != 0 {
		t.Errorf("the older one is not resolved, the younger is at %d", got)
	}
	tr.Join("new", 50, "old", 100) // it got a late line
	tr.Advance("old", 110)
	tr.Join("old", 110, "new", 50)
	if old, young := tr.Low("old"), tr.Low("new"); old != 90 || young != 0 {
		t.Errorf("the marks are %d and %d", old, young)
	}
	tr.Release(old)
	if old, young := tr.Low("old"), tr.Low("new"); old != 110 || young != 50 {
		t.Errorf("after the older one is resolved: %d and %d", old, young)
	}
	tr.Forget("old")
	if got := tr.Low("new"); got != 50 {
		t.Errorf("after the older one is forgotten: %d", got)
	}
}

// TestRepeated knows what an earlier run resolved: what begins before the place
// where the source goes on, and the lines that it noted.
func TestRepeated(t *testing.T) {
	tr := NewTracker()
	tr.Resume(source, 100, []int64{150, 180})
	for offset, want := range map[int64]bool{0: true, 99: true, 100: false, 150: true, 160: false, 180: true} {
		if got := tr.Repeated([]tailer.Position{at(offset + 500), at(offset)}); got != want {
			t.Errorf("made of the line at %d: %v, want %v", offset, got, want)
		}
	}
	if !tr.Repeated([]tailer.Position{at(150), {Source: "b", Offset: 10}}) {
		t.Error("a line of another source is taken for the first")
	}
	if tr.Repeated(nil) || tr.Repeated([]tailer.Position{{Source: "b"}}) {
		t.Error("something unknown is known")
	}
	if !tr.IsContext(at(99)) || tr.IsContext(at(100)) {
		t.Error("context ends elsewhere")
	}
	first, second := tr.Hold(at(200), at(300)), tr.Hold(at(250))
	tr.Advance(source, 400)
	tr.Release(first)
	if got := tr.Resolved(source); len(got) != 1 || got[0] != 300 || tr.Low(source) != 250 {
		t.Errorf("resolved %v, low %d", got, tr.Low(source))
	}
	tr.Release(second)
	if got := tr.Resolved(source); len(got) != 0 {
		t.Errorf("resolved %v below the mark", got)
	}
}
