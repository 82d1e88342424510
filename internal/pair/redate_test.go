package pair_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// TestRedateAnywhere: whenever a log whose day was guessed wrongly is set right, the same
// comes out at the same times, as if the day had been known from the first line on.
func TestRedateAnywhere(t *testing.T) {
	const day = 24 * time.Hour
	stream := asking{user: "ana@example.org", prompt: "count", stream: true}
	piece := func(text string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindPiece, Time: at(ms), Call: tailer.Call{Response: []byte(`{"content":"` + text + `"}`)}}
	}
	arrival := func(ms int) tailer.Record { return tailer.Record{Kind: tailer.KindArrival, Time: at(ms)} }
	later := func(ms int) tailer.Record { return with(arrival(ms), func(r *tailer.Record) { r.Function = "load" }) }
	chats := slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1)}, bob.front(2), []tailer.Record{bob.began("b", 3)})
	for name, records := range map[string][]tailer.Record{
		"answered":            slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1), tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), answered("yes", 41), landed(chat, 200, 50), later(15_000)}),
		"answered, in a word": slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1), tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), landed(chat, 200, 5000), later(20_000)}),
		"tried again":         slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1), ana.began("a", 2000), answered("yes", 3000), landed(chat, 200, 3001), later(15_000)}),
		"a stream":            slices.Concat(stream.front(0), []tailer.Record{stream.began("a", 1), landed(chat, 200, 10), piece("one ", 20), piece("two", 30), later(15_000)}),
		"a counted stream":    slices.Concat(stream.front(0), []tailer.Record{stream.began("a", 1), landed(chat, 200, 10), counted(`[{"role":"user","content":"count"}]`, "", 30), counted("", "one two", 31), later(15_000)}),
		"two, in order":       slices.Concat(chats, []tailer.Record{landed(chat, 200, 4000), landed(chat, 200, 7000), later(20_000)}),
		"two, of whose answers none says whose it is": slices.Concat(chats, []tailer.Record{answered("one", 4000), answered("the other", 7000), later(20_000)}),
		"an error":          slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1), told(tailer.KindFailure, "", "no", 40), landed(chat, 400, 50), later(15_000)}),
		"without a call id": slices.Concat(ana.front(0), []tailer.Record{{Kind: tailer.KindPrepared, Time: at(0), Request: ana.request()}, tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), answered("yes", 41), landed(chat, 200, 50), later(15_000)}),
		"a refused key": {arrival(-60_000), arrival(0), ana.unchecked(1), refused("wrong key", 2), with(ana.dumped("a", "", 3), func(r *tailer.Record) { r.Raw = nil }),
			landed(chat, 401, 4), later(15_000)},
		"a refused key of which no more is told": {arrival(-60_000), arrival(0), ana.unchecked(1), refused("wrong key", 2), landed(chat, 401, 4), later(15_000)},
		"a bad body":                             {arrival(-60_000), told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), ana.unchecked(1), landed(chat, 400, 3), later(15_000)},
		"at INFO":                                {found("eve@example.org", -30_000), routed(-29_999), landed(chat, 200, -29_000), found(ana.user, 0), routed(1), told(tailer.KindFailure, "a", "no", 40), landed(chat, 400, 50), later(15_000)},
	} {
		t.Run(name, func(t *testing.T) {
			tell := func(records []tailer.Record) (lines []string) {
				table := pair.New(pair.Config{})
				note := func(how string, all []tailer.Exchange) {
					for i := range all {
						x := &all[i]
						lines = append(lines, fmt.Sprintf("%s %s %s %d %s %q %v start=%s end=%s first=%s attempts=%v", how, x.CallID, user(x), x.Status, x.StatusMessage, x.Response, x.Incomplete,
							x.Start.Sub(at(0)), x.End.Sub(at(0)), x.FirstToken.Format(time.DateTime), x.Attempts))
					}
				}
				for i, r := range records {
					r.Pos = tailer.Position{Offset: int64(i), End: int64(i + 1)}
					note("in time", table.Add(&r))
				}
				note("in the end", table.Drain())
				return lines
			}
			want := tell(records)
			if len(want) == 0 {
				t.Fatal("nothing came out")
			}
			for cut := range records {
				wrong := slices.Clone(records)
				for i := range cut {
					wrong[i].Time = wrong[i].Time.Add(day)
				}
				wrong = slices.Insert(wrong, cut, tailer.Record{Kind: tailer.KindRedate, Shift: -day})
				if got := tell(wrong); !slices.Equal(got, want) {
					t.Errorf("set right before line %d of %d:\n%s\nwant\n%s", cut, len(records), strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}
