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

// TestRoomLasts: requests that have been handed out leave as much room as they took,
// whatever records they were made of: neither fewer nor more are held after thousands of them.
func TestRoomLasts(t *testing.T) {
	const held, size = 20, 1000 // requests, bytes
	long := func(who, id string, ms int) []tailer.Record {
		a := asking{user: who, prompt: strings.Repeat("x", size)}
		return append(a.front(ms), a.began(id, ms))
	}
	words := asking{user: "ana@example.org", prompt: "count", stream: true}
	for name, one := range map[string]func(id string, ms int) []tailer.Record{
		"answered": func(id string, ms int) []tailer.Record {
			return append(long("ana@example.org", id, ms), answered("yes", ms+1), landed(chat, 200, ms+2))
		},
		"failed": func(id string, ms int) []tailer.Record {
			a := asking{user: "ana@example.org", prompt: "no"}
			return append(a.front(ms), a.began(id, ms), a.failed(id, "no", ms, ms+1), told(tailer.KindFailure, "", "no", ms+2), landed(chat, 429, ms+3))
		},
		"failed alone": func(id string, ms int) []tailer.Record {
			return append(long("ana@example.org", id, ms), told(tailer.KindFailure, "", "no", ms+2), landed(chat, 429, ms+3))
		},
		"failed, by its id": func(id string, ms int) []tailer.Record {
			return append(long("ana@example.org", id, ms), told(tailer.KindFailure, id, "no", ms+2), landed(chat, 429, ms+3))
		},
		"hung up": func(id string, ms int) []tailer.Record {
			return append(long("ana@example.org", id, ms), tailer.Record{Kind: tailer.KindDisconnect, Time: at(ms + 1), CallID: id}, landed(chat, 200, ms+2))
		},
		"stated once more": func(id string, ms int) []tailer.Record {
			front := words.front(ms)
			return append(front, begun(id, "acompletion", words.user, "messages", `[{"role":"user","content":"masked"}]`, ms+1), cached(id, front, ms+2))
		},
		"counted": func(id string, ms int) []tailer.Record {
			return append(words.front(ms), words.began(id, ms),
				tailer.Record{Kind: tailer.KindCounted, Time: at(ms + 1), Hint: tailer.Fields{words.request().Body[1]}},
				tailer.Record{Kind: tailer.KindCounted, Time: at(ms + 2), Call: tailer.Call{Response: []byte(fmt.Sprintf("%q", strings.Repeat("x", size)))}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := pair.New(pair.Config{MaxBytes: held * (size + 700), GiveUp: time.Minute})
			feed := func(records []tailer.Record) {
				for i := range records {
					table.Add(&records[i])
				}
			}
			for i := range 500 {
				feed(one(fmt.Sprint("call-", i), i*30_000))
			}
			if n := table.Counts().Evicted; n > 0 {
				t.Fatalf("%d were handed out early, though a few were under way at a time", n)
			}
			for i := range 2 * held {
				feed(long(fmt.Sprint(i), fmt.Sprint("open-", i), 20_000_000+i)[2:])
			}
			if n := table.Counts().Evicted; n < held/2 || n > held*3/2 {
				t.Errorf("of %d under way %d were handed out early, there being room for %d", 2*held, n, held)
			}
		})
	}
}

// TestRoomOfFronts keeps memory bounded with requests of which no record states a call, and
// with those to routes that are no LLM's. The last one finds its call all the same.
func TestRoomOfFronts(t *testing.T) {
	const requests, size = 1000, 20_000
	for name, change := range map[string]func([]tailer.Record){
		"that never become calls": func([]tailer.Record) {},
		"to other routes":         func(r []tailer.Record) { r[0].Request.Body[1].Name = "document" },
		"prepared": func(r []tailer.Record) { // headers, then the body with the headers once more
			r[0], r[1] = r[1], tailer.Record{Kind: tailer.KindPrepared, Time: r[0].Time, Request: tailer.Request{Headers: r[1].Request.Headers, Body: r[0].Request.Body, Route: chat}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := pair.New(pair.Config{MaxBytes: 1 << 20})
			before := heap()
			for i := range requests {
				records := asking{user: fmt.Sprint(i), prompt: strings.Repeat("x", size)}.front(i)
				change(records)
				for j := range records {
					table.Add(&records[j])
				}
			}
			if grown := int64(heap()) - int64(before); grown > requests*size/4 {
				t.Errorf("%d MiB are held of %d", grown>>20, requests*size>>20)
			}
			last := asking{user: "ana@example.org", prompt: "the last"}
			var all []tailer.Exchange
			for _, r := range append(last.front(requests), begun("a", "acompletion", last.user, "messages", `[{"role":"user","content":"the last"}]`, requests+1)) {
				all = append(all, table.Add(&r)...)
			}
			if all = append(all, table.Drain()...); len(all) != 1 || user(&all[0]) != last.user {
				t.Errorf("got %v", brief(all))
			}
		})
	}
}
