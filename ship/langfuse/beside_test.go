package langfuse

import (
	"testing"

	"tailer"
	"tailer/ship"
)

func TestBeside(t *testing.T) {
	const (
		call    = "7a9abb74-2934-421c-9b75-b288ee722fb7"
		callHex = "7a9abb742934421c9b75b288ee722fb7"
		random  = "11111111-2222-3333-4444-555555555555"
		mineHex = "670c0f140bf357e6d99293ad6cf0d246" // of "my-trace"
	)
	header := func(name, value string) []tailer.Header { return []tailer.Header{{Name: name, Value: value}} }
	session := header("x-openwebui-session-id", "ws_1")
	for _, test := range []struct {
		name, version, trace, seed string
		headers                    []tailer.Header
		want                       ship.Beside
	}{
		{name: "1.77: the call id", version: "1.77.7", trace: "ws_1", headers: session, want: ship.Beside{TraceID: call}},
		{name: "1.80: a session that is no UUID", version: "1.80.17", trace: "ws_1", headers: session, want: ship.Beside{TraceID: "ws_1", Shared: true}},
		{name: "1.80: LiteLLM's own id", version: "1.80.17", trace: random, headers: session, want: ship.Beside{TraceID: call}},
		{name: "1.84: the session", version: "1.84.10", trace: "ws_1", headers: session, want: ship.Beside{TraceID: "ws_1", Shared: true}},
		{name: "1.98: LiteLLM's own id", version: "1.98.1", trace: random, headers: header("accept", "*/*"), want: ship.Beside{TraceID: random}},
		{name: "1.98: a session that is a UUID", version: "1.98.1", trace: random, headers: header("x-litellm-session-id", random), want: ship.Beside{TraceID: random, Shared: true}},
		{name: "1.98: nobody knows the headers", version: "1.98.1", trace: random, want: ship.Beside{TraceID: random, Shared: true}},
		{name: "1.98: no payload", version: "1.98.1", headers: session, want: ship.Beside{}},
		{name: "1.103: the session", version: "1.103.2", trace: "ws_1", headers: session, want: ship.Beside{TraceID: "ws_1", Shared: true}},
		{name: "1.109: the call id, not the session", version: "1.109.1", trace: "ws_1", headers: session, want: ship.Beside{TraceID: callHex}},
		{name: "1.109: no payload", version: "1.109.1", headers: session, want: ship.Beside{TraceID: callHex}},
		{name: "1.109: a trace of the client's", version: "1.109.1", trace: "my-trace", headers: header("x-litellm-trace-id", "my-trace"), want: ship.Beside{TraceID: mineHex, Shared: true}},
		{name: "1.77: set for Langfuse", version: "1.77.7", seed: "my-trace", headers: session, want: ship.Beside{TraceID: "my-trace", Shared: true}},
		{name: "1.109: set for Langfuse", version: "1.109.1", seed: "my-trace", headers: header("langfuse_trace_id", "my-trace"), want: ship.Beside{TraceID: mineHex, Shared: true}},
		{name: "1.109: set in the body, under a session", version: "1.109.1", trace: "ws_1", seed: "my-trace", headers: session, want: ship.Beside{TraceID: callHex}},
		{name: "no version", trace: "ws_1", headers: session, want: ship.Beside{}},
		{name: "odd version", version: "main-v1", trace: "ws_1", want: ship.Beside{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := &tailer.Exchange{CallID: call, LiteLLM: test.version, LiteLLMTrace: test.trace, Request: tailer.Request{Headers: test.headers}}
			x.Attribution.TraceSeed = test.seed
			got := Beside(x)
			got.Minor = 0
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
