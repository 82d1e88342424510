package pair_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// begun is the record of a call that does not state its headers, as from 1.99 on.
func begun(id, function, user, name, content string, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindArguments, Time: at(ms), CallID: id, Function: function, Call: tailer.Call{Model: "openai/gpt-4o"},
		Hint: tailer.Fields{{Name: name, Value: json.RawMessage(content)}, {Name: "user", Value: json.RawMessage(`"` + user + `"`)}}}
}

// message adds the id of a message to the headers.
func message(records []tailer.Record, id string) []tailer.Record {
	records[1].Request.Headers = append(records[1].Request.Headers, tailer.Header{Name: "x-openwebui-message-id", Value: id})
	return records
}

// cached is the record that states a call's headers, where LiteLLM has a cache.
func cached(id string, front []tailer.Record, ms int) tailer.Record {
	q := front[0].Request
	q.Headers, q.Method, q.Route = front[1].Request.Headers, "POST", chat
	return tailer.Record{Kind: tailer.KindDetails, Function: tailer.FunctionCached, Time: at(ms), CallID: id, Request: q}
}

// owners tells whose the requests are, and of which message.
func owners(all []tailer.Exchange) (list []string) {
	for _, x := range all {
		one := x.CallID
		for _, h := range x.Request.Headers {
			one += " " + h.Value
		}
		list = append(list, fmt.Sprintf("%s %s", one, x.Request.Body.Get("messages")))
	}
	slices.Sort(list)
	return list
}

// TestSameAtOnce: of requests that ask the same at once each call finds its own, where a
// record states its headers.
func TestSameAtOnce(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "same"}
	const content = `[{"role":"user","content":"same"}]`
	first, second := message(ana.front(0), "m1"), message(ana.front(1), "m2")
	records := slices.Concat(first, second, []tailer.Record{
		begun("b", "acompletion", ana.user, "messages", content, 10), cached("b", second, 11),
		begun("a", "acompletion", ana.user, "messages", content, 12), cached("a", first, 13), cached("a", first, 14),
	})
	want := []string{"a ana@example.org m1 " + content, "b ana@example.org m2 " + content}
	if got := owners(run(pair.New(pair.Config{}), records...)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestMaskedContent: a request whose content a guardrail has masked is the only one that has the
// headers which its call states.
func TestMaskedContent(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "my number is 555"}
	const masked = `[{"role":"user","content":"my number is <PHONE>"}]`
	front, state := message(ana.front(0), "m1"), cached("a", asking{user: ana.user, prompt: "my number is <PHONE>"}.front(0), 11)
	state.Request.Headers = front[1].Request.Headers
	call := begun("a", "acompletion", ana.user, "messages", masked, 10)
	answer := []tailer.Record{answered("for ana", 50), landed(chat, 200, 60)}
	all := run(pair.New(pair.Config{}), slices.Concat(front, []tailer.Record{call, state}, answer)...)
	if got, want := owners(all), []string{"a ana@example.org m1 " + masked}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if all[0].Status != 200 || all[0].Response == nil || !all[0].Start.Equal(at(0)) {
		t.Errorf("status %d, start %v, answer %s", all[0].Status, all[0].Start, all[0].Response)
	}
	twice := run(pair.New(pair.Config{}), slices.Concat(front, message(ana.front(1), "m1"), []tailer.Record{call, state}, answer)...)
	for _, x := range twice {
		if x.CallID == "a" && (x.Response != nil || !x.Start.Equal(at(10))) {
			t.Errorf("of two with these headers one was chosen: start %v, answer %s", x.Start, x.Response)
		}
	}
	front[0].Request.Body[0].Value = json.RawMessage(`"another"`)
	for _, x := range run(pair.New(pair.Config{}), slices.Concat(front, []tailer.Record{call, state})...) {
		if x.CallID == "a" && !x.Start.Equal(at(10)) {
			t.Errorf("a request for another model was chosen: start %v", x.Start)
		}
	}
}

// TestOtherFunction: a request that never becomes a call keeps no other of its user from
// finding its own.
func TestOtherFunction(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "never a call"}
	embed := ana.front(5)
	embed[0].Request.Body = tailer.Fields{{Name: "model", Value: json.RawMessage(`"embed"`)}, {Name: "input", Value: json.RawMessage(`"text"`)}}
	for _, input := range []string{`"text"`, `["text"]`} {
		embed[0].Request.Body[1].Value = json.RawMessage(input)
		records := slices.Concat(ana.front(0), embed, []tailer.Record{begun("e", "aembedding", ana.user, "input", input, 10)})
		i := slices.IndexFunc(run(pair.New(pair.Config{}), records...), func(x tailer.Exchange) bool {
			return x.CallID == "e" && string(x.Request.Body.Get("input")) == input && len(x.Request.Headers) == 1
		})
		if i < 0 {
			t.Errorf("the request with the input %s is lost", input)
		}
	}
}

// TestSameHeaders: of two requests of one client, in flight at once, each call finds its
// own, by what it asks.
func TestSameHeaders(t *testing.T) {
	one, two := asking{user: ana.user, prompt: "one"}, asking{user: ana.user, prompt: "two"}
	for name, records := range map[string][]tailer.Record{
		"received before the calls": slices.Concat(one.front(0), two.front(5), []tailer.Record{one.ended("1", "yes", 8, 50), two.ended("2", "no", 9, 60)}),
		"a call without an id":      {with(one.began("", 0), func(r *tailer.Record) { r.Raw = []byte("one") }), two.ended("2", "no", 5, 60), one.ended("1", "yes", 8, 70)},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, x := range run(pair.New(pair.Config{}), records...) {
				got = append(got, fmt.Sprintf("%s %s %d", x.CallID, x.Request.Body.Get("messages"), x.Start.Sub(at(0)).Milliseconds()))
			}
			slices.Sort(got)
			if want := []string{`1 [{"role":"user","content":"one"}] 0`, `2 [{"role":"user","content":"two"}] 5`}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
