package pair_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// found is the line that names the user of a request, of a log at INFO.
func found(user string, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindFoundUser, Time: at(ms), Raw: []byte("found " + user),
		Request: tailer.Request{FoundUser: user, FoundHeader: "x-openwebui-user-email"}}
}

func routed(ms int) tailer.Record { return tailer.Record{Kind: tailer.KindRouted, Time: at(ms)} }

// landed is an access line.
func landed(path string, status, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindAccess, Time: at(ms), Status: status, Raw: []byte("access " + path),
		Request: tailer.Request{Method: "POST", Route: path}}
}

// told is the error that a client was told.
func told(kind tailer.Kind, id, message string, ms int) tailer.Record {
	return tailer.Record{Kind: kind, Time: at(ms), CallID: id, Failure: tailer.Failure{Message: message, Status: 400}, Raw: []byte(message)}
}

func counted(messages, text string, ms int) tailer.Record {
	r := tailer.Record{Kind: tailer.KindCounted, Time: at(ms)}
	if messages != "" {
		r.Hint = tailer.Fields{{Name: "messages", Value: json.RawMessage(messages)}}
	} else {
		r.Call.Response = json.RawMessage(strconv.Quote(text))
	}
	return r
}

func tried(model string, outcome tailer.Outcome, ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindAttempt, Time: at(ms), Call: tailer.Call{Model: model, Outcome: outcome}}
}

// payload is a success that bears the x- headers of its request.
func payload(a asking, id, answer string, from, to int) tailer.Record {
	r := a.ended(id, answer, from, to)
	r.Kind, r.Call.SinceCall, r.Call.OnlySuccess = tailer.KindPayload, true, true
	return r
}

// tell is brief with what a log at INFO tells.
func tell(all []tailer.Exchange) (lines []string) {
	for i := range all {
		x := &all[i]
		who := user(x)
		if who == "" {
			who = x.Request.FoundUser
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %d %q", x.CallID, who, x.Request.Route, x.Status, x.StatusMessage))
	}
	slices.Sort(lines)
	return lines
}

const chat = "/v1/chat/completions"

// TestInfo: what is known of requests from a log without bodies and headers.
func TestInfo(t *testing.T) {
	seen := payload(asking{user: "zoe@example.dk", prompt: "earlier"}, "z", "yes", -20_000, -19_000)
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"a failure alone in flight",
			[]tailer.Record{seen, found(ana.user, 0), routed(1), told(tailer.KindFailure, "", "no such model", 2), landed(chat, 400, 3)},
			[]string{` ana@example.org ` + chat + ` 400 "no such model"`},
		},
		{
			"a failure that states its call id",
			[]tailer.Record{found(ana.user, 0), routed(1), told(tailer.KindFailure, "a", "no such model", 2), landed(chat, 400, 3)},
			[]string{`a ana@example.org ` + chat + ` 400 "no such model"`},
		},
		{
			"a success tells no answer and is not handed out",
			[]tailer.Record{found(ana.user, 0), routed(1), tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), landed(chat, 200, 50)},
			nil,
		},
		{
			"a failure beside a request that names no user",
			[]tailer.Record{seen, routed(0), found(ana.user, 1), routed(2), told(tailer.KindFailure, "", "no such model", 3), landed(chat, 400, 4), landed(chat, 200, 50)},
			nil,
		},
		{
			"failures of two users at the same time",
			[]tailer.Record{seen, found(ana.user, 0), routed(1), found(bob.user, 2), routed(3), told(tailer.KindFailure, "", "no", 4), landed(chat, 400, 5), told(tailer.KindFailure, "", "no", 6), landed(chat, 400, 7)},
			nil,
		},
		{
			"a log that does not tell of routing",
			[]tailer.Record{seen, found(ana.user, 0), told(tailer.KindFailure, "", "no such model", 2), landed(chat, 400, 3)},
			nil,
		},
		{
			"a failure without a word",
			[]tailer.Record{seen, found(ana.user, 0), routed(1), landed(chat, 500, 3)},
			[]string{` ana@example.org ` + chat + ` 500 ""`},
		},
		{
			"a refused key beside a user's success",
			[]tailer.Record{seen, found(ana.user, 0), routed(1), told(tailer.KindRefused, "", "wrong key", 2), tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), landed(chat, 200, 50), landed(chat, 401, 51)},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := slices.DeleteFunc(run(pair.New(pair.Config{}), test.records...), func(x tailer.Exchange) bool { return x.CallID == "z" })
			if got := tell(all); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestInfoBesidePayload: a payload learns from a log at INFO what it does not say.
