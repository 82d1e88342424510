package otlp

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json")

// fullExchange has every field set, so that its golden file shows every attribute.
func fullExchange() *tailer.Exchange {
	at := func(ms int64) time.Time { return time.UnixMilli(1700000000000 + ms).UTC() }
	usd := func(v float64) *float64 { return &v }
	return &tailer.Exchange{
		CallID: callID,
		Request: tailer.Request{
			Method: "POST", Route: "/v1/chat/completions",
			Body: tailer.Fields{
				{Name: "model", Value: json.RawMessage(`"chat-fast"`)},
				{Name: "messages", Value: json.RawMessage(`[{"role": "user", "content": "is 1 < 2 && 3 > 2?"}]`)},
				{Name: "tools", Value: json.RawMessage(`[{"type":"function"}]`)},
				{Name: "temperature", Value: json.RawMessage(`0.20`)},
				{Name: "stream", Value: json.RawMessage(`true`)},
				{Name: "stop", Value: json.RawMessage(`null`)},
				{Name: "response_format", Value: json.RawMessage(`{"type": "json_object"}`)},
				{Name: "user", Value: json.RawMessage(`"someone"`)},
				{Name: "api_base", Value: json.RawMessage(`"http://127.0.0.1"`)},
				{Name: "messages", Value: json.RawMessage(`"again"`)},
			},
		},
		Key:      tailer.Key{Hash: "0123abcd", Alias: "webui", TeamAlias: "blue"},
		CallType: "acompletion",
		Start:    at(0), End: at(2500), FirstToken: at(750), Streamed: true,
		Status: 200, Level: tailer.LevelDefault,
		Model: "openai/gpt-4o-mini", ModelGroup: "chat-slow", ModelID: "model-1", Provider: "openai",
		LiteLLM: "1.109.1", ResponseID: "chatcmpl-1", ResponseModel: "gpt-4o-mini-2024-07-18", CacheHit: true,
		Response:  json.RawMessage(`{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"yes"}}]}`),
		Usage:     json.RawMessage(`{"prompt_tokens":20,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}`),
		CostTotal: usd(0.00055), CostInput: usd(0.0005), CostOutput: usd(0.00005),
		Attempts: []tailer.Attempt{
			{
				Start: at(100), End: at(300), Model: "openai/gpt-4o", ModelGroup: "chat-fast", Provider: "openai",
				Status: 429, ErrorClass: "RateLimitError", Message: "slow down",
			},
			{Start: at(400), End: at(350), Model: "openai/gpt-4o", ErrorClass: "Timeout"},
		},
		Tries: 3,
		Attribution: tailer.Attribution{
			User: "ana@example.org", UserSource: "header:x-openwebui-user-email",
			Session: "chat-1", SessionSource: "header:x-openwebui-chat-id",
			Task: "title_generation", Tags: []string{"b", "a", "", "b"}, Environment: "prod",
			ProfileHeaders: []tailer.Header{
				{Name: "X-OpenWebUI-User-Name", Value: "Ana Peña"}, {Name: "X-OpenWebUI-Title", Value: ""}, {Name: "x-who", Value: "me"},
			},
			OtherHeaders: json.RawMessage(`{"accept": "*/*"}`),
			TraceMetadata: []tailer.Header{
				{Name: "component", Value: "search"}, {Name: "litellm_call_id", Value: "forged"},
				{Name: "X-OpenWebUI-User-Id", Value: "forged"}, {Name: "tailer.user.source", Value: "forged"},
				{Name: "component", Value: "again"}, {Name: "", Value: "nameless"}, {Name: "empty", Value: ""},
			},
			Metadata: json.RawMessage(`{"features": {"web": true}}`),
		},
	}
}

func TestEncodeGolden(t *testing.T) {
	failed := fullExchange()
	failed.Level, failed.Status, failed.ErrorClass = tailer.LevelError, 500, "InternalServerError"
	failed.StatusMessage, failed.Response, failed.Usage = "InternalServerError: it broke", nil, nil
	failed.FirstToken, failed.CostTotal, failed.CacheHit = time.Time{}, nil, false
	for _, test := range []struct {
		name     string
		exchange *tailer.Exchange
	}{
		{"full", fullExchange()},
		{"failed", failed},
		{"nothing-known", &tailer.Exchange{Seed: strings.Repeat("ab", 32), Incomplete: []string{"no response", "no request"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			line := AppendLine(nil, Encode(test.exchange, Config{Version: "1.2.3"}))
			if err := json.Indent(&got, line, "", "  "); err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + test.name + ".json"
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("differs from %s; got:\n%s", path, got.Bytes())
			}
		})
	}
}

func TestEncodePrivate(t *testing.T) {
	x := fullExchange()
	x.Private = true
	line := string(AppendLine(nil, Encode(x, Config{})))
	for _, forbidden := range []string{"observation.input", "observation.output", "is 1 <", `"yes"`, "function"} {
		if strings.Contains(line, forbidden) {
			t.Errorf("%q leaves: %s", forbidden, line)
		}
	}
	if !strings.Contains(line, "usage_details") {
		t.Error("usage is missing")
	}
}

func TestEncodeIsRepeatable(t *testing.T) {
	first := AppendLine(nil, Encode(fullExchange(), Config{Version: "1"}))
	for range 20 {
		if again := AppendLine(nil, Encode(fullExchange(), Config{Version: "1"})); !bytes.Equal(first, again) {
			t.Fatalf("differs:\n%s\n%s", first, again)
		}
	}
}

