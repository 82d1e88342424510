package langfuse

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/ship"
	"tailer/ship/otlp"
	"tailer/ship/shiptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchange is the n-th of a series of made-up requests, some of which failed
// once before.
func exchange(n int) *tailer.Exchange {
	start := time.UnixMilli(1700000000000 + int64(n)*1000).UTC()
	cost := 0.00055
	x := &tailer.Exchange{
		CallID: fmt.Sprintf("7a9abb74-2934-421c-9b75-%012d", n), CallType: "acompletion",
		Request: tailer.Request{Method: "POST", Route: "/v1/chat/completions", Body: tailer.Fields{
			{Name: "model", Value: []byte(`"chat"`)},
			{Name: "messages", Value: []byte(`[{"role":"user","content":"is 1 < 2?"}]`)},
			{Name: "temperature", Value: []byte(`0.5`)},
			{Name: "response_format", Value: []byte(`{"type":"json_object"}`)},
		}},
		Start: start, End: start.Add(1500 * time.Millisecond), FirstToken: start.Add(250 * time.Millisecond),
		Status: 200, Level: tailer.LevelDefault, Model: "openai/gpt-4o-mini", Provider: "openai",
		Response:  []byte(`{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"yes"}}]}`),
		Usage:     []byte(`{"prompt_tokens":20,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}`),
		CostTotal: &cost,
		Attribution: tailer.Attribution{
			User: "ana@example.org", UserSource: "body:user", Session: "chat-1", Tags: []string{"a", "b"},
			ProfileHeaders: []tailer.Header{{Name: "X-OpenWebUI-User-Name", Value: "Ana Peña"}},
			OtherHeaders:   []byte(`{"accept":"*/*"}`), Metadata: []byte(`{"features":{"web":true}}`),
		},
	}
	if n%3 == 1 {
		x.Attempts = []tailer.Attempt{{Start: start, End: start, Model: "openai/gpt-4o", Status: 500, ErrorClass: "APIError"}}
	}
	return x
}

func newItem(t testing.TB, n int) *ship.Item {
	t.Helper()
	return itemOf(t, exchange(n), n)
}

func itemOf(t testing.TB, x *tailer.Exchange, n int) *ship.Item {
	t.Helper()
	item, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: "1.2.3"}), time.UnixMilli(1800000000123), n)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func newItems(t testing.TB, count int) (items []*ship.Item) {
	t.Helper()
	for n := range count {
		items = append(items, newItem(t, n))
	}
	return items
}

func newServer(t testing.TB, version string) *shiptest.Server {
	t.Helper()
	server := shiptest.New(version)
	t.Cleanup(server.Close)
	return server
}

// newSink returns a sink for server; change may alter its configuration.
func newSink(t testing.TB, server *shiptest.Server, change func(*Config)) *Sink {
	t.Helper()
	cfg := Config{BaseURL: server.URL, PublicKey: shiptest.PublicKey, SecretKey: shiptest.SecretKey, Version: "1.2.3"}
	if change != nil {
		change(&cfg)
	}
	sink, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}