func TestInfoBesidePayload(t *testing.T) {
	stream := asking{user: "ana@example.org", prompt: "same", stream: true}
	p := payload(stream, "a", "done", 4000, 5000)
	p.Call.Failed, p.Call.Streamed = -1, true
	all := run(pair.New(pair.Config{}),
		found(ana.user, 3990), routed(3991), tried("openai/gpt-4o", tailer.OutcomeFailure, 4400),
		tried("openai/gpt-4o", tailer.OutcomeSuccess, 4900), landed(chat, 200, 4910), p)
	if len(all) != 1 || !all[0].Start.Equal(at(3990)) || len(all[0].Attempts) != 1 {
		t.Errorf("got %+v", all)
	}
}

// TestAnswersApart: what tells the requests apart that an answer could be of.
func TestAnswersApart(t *testing.T) {
	tools := func(a asking, id string, ms int) []tailer.Record {
		q := slices.Concat(a.request().Body, tailer.Fields{{Name: "tools", Value: json.RawMessage(`[{}]`)}})
		front, began := a.front(ms), a.began(id, ms+1)
		front[0].Request.Body, began.Request.Body = q, q
		return append(front, began)
	}
	plain := func(a asking, id string, ms int) []tailer.Record { return append(a.front(ms), a.began(id, ms+1)) }
	calls := tailer.Record{Kind: tailer.KindAnswer, Time: at(50), Call: tailer.Call{ResponseModel: "gpt-4o",
		Response: json.RawMessage(`{"model":"gpt-4o","choices":[{"message":{"content":"tool","tool_calls":[{"id":"1"}]}}]}`)}}
	asks := func(prompt string, stream bool) asking {
		return asking{user: prompt + "@example.org", prompt: prompt, stream: stream}
	}
	messages := func(prompt string) string { return `[{"content":"` + prompt + `","role":"user"}]` }
	one, two := asks("one", true), asks("two", true)
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"a tool call answers the request with tools",
			slices.Concat(plain(ana, "a", 0), tools(bob, "b", 5), []tailer.Record{calls}),
			[]string{`a ana@example.org "" 0 "" [end not in the log no response]`, `b bob@example.org "tool" 0 "DEFAULT" []`},
		},
		{
			"two requests with tools",
			slices.Concat(tools(ana, "a", 0), tools(bob, "b", 5), []tailer.Record{calls}),
			[]string{`a ana@example.org "" 0 "" [output ambiguous]`, `b bob@example.org "" 0 "" [output ambiguous]`},
		},
		{
			"a counted text answers the messages counted before it",
			slices.Concat(plain(one, "1", 0), plain(two, "2", 5), []tailer.Record{counted(messages("two"), "", 50), counted("", "for two", 51), counted(messages("one"), "", 60), counted("", "for one", 61)}),
			[]string{`1 one@example.org "for one" 0 "DEFAULT" []`, `2 two@example.org "for two" 0 "DEFAULT" []`},
		},
		{
			"two threads count at the same time",
			slices.Concat(plain(one, "1", 0), plain(two, "2", 5), []tailer.Record{counted(messages("two"), "", 50), counted(messages("one"), "", 51), counted("", "for two", 52), counted("", "for one", 53)}),
			[]string{`1 one@example.org "" 0 "" [end not in the log no response]`, `2 two@example.org "" 0 "" [end not in the log no response]`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := brief(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestLandings: an access line goes to the only request that can have it, and
// what a whole group has in common is true of each.
func TestLandings(t *testing.T) {
	embedding := tailer.Record{Kind: tailer.KindArguments, Time: at(3), CallID: "e", Function: "aembedding", Request: tailer.Request{
		Headers: []tailer.Header{{Name: "x-openwebui-user-email", Value: "eve@example.org"}},
		Body:    tailer.Fields{{Name: "model", Value: json.RawMessage(`"small"`)}, {Name: "input", Value: json.RawMessage(`"text"`)}}}}
	front := []tailer.Record{
		{Kind: tailer.KindBody, Time: at(2), Request: tailer.Request{Body: embedding.Request.Body}},
		{Kind: tailer.KindHeaders, Time: at(2), Request: tailer.Request{Headers: embedding.Request.Headers}},
	}
	both := slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1)}, front, []tailer.Record{embedding})
	statuses := func(records ...tailer.Record) map[string]int {
		got := map[string]int{}
		for _, x := range run(pair.New(pair.Config{}), records...) {
			got[x.CallID] = x.Status
		}
		return got
	}
	got := statuses(slices.Concat(both, []tailer.Record{landed("/v1/embeddings", 200, 50)})...)
	if got["e"] != 200 || got["a"] != 0 {
		t.Errorf("an embedding beside a chat: %v", got)
	}
	chats := slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1)}, bob.front(2), []tailer.Record{bob.began("b", 3)})
	got = statuses(slices.Concat(chats, []tailer.Record{landed(chat, 200, 50), landed(chat, 200, 60)})...)
	if got["a"] != 200 || got["b"] != 200 {
		t.Errorf("two chats that both were answered: %v", got)
	}
	got = statuses(slices.Concat(chats, []tailer.Record{landed(chat, 200, 50), landed(chat, 500, 60)})...)
	if got["a"] != 0 || got["b"] != 0 {
		t.Errorf("two chats, one failed: %v", got)
	}
	lines := []tailer.Record{landed(chat, 200, 50), landed(chat, 400, 60)}
	got = statuses(slices.Concat(chats, []tailer.Record{told(tailer.KindFailure, "b", "no", 40)}, lines)...)
	if got["a"] != 200 || got["b"] != 400 {
		t.Errorf("two chats, of which it is known which failed: %v", got)
	}
	lines = append(lines, landed(chat, 200, 70))
	got = statuses(slices.Concat(chats, []tailer.Record{told(tailer.KindRefused, "", "wrong key", 40)}, lines)...)
	if got["a"] != 200 || got["b"] != 200 {
		t.Errorf("two chats beside a refused key: %v", got)
	}
	got = statuses(slices.Concat(chats, []tailer.Record{told(tailer.KindRefused, "", "wrong key", 40)}, lines[:2], []tailer.Record{landed(chat, 500, 70)})...)
	if got["a"] != 0 || got["b"] != 0 {
		t.Errorf("two chats beside a refused key, one failed: %v", got)
	}
	hidden := with(landed(chat, 500, 2), func(r *tailer.Record) { r.Kind = tailer.KindMaybeAccess })
	got = statuses(slices.Concat(chats[:3], []tailer.Record{hidden}, chats[3:], []tailer.Record{landed(chat, 200, 50), landed(chat, 200, 60)})...)
	if got["a"] != 0 || got["b"] != 200 {
		t.Errorf("two chats, one of which may have landed before: %v", got)
	}
	got = statuses(slices.Concat(chats[:3], []tailer.Record{hidden, landed(chat, 200, 50)})...)
	if got["a"] != 0 {
		t.Errorf("a chat that may have landed before: %v", got)
	}
}

