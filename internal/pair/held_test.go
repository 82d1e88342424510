package pair_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/parse"
)

// TestHeld holds, at every line of every capture, all lines that an exchange is made of
// later. If one were not held, the place from which the log is read again after a crash
// could lie behind it: the exchange would count as one of the run before, and be lost.
func TestHeld(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "*", "*", "proxy.log.gz"))
	if err != nil || len(logs) == 0 {
		t.Fatal(len(logs), err)
	}
	for _, log := range logs {
		dir := filepath.Dir(log)
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			p := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC}))
			table := pair.New(pair.Config{GiveUp: 10 * time.Minute, Prompt: true})
			low := int64(0) // as high as it ever was
			check := func(exchanges []tailer.Exchange) {
				for _, x := range exchanges {
					for _, at := range x.Positions {
						if at.Offset < low {
							t.Errorf("the line at %d of %q was not held: the log is read again from %d", at.Offset, x.CallID, low)
						}
					}
				}
			}
			take := func(records []tailer.Record) {
				for i := range records {
					check(table.Add(&records[i]))
				}
			}
			at := int64(0)
			for text := range bytes.Lines(unpacked(t, filepath.Join(dir, "proxy.log"))) {
				line := tailer.Line{Bytes: bytes.TrimSuffix(text, []byte("\n")), Pos: tailer.Position{Source: "log", Offset: at, End: at + int64(len(text))}}
				at = line.Pos.End
				take(p.Feed(&line))
				mark := at
				note := func(held tailer.Position) { mark = min(mark, held.Offset) }
				p.Held(note)
				table.Held(note)
				low = max(low, mark)
			}
			take(p.Flush())
			check(table.Drain())
		})
	}
}

// TestPositions: a request is made of every line that told of it, however they found
// together, and holds them until it is handed out.
func TestPositions(t *testing.T) {
	masked := asking{user: ana.user, prompt: "my number is <PHONE>"}
	content := func(a asking) string { return string(a.request().Body.Get("messages")) }
	received := message(ana.front(0), "m1")
	state := cached("a", masked.front(0), 11)
	state.Request.Headers = received[1].Request.Headers
	details := tailer.Record{Kind: tailer.KindDetails, Time: at(10), CallID: "a", Hint: tailer.Fields{ana.request().Body[1]}}
	for name, records := range map[string][]tailer.Record{
		"a call that states its headers":  append(ana.front(0), ana.began("a", 1), ana.ended("a", "yes", 1, 50)),
		"a call that states none":         append(ana.front(0), begun("a", "acompletion", ana.user, "messages", content(ana), 1), landed(chat, 200, 50)),
		"masked by a guardrail":           append(slices.Clone(received), begun("a", "acompletion", ana.user, "messages", content(masked), 10), state),
		"refused by the router, by id":    append(ana.front(0), told(tailer.KindFailure, "a", "no such model", 10), landed(chat, 400, 11)),
		"refused by the router":           append(ana.front(0), told(tailer.KindFailure, "", "no such model", 5), details, landed(chat, 400, 11)),
		"an error in the words of a call": append(ana.front(0), ana.began("a", 1), ana.failed("a", "no", 1, 10), told(tailer.KindFailure, "", "no", 11)),
		"an error before its call":        {told(tailer.KindFailure, "a", "no", 11), with(ana.failed("a", "no", 1, 10), func(r *tailer.Record) { r.Time = at(20) })},
		"a refused key":                   {refused("wrong key", 1), ana.dumped("a", "", 2)},
		"tried again under another id":    append(ana.front(0), ana.began("a", 1), ana.failed("a", "slow down", 1, 10), headless(ana.failed("b", "slow down", 20, 30)), ana.failed("b", "slow down", 20, 30)),
		"without a call id at first":      {with(ana.began("", 1), func(r *tailer.Record) { r.Raw = []byte("began") }), ana.ended("a", "yes", 1, 50)},
		"without any call id":             append(ana.front(0), tailer.Record{Kind: tailer.KindPrepared, Time: at(0), Request: ana.request()}, told(tailer.KindFailure, "", "no", 40)),
	} {
		t.Run(name, func(t *testing.T) {
			table := pair.New(pair.Config{})
			var want, held, got []int64
			for i, r := range records {
				r.Pos = tailer.Position{Offset: int64(i), End: int64(i + 1)}
				if all := table.Add(&r); len(all) > 0 {
					t.Fatal("handed out early")
				}
				if r.Kind != tailer.KindPrepared { // the headers' line has told it all
					want = append(want, int64(i))
				}
			}
			table.Held(func(p tailer.Position) { held = append(held, p.Offset) })
			all := table.Drain()
			if len(all) != 1 {
				t.Fatalf("%d came out", len(all))
			}
			for _, p := range all[0].Positions {
				got = append(got, p.Offset)
			}
			for _, list := range []*[]int64{&held, &got} {
				slices.Sort(*list)
				*list = slices.Compact(*list)
			}
			if !slices.Equal(got, want) || !slices.Equal(held, want) {
				t.Errorf("made of %d, held %d, want %d", got, held, want)
			}
		})
	}
}
