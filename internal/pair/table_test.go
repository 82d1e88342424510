package pair_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// at returns a time of the log, in milliseconds since its beginning.
func at(ms int) time.Time {
	return time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

// asking is what a client sends.
type asking struct {
	user, prompt string
	stream       bool
}

func (a asking) request() tailer.Request {
	q := tailer.Request{
		Method: "POST", Route: "/v1/chat/completions",
		Headers: []tailer.Header{{Name: "x-openwebui-user-email", Value: a.user}},
		Body: tailer.Fields{
			{Name: "model", Value: json.RawMessage(`"gpt-4o"`)},
			{Name: "messages", Value: json.RawMessage(`[{"role":"user","content":` + strconv.Quote(a.prompt) + `}]`)},
		},
	}
	if a.stream {
		q.Body = append(q.Body, tailer.Field{Name: "stream", Value: json.RawMessage("true")})
	}
	return q
}

// front returns the two records that state a request without a call id.
func (a asking) front(ms int) []tailer.Record {
	q := a.request()
	return []tailer.Record{
		{Kind: tailer.KindBody, Time: at(ms), Request: tailer.Request{Body: q.Body}, Raw: []byte("body " + a.prompt)},
		{Kind: tailer.KindHeaders, Time: at(ms), Request: tailer.Request{Headers: q.Headers}, Raw: []byte("headers " + a.user)},
	}
}

// began returns the record of an attempt's start.
func (a asking) began(id string, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindArguments, Time: at(ms), CallID: id, Function: "acompletion", Request: a.request(),
		Call: tailer.Call{Model: "openai/gpt-4o", ModelGroup: "gpt-4o"}}
}

// ended returns the record that states a whole attempt.
func (a asking) ended(id, answer string, from, to int) tailer.Record {
	return tailer.Record{Kind: tailer.KindCall, Time: at(to), CallID: id, Request: a.request(), Call: tailer.Call{
		Outcome: tailer.OutcomeSuccess, Start: at(from), End: at(to), CallType: "acompletion", Streamed: a.stream, Upstream: true, Failed: -1,
		Model: "openai/gpt-4o", ModelGroup: "gpt-4o", Response: completion(answer),
	}}
}

// failed is ended for an attempt that failed.
func (a asking) failed(id, message string, from, to int) tailer.Record {
	r := a.ended(id, "", from, to)
	r.Call.Outcome, r.Call.Response = tailer.OutcomeFailure, nil
	r.Call.Failure = tailer.Failure{Class: "RateLimitError", Message: message, Status: 429}
	return r
}

func completion(text string) json.RawMessage {
	return json.RawMessage(`{"model":"gpt-4o","choices":[{"message":{"content":` + strconv.Quote(text) + `}}]}`)
}

// answered is the router's word on an answer, which does not say whose it is.
func answered(text string, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindAnswer, Time: at(ms), Call: tailer.Call{Response: completion(text)}}
}

// run feeds records, numbered by their offsets, and returns all exchanges.
func run(table *pair.Table, records ...tailer.Record) (all []tailer.Exchange) {
	for i := range records {
		records[i].Pos = tailer.Position{Offset: int64(100 * i), End: int64(100*i + 100)}
		all = append(all, table.Add(&records[i])...)
	}
	return append(all, table.Drain()...)
}

func user(x *tailer.Exchange) string {
	for _, h := range x.Request.Headers {
		if h.Name == "x-openwebui-user-email" {
			return h.Value
		}
	}
	return ""
}

// brief tells of each exchange who asked, what was answered and what is missing.
func brief(all []tailer.Exchange) (lines []string) {
	for i := range all {
		x := &all[i]
		var answer struct {
			Choices []struct {
				Message struct {
					Content string `json:"content"`
				} `json:"message"`
			} `json:"choices"`
		}
		_ = json.Unmarshal(x.Response, &answer)
		text := ""
		for _, c := range answer.Choices {
			text += c.Message.Content
		}
		lines = append(lines, fmt.Sprintf("%s %s %q %d %q %v", x.CallID, user(x), text, len(x.Attempts), x.Level, x.Incomplete))
	}
	slices.Sort(lines)
	return lines
}

