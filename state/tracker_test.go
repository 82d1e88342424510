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
