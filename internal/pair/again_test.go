package pair_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// outcome tells of each exchange who asked, its status and level, what was answered, how
// many attempts failed before, and when it ended.
func outcome(all []tailer.Exchange) (lines []string) {
	for i := range all {
		x := &all[i]
		lines = append(lines, fmt.Sprintf("%s %s %d %s %q attempts=%d end=%d", x.CallID, user(x), x.Status, x.Level, x.StatusMessage, len(x.Attempts), x.End.Sub(at(0)).Milliseconds()))
	}
	slices.Sort(lines)
	return lines
}

func joined(lists ...[]tailer.Record) (all []tailer.Record) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// headless is the payload of an attempt: it states no headers (1.61).
func headless(r tailer.Record) tailer.Record {
	r.Kind, r.Request.Headers, r.Request.Route = tailer.KindPayload, nil, ""
	return r
}

// traced is a payload with LiteLLM's trace id.
func traced(r tailer.Record) tailer.Record {
	r.Kind, r.TraceID = tailer.KindPayload, "3afbee10-824e-4a5e-b402-d97b4fda575a"
	return r
}

// chosen is a record whose trace id is the client's.
func chosen(r tailer.Record) tailer.Record {
	r.Request.Headers = append(slices.Clone(r.Request.Headers), tailer.Header{Name: "x-litellm-trace-id", Value: r.TraceID})
	return r
}

// TestRetried: attempts with call ids of their own are one request, if only one was
// received.
func TestRetried(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "again"}
	path := "/v1/chat/completions"
	late := func(r *tailer.Record) { r.Time = at(100) } // stated after the error was read
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"each attempt has another id",
			joined(zoe.front(0), []tailer.Record{
				zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10), zoe.began("b", 20), zoe.failed("b", "slow down", 20, 30),
				zoe.began("c", 40), zoe.ended("c", "yes", 40, 50), landed(path, 200, 51),
			}),
			[]string{`a zoe@example.org 200 DEFAULT "" attempts=2 end=51`},
		},
		{
			"a payload without headers states the second one first",
			joined(zoe.front(0), []tailer.Record{
				zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10), headless(zoe.failed("b", "slow down", 20, 30)), zoe.failed("b", "slow down", 20, 30),
				zoe.began("c", 40), zoe.ended("c", "yes", 40, 50), landed(path, 200, 51),
			}),
			[]string{`a zoe@example.org 200 DEFAULT "" attempts=2 end=51`},
		},
		{
			"payloads alone, by LiteLLM's trace id",
			[]tailer.Record{traced(zoe.failed("a", "slow down", 1, 10)), traced(zoe.failed("b", "slow down", 20, 30)), traced(zoe.ended("", "yes", 40, 50))},
			[]string{`a zoe@example.org 200 DEFAULT "" attempts=2 end=50`},
		},
		{
			"a trace id that the client chose says nothing",
			[]tailer.Record{chosen(traced(zoe.failed("a", "slow down", 1, 10))), chosen(traced(zoe.failed("b", "slow down", 20, 30)))},
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=10`, `b zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=30`},
		},
		{
			"another question of the session whose trace id it is",
			[]tailer.Record{traced(zoe.failed("a", "slow down", 1, 10)), traced(asking{user: zoe.user, prompt: "something else"}.ended("b", "yes", 20, 30))},
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=10`, `b zoe@example.org 200 DEFAULT "" attempts=0 end=30`},
		},
		{
			"an error that states the id of another who failed in the same words",
			[]tailer.Record{
				told(tailer.KindFailure, "b", "slow down", 60),
				with(zoe.failed("a", "slow down", 1, 10), late), with(ana.failed("b", "slow down", 20, 30), late),
			},
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=10`, `b ana@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=60`},
		},
		{
			"nor does one of a request whose client was told an error",
			[]tailer.Record{told(tailer.KindFailure, "", "slow down", 11), traced(zoe.failed("a", "slow down", 1, 10)), traced(zoe.failed("b", "slow down", 20, 30))},
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=11`, `b zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=30`},
		},
		{
			"a client that tries again is another request",
			joined(zoe.front(0), []tailer.Record{zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10), landed(path, 429, 11)},
				zoe.front(20), []tailer.Record{zoe.began("b", 20), zoe.ended("b", "yes", 20, 30), landed(path, 200, 31)}),
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=11`, `b zoe@example.org 200 DEFAULT "" attempts=0 end=31`},
		},
		{
			"also while the first is not answered",
			joined(zoe.front(0), []tailer.Record{zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10)},
				zoe.front(20), []tailer.Record{zoe.began("b", 20), zoe.ended("b", "yes", 20, 30)}),
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=10`, `b zoe@example.org 200 DEFAULT "" attempts=0 end=30`},
		},
		{
			"somebody else's attempt",
			joined(zoe.front(0), []tailer.Record{zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10), ana.began("b", 20), ana.ended("b", "yes", 20, 30)}),
			[]string{`a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=10`, `b ana@example.org 200 DEFAULT "" attempts=0 end=30`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestBlankLines: of a text log blank lines are not kept, but a payload has those of its
// error.
func TestBlankLines(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "blank"}
	all := run(pair.New(pair.Config{}), zoe.failed("a", "drop them:\n\nset this\n", 1, 10), told(tailer.KindFailure, "", "drop them:\nset this. No fallback", 40))
	if want := []string{`a zoe@example.org 429 ERROR "RateLimitError: drop them:\nset this. No fallback" attempts=0 end=40`}; !slices.Equal(outcome(all), want) {
		t.Errorf("got %q, want %q", outcome(all), want)
	}
}

