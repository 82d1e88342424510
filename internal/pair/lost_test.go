package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestLostCharacters: what characters are lost of is taken from another record, else
// left out, and said to be.
func TestLostCharacters(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "\U0001F98A"}
	without := func(r tailer.Record) tailer.Record {
		r.Request.Body = slices.DeleteFunc(slices.Clone(r.Request.Body), func(f tailer.Field) bool { return f.Name == "messages" })
		r.Request.Lost = true
		return r
	}
	mute := func(r tailer.Record) tailer.Record {
		r.Call.Response, r.Call.Lost = nil, true
		return r
	}
	whole := zoe.ended("a", "yes", 1, 10)
	for _, test := range []struct {
		name           string
		records        []tailer.Record
		asked, replied bool
	}{
		{"nothing lost", []tailer.Record{whole}, true, true},
		{"the body as received has it", joined(zoe.front(0), []tailer.Record{without(whole)}), true, true},
		{"so has a record before", []tailer.Record{zoe.began("a", 1), without(whole)}, true, true},
		{"or after", []tailer.Record{without(zoe.began("a", 1)), whole}, true, true},
		{"nothing has it", []tailer.Record{without(zoe.began("a", 1)), without(whole)}, false, true},
		{"the answer", []tailer.Record{mute(whole)}, true, false},
		{"another record of it", []tailer.Record{mute(whole), whole}, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), test.records...)
			if len(all) != 1 {
				t.Fatalf("%+v", all)
			}
			x := &all[0]
			asked, said := x.Request.Body.Get("messages") != nil, slices.Contains(x.Incomplete, "characters lost")
			if asked != test.asked || (x.Response != nil) != test.replied || said == (test.asked && test.replied) || x.Request.Body.Text("model") != "gpt-4o" {
				t.Errorf("asked %v, answer %s, incomplete %q", asked, x.Response, x.Incomplete)
			}
		})
	}
}
