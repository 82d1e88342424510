package otlp

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"tailer"
)

func TestReadAnswer(t *testing.T) {
	for _, test := range []struct {
		name, callType, response string
		want, reason             string
	}{
		{name: "nothing"},
		{
			name:     "chat",
			response: `{"id":"x","choices":[{"finish_reason":"stop","index":0,"message":{"content":"a <b> & \"c\"","role":"assistant","tool_calls":null,"function_call":null}}]}`,
			want:     `{"role":"assistant","content":"a <b> & \"c\""}`,
			reason:   "stop",
		},
		{
			name:     "chat, empty text",
			response: `{"choices":[{"finish_reason":"stop","message":{"content":"","role":"assistant"}}]}`,
			want:     `{"role":"assistant","content":""}`,
			reason:   "stop",
		},
		{
			name:     "chat, no message yet",
			response: `{"choices":[{"finish_reason":null,"message":{"content":null,"role":"assistant"}}]}`,
		},
		{
			name:     "chat with reasoning",
			response: `{"choices":[{"message":{"content":"4","role":"assistant","reasoning_content":"2+2"}}]}`,
			want:     `{"role":"assistant","content":"4","reasoning_content":"2+2"}`,
		},
		{
			name:     "chat with thinking blocks",
			response: `{"choices":[{"message":{"content":"4","thinking_blocks":[{"type":"thinking","thinking":"2+2","signature":"s"}]}}]}`,
			want:     `{"role":"assistant","content":"4","reasoning_content":"2+2"}`,
		},
		{
			name:     "chat with tool calls",
			response: `{"choices":[{"finish_reason":"tool_calls","message":{"content":null,"role":"assistant","tool_calls":[{"index":0,"function":{"arguments":"{\"city\": \"Zürich\"}","name":"get_weather"},"id":"call_1","type":"function"}]}}]}`,
			want:     `{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Zürich\"}"}}]}`,
			reason:   "tool_calls",
		},
		{
			name:     "chat with the older function call",
			response: `{"choices":[{"message":{"content":null,"function_call":{"name":"f","arguments":"{}"}}}]}`,
			want:     `{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":"{}"}}]}`,
		},
		{
			name:     "chat, several choices in order of index",
			response: `{"choices":[{"index":1,"finish_reason":"length","message":{"content":"b"}},{"index":0,"finish_reason":"stop","message":{"content":"a"}}]}`,
			want:     `[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]`,
			reason:   "stop,length",
		},
		{
			name:     "chat, content in parts",
			response: `{"choices":[{"message":{"content":[{"type":"text","text":"a"}]}}]}`,
			want:     `{"role":"assistant","content":[{"type":"text","text":"a"}]}`,
		},
		{
			name:     "chat, spoken",
			response: `{"choices":[{"message":{"content":null,"audio":{"id":"a","data":"AAAA","transcript":"hello"}}}]}`,
			want:     `{"role":"assistant","content":"hello"}`,
		},
		{
			name:     "chat, one odd member hides nothing",
			response: `{"status":5,"choices":[{"index":"?","finish_reason":7,"message":{"role":1,"content":"a","tool_calls":"none"}}]}`,
			want:     `{"role":"assistant","content":"a"}`,
		},
		{
			name:     "text completion",
			response: `{"object":"text_completion","choices":[{"finish_reason":"length","index":0,"text":"once"}]}`,
			want:     `{"content":"once"}`,
			reason:   "length",
		},
		{
			name:     "Anthropic message",
			response: `{"type":"message","role":"assistant","stop_reason":"tool_use","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"I look "},{"type":"text","text":"it up."},{"type":"tool_use","id":"toolu_1","name":"get","input":{"a": 1}}]}`,
			want:     `{"role":"assistant","content":"I look it up.","reasoning_content":"hm","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}}]}`,
			reason:   "tool_use",
		},
		{
			name:     "Responses",
			response: `{"object":"response","status":"completed","text":{"format":{"type":"text"}},"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]},{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"call_1","id":"fc_1","name":"f","arguments":"{\"x\":1}"}]}`,
			want:     `{"role":"assistant","content":"ab","reasoning_content":"one\n\ntwo","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]}`,
			reason:   "completed",
		},
		{
			name:     "Responses, cut off",
			response: `{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]}`,
			want:     `{"role":"assistant","content":"a"}`,
			reason:   "max_output_tokens",
		},
		{
			name:     "embeddings",
			response: `{"object":"list","data":[{"embedding":[0.5,-1,2e-3],"index":0},{"embedding":[1,2,3],"index":1}]}`,
			want:     `{"embeddings":2,"dimensions":3}`,
		},
		{
			name:     "embeddings in base64",
			response: `{"data":[{"embedding":"AACAPwAAAEA=","index":0}]}`,
			want:     `{"embeddings":1,"dimensions":2}`,
		},
		{
			name:     "images",
			response: `{"created":1,"data":[{"b64_json":null,"url":"http://127.0.0.1/a.png?x=1&y=2","revised_prompt":"A cat"},{"b64_json":"[media image/png 3 bytes sha256:00]"}]}`,
			want:     `{"images":[{"url":"http://127.0.0.1/a.png?x=1&y=2","revised_prompt":"A cat"},{"b64_json":"[media image/png 3 bytes sha256:00]"}]}`,
		},
		{
			name:     "images, raw bytes never leave",
			response: `{"data":[{"b64_json":"iVBORw0KGgo=","revised_prompt":"A cat"}]}`,
			want:     `{"images":[{"revised_prompt":"A cat"}]}`,
		},
		{
			name:     "rerank",
			response: `{"id":"r","results":[{"index":2,"relevance_score":0.90,"document":{"text":"x"}},{"index":0,"relevance_score":0.1}],"meta":{}}`,
			want:     `{"results":[{"index":2,"relevance_score":0.90},{"index":0,"relevance_score":0.1}]}`,
		},
		{
			name:     "moderation",
			response: `{"results":[{"flagged": false, "categories": {}}]}`,
			want:     `{"results":[{"flagged":false,"categories":{}}]}`,
		},
		{name: "transcription", response: `{"text":"hello","usage":null}`, want: `{"content":"hello"}`},
		{name: "bare text", callType: "acompletion", response: `"hello"`, want: `{"role":"assistant","content":"hello"}`},
		{name: "bare text, not a chat", callType: "atranscription", response: `"hello"`, want: `{"content":"hello"}`},
		{name: "unknown shape", response: `{"answer": 42}`, want: `{"answer":42}`},
		{name: "error only", response: `{"error":{"message":"no"}}`},
		{name: "empty object", response: `{}`},
		{name: "null", response: `null`},
		{name: "not JSON", response: `{"choices":`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := readAnswer(&tailer.Exchange{CallType: test.callType, Response: json.RawMessage(test.response)})
			if got.output != test.want {
				t.Errorf("output:\ngot  %s\nwant %s", got.output, test.want)
			}
			if got.finishReason != test.reason {
				t.Errorf("finish reason: got %q, want %q", got.finishReason, test.reason)
			}
		})
	}
}