// TestSuspectPayload: a payload that may be somebody's text makes no request. It counts
// for one that another record states.
func TestSuspectPayload(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "hello"}
	payload := traced(zoe.ended("", "yes", 1, 10))
	payload.Suspect = true
	began := zoe.began("a", 1)
	began.TraceID = payload.TraceID
	for name, test := range map[string]struct {
		records []tailer.Record
		want    []string
	}{
		"alone":                        {[]tailer.Record{payload}, nil},
		"after the call's beginning":   {[]tailer.Record{began, payload}, []string{`a zoe@example.org 200 DEFAULT "" attempts=0 end=10`}},
		"before the call's own record": {[]tailer.Record{payload, began, zoe.ended("a", "yes", 1, 10)}, []string{`a zoe@example.org 200 DEFAULT "" attempts=0 end=10`}},
	} {
		if got := outcome(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// TestTriedOn: of an attempt that began after one that failed, the failure tells nothing.
func TestTriedOn(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "on", stream: true}
	records := joined(zoe.front(0), []tailer.Record{zoe.began("a", 1), zoe.failed("a", "slow down", 1, 10), zoe.began("a", 20)})
	for _, test := range []struct {
		name string
		more []tailer.Record
		want string
	}{
		{"answered", []tailer.Record{{Kind: tailer.KindAnswer, Time: at(30), Call: tailer.Call{Streamed: true}}, landed(chat, 200, 31)}, `a zoe@example.org 200 DEFAULT "" attempts=1 end=31`},
		{"answered by an error", []tailer.Record{landed(chat, 429, 31)}, `a zoe@example.org 429 ERROR "RateLimitError: slow down" attempts=1 end=31`},
		{"nothing more", nil, `a zoe@example.org 0  "" attempts=1 end=20`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(run(pair.New(pair.Config{}), joined(records, test.more)...)); len(got) != 1 || got[0] != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

// TestSameAnswer: a payload without a call id and a callback's record state one answer,
// in either order, though their trace ids differ and the client sent no x- header.
func TestSameAnswer(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "codex"}
	record := zoe.ended("a", "yes", 10, 20)
	record.Call.ResponseID, record.TraceID = "resp_1", "session"
	bare := record
	bare.Kind, bare.CallID, bare.TraceID, bare.Request.Headers, bare.Raw = tailer.KindPayload, "", "other", nil, []byte("payload")
	cached := bare
	cached.Call.Start, cached.Call.End = at(5), at(6)
	want := []string{`a zoe@example.org 200 DEFAULT "" attempts=0 end=20`}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{"the payload first", []tailer.Record{bare, record}, want},
		{"the payload last", []tailer.Record{record, bare}, want},
		{"twice", []tailer.Record{bare, record, bare}, want},
		{"an answer from a cache has the id of another", []tailer.Record{cached, record}, append([]string{` ` + ` 200 DEFAULT "" attempts=0 end=6`}, want...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(run(pair.New(pair.Config{}), slices.Clone(test.records)...)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestErrorAfterSuccess: the client may be told an error though the model answered.
func TestErrorAfterSuccess(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "after"}
	words := "the answer is not allowed"
	begin := joined(zoe.front(0), []tailer.Record{zoe.began("a", 1)})
	for _, test := range []struct {
		name string
		more []tailer.Record
		want string
	}{
		{"before the callback", []tailer.Record{told(tailer.KindFailure, "", words, 30), landed(chat, 400, 31), zoe.ended("a", "yes", 1, 20)}, `a zoe@example.org 400 ERROR "the answer is not allowed" attempts=0 end=31`},
		{"after the callback", []tailer.Record{zoe.ended("a", "yes", 1, 20), told(tailer.KindFailure, "", words, 30), landed(chat, 400, 31)}, `a zoe@example.org 400 ERROR "the answer is not allowed" attempts=0 end=31`},
		{"with its call id", []tailer.Record{zoe.ended("a", "yes", 1, 20), told(tailer.KindFailure, "a", words, 30)}, `a zoe@example.org 400 ERROR "the answer is not allowed" attempts=0 end=30`},
		{"its status only", []tailer.Record{zoe.ended("a", "yes", 1, 20), landed(chat, 400, 31)}, `a zoe@example.org 400 ERROR "" attempts=0 end=31`},
		{"an error that was no end", []tailer.Record{told(tailer.KindFailure, "", words, 10), zoe.ended("a", "yes", 1, 20), landed(chat, 200, 31)}, `a zoe@example.org 200 DEFAULT "" attempts=0 end=31`},
		{"long after", []tailer.Record{zoe.ended("a", "yes", 1, 20), told(tailer.KindFailure, "", words, 9000), landed(chat, 400, 9001)}, `a zoe@example.org 400 ERROR "" attempts=0 end=9001`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(run(pair.New(pair.Config{}), joined(begin, test.more)...)); len(got) != 1 || got[0] != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

// TestStatusOfAStreamThatFailed: up to 1.84 the status was sent before; later it is not
// known.
func TestStatusOfAStreamThatFailed(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "cut", stream: true}
	for since98, want := range map[bool]int{false: 200, true: 0} {
		failed := zoe.failed("a", "the connection was cut", 1, 20)
		failed.Call.Since98 = since98
		all := run(pair.New(pair.Config{}), zoe.began("a", 1), told(tailer.KindStreamFailure, "", "Error: the connection was cut", 19), failed)
		if len(all) != 1 || all[0].Status != want {
			t.Errorf("since 1.98 %v: %+v, want one with status %d", since98, outcome(all), want)
		}
	}
}

// TestSystemPromptOfAPayload: a payload may leave out a system prompt, and the exchange
// says so.
func TestSystemPromptOfAPayload(t *testing.T) {
	for _, test := range []struct {
		route, callType, name string
		sinceCall, want       bool
	}{
		{"/v1/messages", "anthropic_messages", "system", true, false},
		{"/v1/messages", "anthropic_messages", "tools", true, true},
		{"/v1/responses", "aresponses", "instructions", false, false},
		{"/v1/responses", "aresponses", "tools", false, true},
		{"/v1/responses", "aresponses", "tools", true, false},
		{"/v1/chat/completions", "acompletion", "tools", true, false},
	} {
		r := payload(asking{user: "zoe@example.org", prompt: "hello"}, "a", "yes", 1, 20)
		r.Request.Route, r.Call.CallType, r.Call.SinceCall, r.Request.Rebuilt = test.route, test.callType, test.sinceCall, true
		r.Request.Body = append(r.Request.Body, tailer.Field{Name: "input", Value: []byte(`"x"`)}, tailer.Field{Name: test.name, Value: []byte(`"x"`)})
		all := run(pair.New(pair.Config{}), r)
		if len(all) != 1 || slices.Contains(all[0].Incomplete, "a system prompt may be missing") != test.want {
			t.Errorf("%+v: %v", test, all[0].Incomplete)
		}
	}
}

// TestParameterUser: the user among the parameters of a call is kept, whichever record
// states it.
func TestParameterUser(t *testing.T) {
	a := asking{user: "zoe@example.org", prompt: "same"}
	const id = "11111111-2222-4333-8444-555555555555"
	for _, parameters := range [][2]string{{"ann", ""}, {"", "ann"}, {"ann", "other"}} {
		began, ended := a.began(id, 1), a.ended(id, "yes", 2, 40)
		began.Request.User, ended.Request.User = parameters[0], parameters[1]
		if all := run(pair.New(pair.Config{}), began, ended); len(all) != 1 || all[0].Request.User != "ann" {
			t.Errorf("%q: got %d requests, want one of ann", parameters, len(all))
		}
	}
}
