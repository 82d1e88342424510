package pair_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// asked returns the records of a chat that was received: its body, then its headers.
func asked(at time.Time, user, text string) (body, headers tailer.Record) {
	messages := fmt.Sprintf(`[{"role":"user","content":%q}]`, text)
	size := len(`{"model":"gpt-4o","messages":}`) + len(messages)
	body = tailer.Record{Kind: tailer.KindBody, Time: at, Request: tailer.Request{Body: tailer.Fields{
		{Name: "model", Value: json.RawMessage(`"gpt-4o"`)}, {Name: "messages", Value: json.RawMessage(messages)},
	}}}
	headers = tailer.Record{Kind: tailer.KindHeaders, Time: at, Request: tailer.Request{Headers: []tailer.Header{
		{Name: "user-agent", Value: "webui"}, {Name: "content-length", Value: strconv.Itoa(size)}, {Name: "x-openwebui-user-email", Value: user},
	}}}
	return body, headers
}

// started returns the record of its call. From 1.109 on it does not state what is long.
func started(at time.Time, id int, headers *tailer.Record) tailer.Record {
	return tailer.Record{Kind: tailer.KindArguments, Time: at, CallID: fmt.Sprintf("7a9abb74-2934-421c-9b75-%012d", id), Function: "acompletion",
		Request: tailer.Request{Method: "POST", Route: "/v1/chat/completions", Headers: headers.Request.Headers}}
}

// TestOthersHeaders: a call that states its headers is not taken for the only request that
// waits for its call, if that one has others.
func TestOthersHeaders(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 16, 1, 0, time.UTC)
	table := pair.New(pair.Config{})
	body, headers := asked(at, "ann@example.org", "What is the matter with my contract?")
	table.Add(&body)
	table.Add(&headers)
	_, own := asked(at, "ben@example.org", "Hi") // as the proxy logged it, but that line is lost
	call := started(at, 1, &own)
	call.Function = "inside _acompletion"
	table.Add(&call)
	for _, x := range table.Drain() {
		if x.CallID == call.CallID && (fmt.Sprint(x.Request.Headers) != fmt.Sprint(own.Request.Headers) || x.Request.Body != nil) {
			t.Errorf("the call of ben@example.org has headers %v, body %s", x.Request.Headers, x.Request.Body.JSON())
		}
	}
}

// alike returns requests that state the same headers, and their calls, the last one first.
func alike(requests int) (fronts, calls []tailer.Record) {
	at := time.Date(2026, 11, 23, 9, 16, 1, 0, time.UTC)
	text := strings.Repeat("word ", 400)
	for i := range requests {
		body, headers := asked(at, "eva@example.org", text+strconv.Itoa(10_000+i))
		call := started(at, i, &headers)
		call.Request.Body = body.Request.Body
		fronts, calls = append(fronts, body, headers), append(calls, call)
	}
	slices.Reverse(calls)
	return fronts, calls
}

// TestManyAlike: of many requests that state the same headers each call gets its own.
func TestManyAlike(t *testing.T) {
	fronts, calls := alike(200)
	for _, x := range run(pair.New(pair.Config{}), append(fronts, calls...)...) {
		if want := "7a9abb74-2934-421c-9b75-" + fmt.Sprintf("%012d", mustInt(t, string(x.Request.Body.JSON()))); x.CallID != want {
			t.Errorf("call %s has the body of %s", x.CallID, want)
		}
	}
}

// BenchmarkManyAlike is the time of a call while 2,000 requests wait that state the same
// headers: they are not to be compared text by text.
func BenchmarkManyAlike(b *testing.B) {
	const requests = 2000
	fronts, calls := alike(requests)
	for b.Loop() {
		run(pair.New(pair.Config{}), append(fronts[:len(fronts):len(fronts)], calls...)...)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/requests, "µs/call")
}

// mustInt reads the number at the end of the text that was asked.
func mustInt(t *testing.T, body string) int {
	t.Helper()
	end := strings.Index(body, `"}]`)
	n, err := strconv.Atoi(body[end-5 : end])
	if err != nil {
		t.Fatal(err)
	}
	return n - 10_000
}