// TestRefused: a refused key's request is that of the only error it can be of.
func TestRefused(t *testing.T) {
	stated := func(id, prompt string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindDetails, Time: at(ms), CallID: id, Request: tailer.Request{Method: "POST", Route: chat, Body: asking{prompt: prompt}.request().Body}}
	}
	refused := func(words string, ms int) tailer.Record { return told(tailer.KindRefused, "", words, ms) }
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{"one", []tailer.Record{refused("no key", 0), stated("a", "one", 5), landed(chat, 401, 9)}, []string{`a  ` + chat + ` 401 "Authentication Error, no key"`}},
		{
			"one after the other",
			[]tailer.Record{landed(chat, 200, -9), refused("no key", 0), stated("a", "one", 5), refused("old key", 6), stated("b", "two", 8), landed(chat, 401, 9), landed(chat, 401, 10)},
			[]string{`a  ` + chat + ` 401 "Authentication Error, no key"`, `b  ` + chat + ` 401 "Authentication Error, old key"`},
		},
		{
			"beside a chat that can have the first line",
			slices.Concat([]tailer.Record{landed(chat, 200, -9)}, ana.front(-8), []tailer.Record{refused("no key", 0), landed(chat, 400, 3), refused("old key", 5), stated("b", "two", 6)}),
			nil, // that is all there is to say of them: nothing
		},
		{"two at the same time", []tailer.Record{refused("no key", 0), refused("old key", 1), stated("a", "one", 5), stated("b", "two", 8)}, nil},
		{"long after", []tailer.Record{refused("no key", 0), stated("a", "one", 1500)}, nil},
		{"without an error", []tailer.Record{stated("a", "one", 5)}, nil},
		{
			"after the line of a failure of which nothing else is known",
			[]tailer.Record{landed(chat, 200, -9), told(tailer.KindFailure, "", "slow down", -2), landed(chat, 429, -1), refused("no key", 0), stated("a", "one", 5), landed(chat, 401, 9)},
			[]string{`a  ` + chat + ` 401 "Authentication Error, no key"`},
		},
		{
			"beside a failure of which nothing else is known",
			[]tailer.Record{landed(chat, 200, -9), told(tailer.KindFailure, "", "slow down", -1), refused("no key", 0), stated("a", "one", 5), landed(chat, 429, 8), landed(chat, 401, 9)},
			[]string{`a  ` + chat + ` 400 "no key"`}, // by the error itself: whose line is whose is not known
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), test.records...)
			for i := range all {
				all[i].StatusMessage = strings.TrimPrefix(all[i].StatusMessage, "AuthenticationError: ")
			}
			if got := tell(all); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestPreparedID: a call id in the data of a request is its own, if no attempt states it.
