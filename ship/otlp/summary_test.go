package otlp

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tailer"
)

// TestSummarize reads back what Encode wrote.
func TestSummarize(t *testing.T) {
	cost, at := 0.25, time.Date(2026, time.November, 23, 9, 0, 0, 123_000_000, time.UTC)
	x := &tailer.Exchange{
		CallID: "call-1", CallType: "acompletion", Start: at, End: at.Add(3 * time.Second), FirstToken: at.Add(time.Second),
		Status: 200, Level: tailer.LevelDefault, Model: "openai/gpt-4o", Provider: "openai", CostTotal: &cost,
		Usage:    json.RawMessage(`{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}`),
		Key:      tailer.Key{Alias: "team key", Hash: strings.Repeat("ab", 32), TeamAlias: "lab"},
		Response: json.RawMessage(`{"choices":[{"message":{"role":"assistant","content":"{\"title\": \"Tides  and moon\"}"},"finish_reason":"stop"}]}`),
		Attribution: tailer.Attribution{
			User: "ana@example.org", UserSource: "header:x-openwebui-user-email", Session: "c1", Task: "title_generation",
			ProfileHeaders: []tailer.Header{{Name: "X-OpenWebUI-User-Role", Value: "admin"}, {Name: "X-OpenWebUI-User-Name", Value: "Ana"}},
			OtherHeaders:   json.RawMessage(`{"remote-groups":"Sales%2C%20Support","x-team":"Red"}`),
		},
	}
	got, ok := Summarize(spansOf(t, Encode(x, Config{})), nil)
	if !ok {
		t.Fatal("no root")
	}
	want := Summary{
		TraceID: got.TraceID, SpanID: got.SpanID, Start: at, End: x.End, FirstToken: x.FirstToken, Name: "litellm-acompletion", CallID: "call-1",
		User: "ana@example.org", UserSource: "header:x-openwebui-user-email", UserName: "Ana", Role: "admin", Groups: "Sales, Support",
		Session: "c1", Title: "Tides and moon", Task: "title_generation", Model: "gpt-4o", Provider: "openai",
		KeyAlias: "team key", KeyHash: x.Key.Hash, Team: "lab", Status: 200, Level: tailer.LevelDefault, FinishReason: "stop",
		Metered: true, Usage: Usage{Input: 6, Cached: 4, Output: 3, Reasoning: 2, Total: 15}, Priced: true, Cost: 0.25,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if len(got.TraceID) != 32 || len(got.SpanID) != 16 {
		t.Errorf("ids %q, %q", got.TraceID, got.SpanID)
	}
	if red, _ := Summarize(spansOf(t, Encode(x, Config{})), []string{"X-Nobody", "X-Team"}); red.Groups != "Red" {
		t.Errorf("groups of a configured header: %q", red.Groups)
	}
	if _, ok := Summarize(nil, nil); ok {
		t.Error("a summary of nothing")
	}
}

func TestTitle(t *testing.T) {
	for answer, want := range map[string]string{
		`{"title": "🥖 Sourdough"}`:                    "🥖 Sourdough",
		"```json\n{ \"title\": \"In a fence\" }\n```": "In a fence",
		`Here: {"title":"a\n\tb"} bye`:                "a b",
		`{"title": 7}`:                                "",
		`{"name": "x"}`:                               "",
		`}{`:                                          "",
		``:                                            "",
		`just words`:                                  "",
		`{"title":"` + strings.Repeat("ä", 300) + `"}`: strings.Repeat("ä", 200),
	} {
		if got := title(answer); got != want {
			t.Errorf("%q: got %q, want %q", answer, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	deep := `{"messages":[{"role":"user","content":` + strings.Repeat(`[{"content":`, 5000) + `"x"` + strings.Repeat(`}]`, 5000) + `}]}`
	for _, test := range []struct{ name, input, want string }{
		{"chat", `{"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"role":"user","content":"three"},{"role":"tool","content":"4"}]}`, "three"},
		{"parts", `{"messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"[media]"}},{"type":"text","text":"this"}]}]}`, "see\nthis"},
		{"result of a tool", `{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"42"}]}]}]}`, "42"},
		{"prompt", `{"prompt":"say"}`, "say"},
		{"embeddings", `{"input":["a","b"]}`, "a\nb"},
		{"responses", `{"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}]}`, "hi"},
		{"rerank", `{"query":"which","documents":["x"]}`, "which"},
		{"too deep", deep, ""},
		{"odd", `{"messages":7,"prompt":{},"input":null}`, ""},
		{"no JSON", `{"messages`, ""},
		{"none", ``, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := QuestionText(test.input); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for output, want := range map[string]string{
		`{"role":"assistant","content":"yes"}`: "yes", `{"role":"assistant","refusal":"no"}`: "no", `{"content":"done"}`: "done",
		`[{"content":"a"},{"content":"b"}]`: "a\nb", `{"embeddings":2}`: "", ``: "", `{`: "",
	} {
		if got := AnswerText(output); got != want {
			t.Errorf("%s: got %q, want %q", output, got, want)
		}
	}
}