func TestEncodeLimits(t *testing.T) {
	x := fullExchange()
	x.Level = tailer.LevelError
	x.StatusMessage = strings.Repeat("ä", 3000)
	x.Attribution.TraceName = strings.Repeat("🚀", 800)
	x.Attribution.User = "bad \xff byte"
	root := rootOf(spansOf(t, Encode(x, Config{})))
	if got := strings.Count(root.GetName(), "🚀"); got != 500 { // two UTF-16 units each
		t.Errorf("name has %d rockets", got)
	}
	if got := strings.Count(root.GetStatus().GetMessage(), "ä"); got != 2000 {
		t.Errorf("status message has %d characters", got)
	}
	if got := textOf(root, "user.id"); got != "bad \uFFFD byte" {
		t.Errorf("user.id = %q", got)
	}
}

func TestEncodeLevels(t *testing.T) {
	for _, test := range []struct {
		level   tailer.Level
		attempt string
		code    tracepb.Status_StatusCode
	}{
		{tailer.LevelDefault, "WARNING", tracepb.Status_STATUS_CODE_UNSET},
		{tailer.LevelWarning, "WARNING", tracepb.Status_STATUS_CODE_UNSET},
		{tailer.LevelError, "ERROR", tracepb.Status_STATUS_CODE_ERROR},
	} {
		t.Run(string(test.level), func(t *testing.T) {
			x := fullExchange()
			x.Level = test.level
			spans := spansOf(t, Encode(x, Config{})).GetScopeSpans()[0].GetSpans()
			if got := textOf(spans[1], "langfuse.observation.level"); got != test.attempt {
				t.Errorf("attempt has level %s, want %s", got, test.attempt)
			}
			for _, span := range []*tracepb.Span{spans[0], spans[1]} {
				if got := span.GetStatus().GetCode(); got != test.code {
					t.Errorf("%s has status %v, want %v", span.GetName(), got, test.code)
				}
			}
		})
	}
}

// What the contract promises to every reader, for exchanges that lack anything.
func FuzzEncode(f *testing.F) {
	f.Add("call", "seed", "name", "key", `{"a":1}`, int64(5), int64(3))
	f.Add("", "", "\xff", "x-openwebui-a", `[`, int64(-5), int64(1<<62))
	f.Fuzz(func(t *testing.T, call, seed, name, key, body string, start, end int64) {
		x := &tailer.Exchange{
			CallID: call, Seed: seed, Start: time.Unix(0, start), End: time.Unix(0, end), CallType: name,
			Response: json.RawMessage(body), Usage: json.RawMessage(body), StatusMessage: name, Level: tailer.Level(key),
			Request:  tailer.Request{Route: key, Body: tailer.Fields{{Name: "messages", Value: json.RawMessage(body)}}},
			Attempts: []tailer.Attempt{{Start: time.Unix(0, end), End: time.Unix(0, start), Message: body}},
			Attribution: tailer.Attribution{
				User: name, Tags: []string{name, key}, OtherHeaders: json.RawMessage(body),
				TraceMetadata: []tailer.Header{{Name: key, Value: body}, {Name: key, Value: name}},
			},
		}
		payload := Encode(x, Config{Version: name})
		group := spansOf(t, payload)
		for _, span := range group.GetScopeSpans()[0].GetSpans() {
			checkSpan(t, span)
		}
		checkLine(t, payload, group)
	})
}

// spansOf decodes a payload, which must be as protobuf itself writes it: digests of
// payloads are kept.
func spansOf(t *testing.T, payload Payload) *tracepb.ResourceSpans {
	t.Helper()
	spans, err := payload.Spans()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := PayloadOf(spans); err != nil || !bytes.Equal(payload, again) {
		t.Fatalf("protobuf writes\n%q, not\n%q, %v", again, payload, err)
	}
	head, err := payload.Head()
	root := rootOf(spans)
	if err != nil || !bytes.Equal(head.Trace[:], root.GetTraceId()) || !bytes.Equal(head.Span[:], root.GetSpanId()) ||
		head.Start != root.GetStartTimeUnixNano() || head.Count != len(spans.GetScopeSpans()[0].GetSpans()) {
		t.Errorf("head %+v, %v", head, err)
	}
	return spans
}

func checkSpan(t *testing.T, span *tracepb.Span) {
	t.Helper()
	if len(span.GetTraceId()) != 16 || len(span.GetSpanId()) != 8 || span.GetName() == "" {
		t.Errorf("ids or name: %v", span)
	}
	if span.GetEndTimeUnixNano() < span.GetStartTimeUnixNano() {
		t.Errorf("%s ends before it starts", span.GetName())
	}
	var keys []string
	for _, attribute := range span.GetAttributes() {
		keys = append(keys, attribute.GetKey())
		if text := attribute.GetValue(); text.GetStringValue() == "" && text.GetArrayValue() == nil &&
			!strings.HasPrefix(attribute.GetKey(), "gen_ai.usage.") {
			t.Errorf("%s is empty", attribute.GetKey())
		}
	}
	slices.Sort(keys)
	if len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Errorf("an attribute is there twice: %v", keys)
	}
}

func rootOf(group *tracepb.ResourceSpans) *tracepb.Span {
	return group.GetScopeSpans()[0].GetSpans()[0]
}

func textOf(span *tracepb.Span, key string) string {
	for _, attribute := range span.GetAttributes() {
		if attribute.GetKey() == key {
			return attribute.GetValue().GetStringValue()
		}
	}
	return ""
}

func BenchmarkEncodeLine(b *testing.B) {
	x := fullExchange()
	prompt, err := json.Marshal(strings.Repeat("a prompt of some length with \"quotes\"\n", 500))
	if err != nil {
		b.Fatal(err)
	}
	x.Request.Body[1].Value = prompt
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = AppendLine(line[:0], Encode(x, Config{Version: "1"}))
	}
	b.SetBytes(int64(len(line)))
}
