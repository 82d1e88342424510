package pair_test

import (
	"slices"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// TestOrphanInTime: a request of which only an error tells leaves a log that has gone
// quiet when any other that has ended does, and once.
func TestOrphanInTime(t *testing.T) {
	const late = 10 * time.Second
	seen := payload(asking{user: "zoe@example.dk", prompt: "earlier"}, "z", "yes", -20_000, -19_000)
	router := tailer.Record{Kind: tailer.KindAttempt, Time: at(1), Function: "acompletion", Call: tailer.Call{Model: "openai/gpt-4o",
		Outcome: tailer.OutcomeFailure, Failure: tailer.Failure{Message: "no such model"}}}
	dump := ana.failed("a", "no such model", 0, 100)
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"by its call id, beside others",
			[]tailer.Record{seen, found(ana.user, 0), found(bob.user, 0), router, told(tailer.KindFailure, "a", "no such model", 2)},
			[]string{`a   400 "no such model"`},
		},
		{
			"by its user, alone",
			[]tailer.Record{seen, found(ana.user, 0), routed(1), told(tailer.KindFailure, "", "no such model", 2), landed(chat, 400, 3)},
			[]string{` ana@example.org ` + chat + ` 400 "no such model"`},
		},
		{
			"by its body and headers, alone",
			append(ana.front(0), told(tailer.KindFailure, "", "no such model", 2), landed(chat, 400, 3)),
			[]string{` ana@example.org ` + chat + ` 400 "no such model"`},
		},
		{
			"with a record of its own that came late",
			[]tailer.Record{found(ana.user, 0), found(bob.user, 0), router, told(tailer.KindFailure, "a", "no such model", 2), dump},
			[]string{`a ana@example.org ` + chat + ` 429 "RateLimitError: no such model"`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := pair.New(pair.Config{Settle: late})
			var all []tailer.Exchange
			take := func(out []tailer.Exchange) {
				for _, x := range out {
					if x.CallID != "z" {
						all = append(all, x)
					}
				}
			}
			for i := range test.records {
				take(table.Add(&test.records[i]))
			}
			take(table.Tick(at(1).Add(late)))
			if len(all) > 0 {
				t.Errorf("too early: %q", tell(all))
			}
			take(table.Tick(table.Now().Add(late)))
			if got := tell(all); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
			table.Held(func(tailer.Position) { t.Error("something of it is held yet") })
			if rest := table.Drain(); len(rest) > 0 {
				t.Errorf("once more: %q", tell(rest))
			}
		})
	}
}
