package residence

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// room is what the program may take, in bytes, before it collects garbage as often
	// as it must. Real logs need a quarter of it: to collect at once what they leave
	// costs up to a seventh of the processor time.
	room = 40 << 20
	// smallGrowth is GOGC while room is not full, in percent of what is in use.
	smallGrowth = 400
	// growth is how much memory may grow once more than room is in use, in percent.
	growth = 50
	// beside is what Go takes for itself, in bytes: stacks, and the heap's own books.
	beside = 10 << 20
	// step is the smallest change of the limit, in bytes.
	step = 2 << 20
)

// Bound keeps the program near room for as long as what is in use leaves room for
// garbage in it, and lets it grow by growth where it does not. It applies until the
// program ends, unless the environment says otherwise in Go's own GOGC; a GOMEMLIMIT is
// never exceeded. It is called once.
func Bound() {
	if os.Getenv("GOGC") != "" {
		return
	}
	b := &bound{ceiling: debug.SetMemoryLimit(-1)}
	b.adjust(0)
	debug.SetGCPercent(smallGrowth)
	b.afterNext()
}

// bound is a memory limit that follows what is in use. To come late is cheap: the
// collector has run more often than it had to.
type bound struct {
	ceiling int64

	mu    sync.Mutex
	limit int64 // guarded by mu
}

// afterNext adjusts the limit after each collection from now on.
func (b *bound) afterNext() {
	type sentinel struct{ _ *byte } // with a pointer, so that it shares its place with nothing
	runtime.AddCleanup(&sentinel{}, func(b *bound) {
		b.adjust(inUse())
		b.afterNext()
	}, b)
}

func (b *bound) adjust(live int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := min(limitFor(live), b.ceiling)
	if diff := limit - b.limit; diff > -step && diff < step {
		return
	}
	b.limit = limit
	debug.SetMemoryLimit(limit)
}

// limitFor is the limit, in bytes, that suits so many bytes in use.
func limitFor(live int64) int64 {
	return max(room, live+live*growth/100+beside)
}

// inUse is what the last collection found in use, in bytes.
func inUse() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(min(sample[0].Value.Uint64(), math.MaxInt64/2)) // fits
}