func TestPreparedID(t *testing.T) {
	prepared := tailer.Record{Kind: tailer.KindPrepared, Time: at(1), CallID: "a", Request: ana.request()}
	all := run(pair.New(pair.Config{}), append(ana.front(0), prepared, told(tailer.KindFailure, "", "no such model", 3), landed(chat, 400, 4))...)
	if got, want := tell(all), []string{`a ana@example.org ` + chat + ` 400 "no such model"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPayloadOfALastAttempt: a payload that is no stream's states when the last
// attempt began, so a failure before it leaves a doubt; long before it does not.
func TestPayloadOfALastAttempt(t *testing.T) {
	for _, test := range []struct {
		name   string
		failed int
		stream bool
		want   string
	}{
		{"a failure before the last attempt", 2000, false, "[attempts uncertain]"},
		{"a failure during it", 4500, false, "[attempts uncertain]"},
		{"a failure long before", -60_000, false, "[]"},
		{"a failure before a stream was asked for", 2000, true, "[]"},
		{"a failure after it was asked for", 4500, true, "[attempts uncertain]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := payload(asking{user: "ana@example.org", prompt: "same", stream: test.stream}, "a", "done", 4000, 5000)
			p.Call.Failed, p.Call.SinceCall = -1, false
			all := run(pair.New(pair.Config{}), tried("openai/gpt-4o", tailer.OutcomeFailure, test.failed), tried("openai/gpt-4o", tailer.OutcomeSuccess, 4900), p)
			if len(all) != 1 || fmt.Sprint(all[0].Incomplete) != test.want || len(all[0].Attempts) != 0 {
				t.Errorf("got %+v, want %s", all, test.want)
			}
		})
	}
}

// TestEndsInOrder: where it is not known which of several requests was answered
// when, they end in the order in which they came, and no later than the last.
func TestEndsInOrder(t *testing.T) {
	chats := slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1)}, bob.front(2), []tailer.Record{bob.began("b", 3)})
	for _, test := range []struct {
		name    string
		records []tailer.Record
		a, b    int
	}{
		{"by access lines", []tailer.Record{landed(chat, 200, 4000), landed(chat, 200, 7000)}, 4000, 7000},
		{"by answers", []tailer.Record{answered("one", 4000), answered("the other", 7000)}, 4000, 7000},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), slices.Concat(chats, test.records)...)
			if len(all) != 2 || !all[0].End.Equal(at(test.a)) || !all[1].End.Equal(at(test.b)) {
				t.Errorf("got %+v", all)
			}
		})
	}
}
