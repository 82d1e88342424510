package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// met is the router's line on an attempt that failed.
func met(words string, ms int) tailer.Record {
	r := tried("openai/other", tailer.OutcomeFailure, ms)
	r.Call.Failure.Message = words
	return r
}

// TestFailuresOfOthers: an attempt that failed while a stream was under way is not the
// stream's if it was the last one of a request that failed.
func TestFailuresOfOthers(t *testing.T) {
	const quota, down = "quota of this key is used up", "upstream is down"
	failure := func(words string, ms int) tailer.Record { return told(tailer.KindFailure, "", words, ms) }
	for _, test := range []struct {
		name    string
		records []tailer.Record
		sure    bool
	}{
		{"nothing failed", nil, true},
		{"nobody was told", []tailer.Record{met(quota, 4100)}, false},
		{"another client was told", []tailer.Record{met(quota, 4100), failure(quota+". Received Model Group=x", 4110)}, true},
		{"it was told of another failure", []tailer.Record{met(quota, 4100), failure(down, 4110)}, false},
		{"it was told of what failed long before", []tailer.Record{met(quota, 500), met(down, 4100), failure(quota, 4110)}, false},
		{"it was told of what failed long before, or now", []tailer.Record{met(quota, 500), met(quota, 4100), failure(quota, 4110)}, false},
		{"two failed alike, one client was told", []tailer.Record{met(quota, 4100), met(quota, 4200), failure(quota, 4210)}, false},
		{"two failed alike, both were told", []tailer.Record{met(quota, 4100), met(quota, 4200), failure(quota, 4210), failure(quota, 4220)}, true},
		{"one was told twice", []tailer.Record{met(quota, 4100), failure(quota, 4110), failure(quota, 4120), met(quota, 4200)}, false},
		{"without words", []tailer.Record{met("", 4100), failure("", 4110)}, false},
		{"a key was refused in these words", []tailer.Record{met(quota, 4100), told(tailer.KindRefused, "", quota, 4110)}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := payload(asking{user: "ana@example.org", prompt: "same", stream: true}, "a", "done", 4000, 5000)
			p.Call.Failed, p.Call.Streamed = -1, true
			records := slices.Concat([]tailer.Record{tried("openai/gpt-4o", tailer.OutcomeSuccess, 4050)}, test.records, []tailer.Record{p})
			for _, x := range run(pair.New(pair.Config{}), records...) {
				if sure := !slices.Contains(x.Incomplete, "attempts uncertain"); x.CallID == "a" && sure != test.sure {
					t.Errorf("sure is %v, want %v", sure, test.sure)
				}
			}
		})
	}
}

// TestRefusalOfAPrivateLog: where content is turned off, a refused key's request is
// handed out if it is told from others.
func TestRefusalOfAPrivateLog(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		want   []string
	}{
		{"what the client was told is known", 400, []string{`a  ` + chat + ` 400 ""`}},
		{"nothing is", 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := asking{}.failed("a", "", 0, 100)
			r.Request = tailer.Request{Method: "POST", Route: chat}
			r.Call.Failure = tailer.Failure{Class: "ProxyException", Status: test.status}
			r.Call.Model, r.Call.ModelGroup, r.Call.Refused, r.Call.Private, r.Call.Upstream = "", "", true, true, false
			table := pair.New(pair.Config{})
			if got := tell(run(table, r)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if n := table.Counts().Unidentified; n != int64(1-len(test.want)) {
				t.Errorf("%d are counted", n)
			}
		})
	}
}
