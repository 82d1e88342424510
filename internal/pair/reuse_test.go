package pair_test

import (
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestRecordsMayBeReused makes ids of the same lines whatever comes after them:
// the parser writes its next records where the last ones were.
func TestRecordsMayBeReused(t *testing.T) {
	seedAfter := func(next string) string {
		arguments := ana.began("", 1)
		arguments.Raw = []byte("arguments")
		access := tailer.Record{Kind: tailer.KindAccess, Time: at(60), Status: 200, Raw: []byte("access"),
			Request: tailer.Request{Method: "POST", Route: "/v1/chat/completions"}}
		records := append(ana.front(0), arguments, answered("done", 50), access)
		table := pair.New(pair.Config{})
		var all []tailer.Exchange
		for i := range records {
			r := records[i]
			all = append(all, table.Add(&r)...)
			r = tailer.Record{Raw: []byte(next)} // as the parser does
		}
		all = append(all, table.Drain()...)
		if len(all) != 1 || all[0].CallID != "" || all[0].Seed == "" {
			t.Fatalf("got %v, want one exchange without a call id", brief(all))
		}
		return all[0].Seed
	}
	if first, second := seedAfter("x"), seedAfter("y"); first != second {
		t.Errorf("seeds %s and %s for the same lines", first, second)
	}
}

// TestSessionAsTraceID keeps two requests of a session apart, of which one bears no
// call id: in 1.84 to 1.98 a session header stands in the place of the trace id.
func TestSessionAsTraceID(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "one"}, asking{user: "bob@example.org", prompt: "two"}
	first, second := ana.began("", 0), bob.began("b", 10)
	first.TraceID, second.TraceID = "session-1", "session-1"
	first.Raw = []byte("first")
	table := pair.New(pair.Config{})
	table.Add(&first)
	table.Add(&second)
	end := bob.ended("b", "for bob", 10, 20)
	end.TraceID = "session-1"
	table.Add(&end)
	for _, x := range table.Drain() {
		if user := x.Request.Headers[0].Value; x.CallID == "b" != (user == "bob@example.org") {
			t.Errorf("call %q is of %s", x.CallID, user)
		}
	}
}