// Any JSON in gives valid JSON out, or nothing.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"choices":[{"message":{"content":"a","tool_calls":[{"custom":{"name":"n","input":"i"}}]}}]}`,
		`{"choices":[{"text":"\ud800"}]}`,
		`{"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]}`,
		`{"content":[{"type":"tool_use","input":{"a":[1]}}]}`,
		`{"data":[{"embedding":[1]}]}`, `{"data":[{"url":"u"}]}`, `{"results":[{"index":1,"relevance_score":1e999}]}`,
		`{"text":""}`, `[[[]]]`, `"x"`, "{\"text\":\"\xff\"}", `{"choices":{},"output":[null],"usage":{"prompt_tokens":-1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		x := &tailer.Exchange{Response: raw, Usage: raw, Request: tailer.Request{Body: tailer.Fields{
			{Name: "messages", Value: raw}, {Name: "temperature", Value: raw},
		}}}
		texts := map[string]string{
			"output": readAnswer(x).output, "input": input(x.Request.Body), "parameters": parameters(x.Request.Body, x.Request.Rebuilt),
		}
		if tokens, ok := readUsage(x); ok {
			texts["usage"] = tokens.details()
			if tokens.input < 0 || tokens.output < 0 {
				t.Errorf("negative usage: %s", texts["usage"])
			}
		}
		for name, text := range texts {
			if text != "" && (!json.Valid([]byte(text)) || !utf8.ValidString(text)) {
				t.Errorf("%s of %q is not JSON in UTF-8: %q", name, raw, text)
			}
		}
	})
}

// FuzzMessage: a message is written as encoding/json writes it.
func FuzzMessage(f *testing.F) {
	for _, content := range []string{
		"", `"a"`, `"a <b> & c"`, `"\u2028\ud800"`, "\"\u2028\"", ` [ {"type": "text", "text": "a  b"} ] `, "null", "1e999", "{", "\"\xff\"",
	} {
		f.Add("assistant", []byte(content), "")
		f.Add("\xff<\"", []byte(content), "because")
	}
	f.Fuzz(func(t *testing.T, role string, content []byte, reasoning string) {
		m := message{Role: role, Content: content, Reasoning: reasoning}
		if got, want := marshal(m), encode(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
