package pair_test

import (
	"fmt"
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestPassage: in a log of payloads that tells of a request only that it is handed
// to the router, how its attempts ended, and its access line (1.82), failed
// attempts are those of the request that was alone while they were told.
func TestPassage(t *testing.T) {
	const no, yes = tailer.OutcomeFailure, tailer.OutcomeSuccess
	const small, large = "openai/gpt-4o", "openai/big"
	alone := func(stream bool, from, to int) tailer.Record {
		r := payload(asking{user: ana.user, prompt: "one", stream: stream}, "a", "yes", from, to)
		r.Call.Failed, r.Call.SinceCall, r.Request.Rebuilt = -1, false, true
		r.Request.Body = r.Request.Body[1:] // a payload names the group that answered, not the model that was asked for
		return r
	}
	coarse := func(records ...tailer.Record) []tailer.Record {
		for i := range records {
			if records[i].Kind != tailer.KindPayload {
				records[i].Coarse, records[i].Time = true, records[i].Time.Truncate(1e9)
			}
		}
		return records
	}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    string // attempts, model asked for, what is uncertain
	}{
		{"answered at once", []tailer.Record{routed(0), tried(small, yes, 90), landed(chat, 200, 95), alone(false, 1, 90)}, "[] gpt-4o []"},
		{"retried", []tailer.Record{routed(0), tried(small, no, 50), tried(small, yes, 90), landed(chat, 200, 95), alone(false, 60, 90)}, "[openai/gpt-4o] gpt-4o []"},
		{"retried, the payload before the access line", []tailer.Record{routed(0), tried(small, no, 50), tried(small, yes, 90), alone(false, 60, 90), landed(chat, 200, 95)}, "[openai/gpt-4o] gpt-4o []"},
		{"by another group", []tailer.Record{routed(0), tried(large, no, 30), tried(large, no, 50), tried(small, yes, 90), landed(chat, 200, 95), alone(false, 60, 90)}, "[openai/big openai/big]  []"},
		{"a stream", []tailer.Record{routed(0), tried(small, no, 50), tried(small, yes, 90), landed(chat, 200, 95), alone(true, 1, 200)}, "[openai/gpt-4o] gpt-4o []"},
		{"after one that failed", []tailer.Record{
			routed(0), tried(large, no, 50), told(tailer.KindFailure, "", "no", 55), landed(chat, 500, 60),
			routed(70), tried(small, yes, 90), landed(chat, 200, 95), alone(false, 71, 90),
		}, "[] gpt-4o []"},
		{"two in flight", []tailer.Record{
			routed(0), routed(10), tried(small, no, 50), tried(small, yes, 90), tried(small, yes, 91), landed(chat, 200, 95), landed(chat, 200, 96), alone(false, 60, 90),
		}, "[]  [attempts uncertain]"},
		{"the attempt began before the request", []tailer.Record{routed(100), tried(small, no, 150), tried(small, yes, 190), landed(chat, 200, 195), alone(false, 60, 190)}, "[]  [attempts uncertain]"},
		{"the attempt began before the last one failed", []tailer.Record{routed(0), tried(small, no, 50), tried(small, yes, 90), landed(chat, 200, 95), alone(false, 20, 90)}, "[]  [attempts uncertain]"},
		{"another model answered", []tailer.Record{routed(0), tried(small, no, 50), tried(large, yes, 90), landed(chat, 200, 95), alone(false, 60, 90)}, "[]  [attempts uncertain]"},
		{"no access line", []tailer.Record{routed(0), tried(small, no, 50), tried(small, yes, 90), alone(false, 60, 90)}, "[]  [attempts uncertain]"},
		{"to the second", coarse(routed(0), tried(small, no, 1500), tried(small, yes, 2900), landed(chat, 200, 2950), alone(false, 2100, 2900)), "[openai/gpt-4o] gpt-4o []"},
		{"to the second, two in one", coarse(
			routed(0), tried(small, no, 100), tried(small, yes, 300), landed(chat, 200, 310), routed(400), tried(small, yes, 900), landed(chat, 200, 950), alone(false, 410, 900),
		), "[]  [attempts uncertain]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), slices.Clone(test.records)...)
			if i := slices.IndexFunc(all, func(x tailer.Exchange) bool { return x.CallID == "a" }); i >= 0 {
				x, models := all[i], []string{}
				for _, a := range x.Attempts {
					models = append(models, a.Model)
				}
				if got := fmt.Sprint(models, " ", x.Request.Body.Text("model"), " ", x.Incomplete); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				return
			}
			t.Errorf("got %+v", all)
		})
	}
}