var (
	ana = asking{user: "ana@example.org", prompt: "same"}
	bob = asking{user: "bob@example.org", prompt: "same"}
)

func TestTable(t *testing.T) {
	broken := asking{user: "ana@example.org", prompt: "same", stream: true}
	piece := func(text string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindPiece, Time: at(ms), Call: tailer.Call{Response: json.RawMessage(`{"content":` + strconv.Quote(text) + `}`)}}
	}
	chunk := func(id, text string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindChunk, Time: at(ms), Call: tailer.Call{ResponseID: id, Response: json.RawMessage(
			`{"id":"` + id + `","choices":[{"delta":{"content":"` + text + `"},"finish_reason":null}]}`)}}
	}
	other := asking{"bob@example.org", "same", true}
	const ofGroup = "slow down. Received Model Group=gpt-4o\nAvailable Model Group Fallbacks=None"
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"same prompt at the same time, by call id",
			slices.Concat(ana.front(0), bob.front(1), []tailer.Record{
				ana.began("a", 2), bob.began("b", 3), bob.ended("b", "for bob", 3, 50), ana.ended("a", "for ana", 2, 60),
			}),
			[]string{`a ana@example.org "for ana" 0 "DEFAULT" []`, `b bob@example.org "for bob" 0 "DEFAULT" []`},
		},
		{
			"an answer without an id, one request in flight",
			slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 2), answered("for ana", 50)}),
			[]string{`a ana@example.org "for ana" 0 "DEFAULT" []`},
		},
		{
			"answers without an id, two requests in flight",
			slices.Concat(ana.front(0), bob.front(1), []tailer.Record{
				ana.began("a", 2), bob.began("b", 3), answered("for one", 50), answered("for the other", 51),
			}),
			[]string{`a ana@example.org "" 0 "" [output ambiguous]`, `b bob@example.org "" 0 "" [output ambiguous]`},
		},
		{
			"a failed attempt and its retry",
			slices.Concat(ana.front(0), []tailer.Record{
				ana.began("a", 2), ana.failed("a", "slow down", 2, 20), ana.began("a", 30), ana.ended("a", "at last", 30, 60),
			}),
			[]string{`a ana@example.org "at last" 1 "DEFAULT" []`},
		},
		{
			"all attempts failed",
			slices.Concat(ana.front(0), []tailer.Record{
				ana.began("a", 2), ana.failed("a", "slow down", 2, 20),
				{Kind: tailer.KindFailure, Time: at(25), Failure: tailer.Failure{Class: "RateLimitError", Message: "slow down", Status: 429}},
			}),
			[]string{`a ana@example.org "" 0 "ERROR" []`},
		},
		{
			"a stream that broke off",
			slices.Concat(broken.front(0), []tailer.Record{
				broken.began("a", 2), piece("half ", 10), piece("an answer", 11), broken.failed("a", "connection lost", 2, 20),
			}),
			[]string{`a ana@example.org "half an answer" 0 "ERROR" []`},
		},
		{
			"a stream that broke off beside another",
			slices.Concat(broken.front(0), asking{"bob@example.org", "same", true}.front(1), []tailer.Record{
				broken.began("a", 2), asking{"bob@example.org", "same", true}.began("b", 3), piece("whose?", 10),
				broken.failed("a", "connection lost", 2, 20), asking{"bob@example.org", "same", true}.ended("b", "for bob", 3, 30),
			}),
			[]string{`a ana@example.org "" 0 "ERROR" []`, `b bob@example.org "for bob" 0 "DEFAULT" []`},
		},
		{
			"a stream that broke off beside another, whose pieces bear an id",
			slices.Concat(broken.front(0), []tailer.Record{broken.began("a", 2), chunk("1", "half ", 10)}, other.front(11), []tailer.Record{
				other.began("b", 12), chunk("2", "for ", 13), chunk("1", "an answer", 14), chunk("2", "bob", 15),
				broken.failed("a", "connection lost", 2, 20), other.failed("b", "connection lost", 12, 30),
			}),
			[]string{`a ana@example.org "half an answer" 0 "ERROR" []`, `b bob@example.org "for bob" 0 "ERROR" []`},
		},
		{
			"streams that broke off, of which none is known to have begun first",
			slices.Concat(broken.front(0), []tailer.Record{broken.began("a", 2)}, other.front(3), []tailer.Record{
				other.began("b", 4), chunk("1", "whose?", 10), chunk("2", "whose?", 11),
				broken.failed("a", "connection lost", 2, 20), other.failed("b", "connection lost", 4, 30),
			}),
			[]string{`a ana@example.org "" 0 "ERROR" []`, `b bob@example.org "" 0 "ERROR" []`},
		},
		{
			"streams of which one broke off, and it is not known which",
			slices.Concat(broken.front(0), []tailer.Record{broken.began("a", 2)}, other.front(3), []tailer.Record{
				other.began("b", 4), landed(chat, 200, 5), landed(chat, 200, 6), piece("whose?", 10), told(tailer.KindStreamFailure, "", "connection lost", 20),
			}),
			[]string{`a ana@example.org "" 0 "" [output ambiguous]`, `b bob@example.org "" 0 "" [output ambiguous]`},
		},
		{
			"as many errors of a model group as requests to it without an end",
			slices.Concat(ana.front(0), bob.front(1), []tailer.Record{
				ana.began("a", 2), bob.began("b", 3), told(tailer.KindFailure, "", ofGroup, 20), told(tailer.KindFailure, "", ofGroup, 21),
			}),
			[]string{`a ana@example.org "" 0 "ERROR" []`, `b bob@example.org "" 0 "ERROR" []`},
		},
		{
			"fewer errors than requests",
			slices.Concat(ana.front(0), bob.front(1), []tailer.Record{ana.began("a", 2), bob.began("b", 3), told(tailer.KindFailure, "", ofGroup, 20)}),
			[]string{`a ana@example.org "" 0 "" [end not in the log no response]`, `b bob@example.org "" 0 "" [end not in the log no response]`},
		},
		{
			"a stream that broke off beside a request without one",
			slices.Concat(broken.front(0), bob.front(1), []tailer.Record{
				broken.began("a", 2), bob.began("b", 3), piece("whose?", 10), broken.failed("a", "connection lost", 2, 20), bob.ended("b", "for bob", 3, 30),
			}),
			[]string{`a ana@example.org "" 0 "ERROR" []`, `b bob@example.org "for bob" 0 "DEFAULT" []`},
		},
		{
			"a call id that the client chose again",
			[]tailer.Record{ana.ended("a", "first", 0, 50), bob.ended("a", "second", 1000, 1050)},
			[]string{`a ana@example.org "first" 0 "DEFAULT" []`, `a bob@example.org "second" 0 "DEFAULT" []`},
		},
		{
			"each attempt logged twice",
			[]tailer.Record{ana.failed("a", "slow down", 0, 20), ana.failed("a", "slow down", 0, 20), ana.ended("a", "once", 30, 50), ana.ended("a", "once", 30, 50)},
			[]string{`a ana@example.org "once" 1 "DEFAULT" []`},
		},
		{
			"a call that is no client's request",
			[]tailer.Record{{Kind: tailer.KindCall, Time: at(1), CallID: "h", Request: tailer.Request{Route: "/health", Method: "GET"},
				Call: tailer.Call{Outcome: tailer.OutcomeSuccess, Start: at(0), End: at(1), CallType: "acompletion"}}},
			nil,
		},
		{
			"a damaged record",
			[]tailer.Record{{Kind: tailer.KindCall, Time: at(1), CallID: "d", Request: ana.request()}},
			[]string{`d ana@example.org "" 0 "WARNING" [record damaged]`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := brief(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestSettle waits for late records, in the time of the log, and no longer.
func TestSettle(t *testing.T) {
	table := pair.New(pair.Config{})
	r := ana.ended("a", "done", 0, 50)
	if got := table.Add(&r); len(got) != 0 {
		t.Fatalf("handed out at once: %v", brief(got))
	}
	held := func() (all []tailer.Position) {
		table.Held(func(p tailer.Position) { all = append(all, p) })
		return all
	}
	if got := held(); !slices.Equal(got, []tailer.Position{r.Pos}) {
		t.Errorf("holds %v, want %v", got, r.Pos)
	}
	if got := table.Tick(at(9_000)); len(got) != 0 {
		t.Fatalf("handed out after 9 s: %v", brief(got))
	}
	if got := table.Tick(at(10_051)); len(got) != 1 {
		t.Fatalf("after 10 s: %v", brief(got))
	}
	if got := held(); len(got) > 0 {
		t.Errorf("still holds %v", got)
	}
}

// TestGiveUp hands out a request that never ends, and says so.
func TestGiveUp(t *testing.T) {
	table := pair.New(pair.Config{GiveUp: time.Minute})
	for _, r := range append(ana.front(0), ana.began("a", 2)) {
		table.Add(&r)
	}
	if got := table.Tick(at(59_000)); len(got) != 0 {
		t.Fatalf("given up early: %v", brief(got))
	}
	got := brief(table.Tick(at(61_000)))
	if want := []string{`a ana@example.org "" 0 "" [end not in the log no response]`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBounds opens more requests than may be held, none of which ends.
func TestBounds(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  pair.Config
		held int64 // at most
	}{
		{"requests", pair.Config{MaxOpen: 10}, 10},
		{"bytes", pair.Config{MaxBytes: 64 << 10}, 64 << 10 / 256},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, handed := pair.New(test.cfg), int64(0)
			const requests = 5000
			for i := range requests {
				one := asking{user: fmt.Sprint(i), prompt: fmt.Sprint(i)}
				for _, r := range append(one.front(i), one.began(fmt.Sprint("call-", i), i)) {
					handed += int64(len(table.Add(&r)))
				}
				if held := int64(i+1) - handed; held > test.held {
					t.Fatalf("%d requests held", held)
				}
			}
			if evicted := table.Counts().Evicted; evicted != handed || handed < requests-test.held {
				t.Errorf("%d handed out, %d evicted", handed, evicted)
			}
			if handed += int64(len(table.Drain())); handed != requests {
				t.Errorf("%d of %d requests handed out", handed, requests)
			}
		})
	}
}

// TestRedate moves what is held by the day that was guessed wrongly.
func TestRedate(t *testing.T) {
	const day = 24 * time.Hour
	all := run(pair.New(pair.Config{}), append(ana.front(0), ana.began("a", 2),
		tailer.Record{Kind: tailer.KindRedate, Shift: -day}, func() tailer.Record {
			r := ana.ended("a", "done", 2, 50)
			r.Time, r.Call.Start, r.Call.End = r.Time.Add(-day), r.Call.Start.Add(-day), r.Call.End.Add(-day)
			return r
		}())...)
	if len(all) != 1 || !all[0].Start.Equal(at(0).Add(-day)) || !all[0].End.Equal(at(50).Add(-day)) {
		t.Errorf("got %v, %+v", brief(all), all)
	}
}

// TestSeeds numbers requests without an id that are equal to the byte, so that
// each has an id of its own and the same one in every run.
func TestSeeds(t *testing.T) {
	records := func() []tailer.Record {
		payload := func(ms int) tailer.Record {
			r := ana.ended("", "done", 0, 50)
			r.Kind, r.Time, r.TraceID, r.Raw = tailer.KindPayload, at(ms), "trace", []byte("payload")
			return r
		}
		later := func(ms int) tailer.Record { return tailer.Record{Kind: tailer.KindArrival, Time: at(ms)} }
		return []tailer.Record{payload(50), later(15_000), payload(20_000), later(35_000), payload(40_000)}
	}
	var first []string
	for range 3 {
		var seeds []string
		for _, x := range run(pair.New(pair.Config{}), records()...) {
			if x.CallID == "" {
				seeds = append(seeds, x.Seed)
			}
		}
		slices.Sort(seeds)
		if len(slices.Compact(slices.Clone(seeds))) != len(seeds) {
			t.Fatalf("seeds repeat: %q", seeds)
		}
		if first == nil {
			first = seeds
		}
		if !slices.Equal(first, seeds) {
			t.Fatalf("got %q, then %q", first, seeds)
		}
	}
	if len(first) != 3 {
		t.Errorf("%d exchanges without a call id, want 3", len(first))
	}
}
