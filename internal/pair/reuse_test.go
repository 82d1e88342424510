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
