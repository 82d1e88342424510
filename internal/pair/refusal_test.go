package pair_test

import (
	"fmt"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestUncheckedWithoutArrivals: from 1.108 on LiteLLM notes no arrival, and of a
// request whose key is not where it looks no header. There the size of the body, or
// the key, has to agree.
func TestUncheckedWithoutArrivals(t *testing.T) {
	const wrong = "No connected db."
	eve, odd := asking{user: "eve@example.org", prompt: "eve's"}, asking{user: "odd@example.org", prompt: "what odd asks is longer"}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    string
	}{
		{"the size agrees", []tailer.Record{eve.unchecked(0), refused(wrong, 1), eve.dumped("e", "", 2)}, "eve@example.org []"},
		{"the size of one of two agrees", []tailer.Record{odd.unchecked(0), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3)}, "eve@example.org []"},
		{"another's is the only one", []tailer.Record{odd.unchecked(0), refused(wrong, 1), eve.dumped("e", "", 2)}, " [headers ambiguous]"},
		{"another's is too small", []tailer.Record{eve.unchecked(0), refused(wrong, 1), odd.dumped("e", "", 2)}, " []"},
		{"two of one size", []tailer.Record{eve.unchecked(0), asking{user: "ann@example.org", prompt: "ann's"}.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3)}, " [headers ambiguous]"},
		{"the key agrees", []tailer.Record{
			with(eve.unchecked(0), func(r *tailer.Record) { r.Key.Hash, r.Request.Headers[1].Value = "1", "999" }), refused(wrong, 1), eve.dumped("e", "1", 2),
		}, "eve@example.org []"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), test.records...)
			if len(all) != 1 {
				t.Fatalf("%d came out", len(all))
			}
			if got := fmt.Sprintf("%s %v", user(&all[0]), all[0].Incomplete); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestUncheckedStrays: a request that has arrived and whose headers were not looked
// at takes nobody's, whatever its words.
func TestUncheckedStrays(t *testing.T) {
	const wrong = "No connected db."
	eve, odd := asking{user: "eve@example.org", prompt: "eve's"}, asking{user: "odd@example.org", prompt: "odd's"}
	arrival := func(ms int) tailer.Record { return tailer.Record{Kind: tailer.KindArrival, Time: at(ms)} }
	all := run(pair.New(pair.Config{}), arrival(0), odd.unchecked(0), arrival(1), refused(wrong, 2), eve.dumped("e", "", 3))
	if len(all) != 1 || user(&all[0]) != "" {
		t.Errorf("got %+v", all)
	}
	all = run(pair.New(pair.Config{}), arrival(0), odd.unchecked(0), arrival(1), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3), odd.accepted(4))
	if len(all) != 1 || user(&all[0]) != eve.user {
		t.Errorf("got %+v", all)
	}
}

// TestUncheckedSwapped: errors in the same words tell nothing of whose they are; the
// time at which LiteLLM began to state a refused request does.
func TestUncheckedSwapped(t *testing.T) {
	const wrong = "No connected db."
	eve, odd := asking{user: "eve@example.org", prompt: "eve's"}, asking{user: "odd@example.org", prompt: "odd's"}
	dump := func(a asking, id string, began, written int) tailer.Record {
		r := a.failed(id, wrong, began, began+1)
		r.Time, r.Request.Headers, r.Call.Refused = at(written), nil, true
		r.Call.Failure = tailer.Failure{Message: wrong}
		return r
	}
	all := run(pair.New(pair.Config{}), tailer.Record{Kind: tailer.KindArrival, Time: at(-60_000)},
		eve.unchecked(0), refused(wrong, 1), odd.unchecked(100), refused(wrong, 101), dump(odd, "o", 102, 150), dump(eve, "e", 2, 160))
	for i := range all {
		if own := map[string]string{"e": eve.user, "o": odd.user}[all[i].CallID]; user(&all[i]) != own {
			t.Errorf("%s has the user %q", all[i].CallID, user(&all[i]))
		}
	}
	if len(all) != 2 {
		t.Errorf("%d came out", len(all))
	}
}

// TestUncheckedBegins: a request that is accepted began when its key was looked for,
// if only one request that states the same is.
func TestUncheckedBegins(t *testing.T) {
	eve := asking{user: "eve@example.org", prompt: "eve's"}
	begun := func(ms int) []tailer.Record {
		began := eve.began("e", ms+1)
		began.Request.Headers = eve.fullHeaders()
		return []tailer.Record{eve.front(ms)[0], eve.accepted(ms), began, landed(chat, 200, ms+50)}
	}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		start   int
	}{
		{"looked for", append([]tailer.Record{eve.unchecked(0)}, begun(300)...), 0},
		{"two alike", append([]tailer.Record{eve.unchecked(0), eve.unchecked(200)}, begun(300)...), 300},
		{"long ago", append([]tailer.Record{eve.unchecked(0)}, begun(5000)...), 5000},
	} {
		all := run(pair.New(pair.Config{}), test.records...)
		if len(all) != 1 || !all[0].Start.Equal(at(test.start)) {
			t.Errorf("%s: %+v", test.name, all)
		}
	}
}

// TestUncheckedOtherWords: what failed for another reason takes nothing of a refusal.
func TestUncheckedOtherWords(t *testing.T) {
	eve, odd := asking{user: "eve@example.org", prompt: "eve's"}, asking{user: "odd@example.org", prompt: "odd's"}
	dump := odd.failed("o", "Invalid JSON payload: x", 2, 3)
	dump.Request.Headers, dump.Call.Refused = nil, true
	all := run(pair.New(pair.Config{}), tailer.Record{Kind: tailer.KindArrival, Time: at(-60_000)}, eve.unchecked(0), refused("No connected db.", 1), dump)
	for i := range all {
		if all[i].CallID == "o" && user(&all[i]) != "" {
			t.Errorf("it has the headers of %s", user(&all[i]))
		}
	}
}
