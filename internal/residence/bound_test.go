package residence

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestLimitFor(t *testing.T) {
	for _, test := range []struct {
		name       string
		live, want int64
	}{
		{"nothing", 0, room},
		{"a real log", 12 << 20, room},
		{"much", 100 << 20, 160 << 20},
	} {
		if got := limitFor(test.live); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// TestBound holds more than there is room for, and lets go of it.
func TestBound(t *testing.T) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Skip("the environment sets a limit")
	}
	percent := debug.SetGCPercent(100)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(math.MaxInt64)
	}()
	t.Setenv("GOGC", "")
	Bound()
	if got := debug.SetMemoryLimit(-1); got != room {
		t.Errorf("at first: %d, want %d", got, room)
	}
	held := make([]byte, 200<<20)
	after(t, "much in use", func(limit int64) bool { return limit > 350<<20 })
	runtime.KeepAlive(held)
	after(t, "let go of", func(limit int64) bool { return limit < 180<<20 }) // what other tests hold stays
}

// after collects until the limit is as wanted.
func after(t *testing.T, what string, wanted func(int64) bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; runtime.GC() {
		if limit := debug.SetMemoryLimit(-1); wanted(limit) {
			return
		} else if time.Now().After(end) {
			t.Fatalf("%s: the limit is %d", what, limit)
		}
	}
}

// TestCeiling never exceeds the limit of the environment.
func TestCeiling(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	b := &bound{ceiling: 50 << 20}
	b.adjust(0)
	if b.limit != room {
		t.Errorf("nothing in use: %d", b.limit)
	}
	b.adjust(1 << 30)
	if got := debug.SetMemoryLimit(-1); got != b.ceiling {
		t.Errorf("much in use: %d, want %d", got, b.ceiling)
	}
}
