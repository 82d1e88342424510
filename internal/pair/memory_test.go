package pair_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// heap returns what is in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOpenRequests keeps memory bounded with 100,000 requests that do not end,
// and hands each of them out once.
func TestOpenRequests(t *testing.T) {
	const requests = 100_000
	table := pair.New(pair.Config{GiveUp: 24 * time.Hour})
	before, most := heap(), uint64(0)
	out := 0
	for i := range requests {
		a := asking{user: fmt.Sprintf("u%d@example.org", i), prompt: strings.Repeat("x", 2000)}
		r := a.began(fmt.Sprint("call-", i), i)
		out += len(table.Add(&r))
		if i%10_000 == 0 {
			most = max(most, heap())
		}
	}
	if grown := int64(most) - int64(before); grown > 128<<20 {
		t.Errorf("%d MiB are held", grown>>20)
	}
	out += len(table.Drain())
	if out != requests {
		t.Errorf("%d requests came out, want %d", out, requests)
	}
	if table.Counts().Evicted == 0 {
		t.Error("nothing was handed out early")
	}
}

// TestRequestWithoutEnd keeps memory bounded with a stream that goes on for ever.
func TestRequestWithoutEnd(t *testing.T) {
	a := asking{user: "ana@example.org", prompt: "tell me all", stream: true}
	table := pair.New(pair.Config{})
	feed := func(r tailer.Record) { table.Add(&r) }
	for _, r := range a.front(0) {
		feed(r)
	}
	feed(a.began("endless", 1))
	before := heap()
	piece := `{"content":"` + strings.Repeat("word ", 200) + `"}`
	for i := range 200_000 {
		feed(tailer.Record{Kind: tailer.KindPiece, Time: at(10 + i), Function: "delta", Call: tailer.Call{Response: []byte(piece)}})
	}
	if grown := int64(heap()) - int64(before); grown > 96<<20 {
		t.Errorf("%d MiB are held of a stream of 200 MB", grown>>20)
	}
}
