package otlp

import (
	"encoding/json"
	"testing"

	"tailer"
)

func TestReadUsage(t *testing.T) {
	for _, test := range []struct {
		name, usage, want string
		in, out           int64
	}{
		{name: "absent"},
		{name: "null", usage: `null`},
		{name: "empty", usage: `{}`},
		{name: "only a total", usage: `{"total_tokens":0}`},
		{name: "seconds", usage: `{"type":"duration","seconds":3}`},
		{
			name:  "OpenAI",
			usage: `{"completion_tokens":86,"prompt_tokens":23,"total_tokens":109,"completion_tokens_details":null,"prompt_tokens_details":null}`,
			want:  `{"input":23,"output":86,"total":109}`, in: 23, out: 86,
		},
		{
			name:  "OpenAI with details",
			usage: `{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":3,"text_tokens":null}}`,
			want:  `{"input":35,"input_cached_tokens":60,"input_audio_tokens":5,"output":27,"output_reasoning_tokens":20,"output_audio_tokens":3,"total":150}`,
			in:    100, out: 50,
		},
		{
			name:  "Anthropic through LiteLLM",
			usage: `{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":60,"cache_creation_tokens":30,"cache_write_tokens":30},"cache_creation_input_tokens":30,"cache_read_input_tokens":60}`,
			want:  `{"input":10,"input_cached_tokens":60,"input_cache_creation":30,"output":5,"total":105}`,
			in:    100, out: 5,
		},
		{
			name:  "Anthropic's own",
			usage: `{"input_tokens":10,"output_tokens":5,"cache_creation_input_tokens":30,"cache_read_input_tokens":60}`,
			want:  `{"input":10,"input_cached_tokens":60,"input_cache_creation":30,"output":5,"total":105}`,
			in:    100, out: 5,
		},
		{
			name:  "Responses",
			usage: `{"input_tokens":15,"input_tokens_details":{"cached_tokens":4},"output_tokens":31,"output_tokens_details":{"reasoning_tokens":11},"total_tokens":46}`,
			want:  `{"input":11,"input_cached_tokens":4,"output":20,"output_reasoning_tokens":11,"total":46}`,
			in:    15, out: 31,
		},
		{
			name:  "details larger than the whole",
			usage: `{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":9},"completion_tokens_details":{"reasoning_tokens":2}}`,
			want:  `{"input":0,"input_cached_tokens":9,"output":0,"output_reasoning_tokens":2,"total":11}`,
			in:    9, out: 2,
		},
		{name: "stated zeros", usage: `{"prompt_tokens":0,"completion_tokens":0}`, want: `{"input":0,"output":0,"total":0}`},
		{name: "input only", usage: `{"prompt_tokens":7}`, want: `{"input":7,"total":7}`, in: 7},
		{name: "negative", usage: `{"prompt_tokens":-7,"completion_tokens":1}`, want: `{"input":0,"output":1,"total":1}`, out: 1},
		{name: "whole floats", usage: `{"prompt_tokens":7.0,"completion_tokens":1e1}`, want: `{"input":7,"output":10,"total":17}`, in: 7, out: 10},
		{name: "odd types", usage: `{"prompt_tokens":3,"completion_tokens":"many","prompt_tokens_details":[1]}`, want: `{"input":3,"total":3}`, in: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := readUsage(&tailer.Exchange{Usage: json.RawMessage(test.usage)})
			if ok != (test.want != "") {
				t.Fatalf("stated = %v", ok)
			}
			if !ok {
				return
			}
			if got.details() != test.want {
				t.Errorf("got  %s\nwant %s", got.details(), test.want)
			}
			if got.allInput() != test.in || got.allOutput() != test.out {
				t.Errorf("all input %d, output %d; want %d, %d", got.allInput(), got.allOutput(), test.in, test.out)
			}
		})
	}
	t.Run("of the response", func(t *testing.T) {
		got, ok := readUsage(&tailer.Exchange{Response: json.RawMessage(`{"usage":{"prompt_tokens":3}}`)})
		if !ok || got.details() != `{"input":3,"total":3}` {
			t.Errorf("got %s, %v", got.details(), ok)
		}
	})
}

func TestCostDetails(t *testing.T) {
	usd := func(v float64) *float64 { return &v }
	for _, test := range []struct {
		name     string
		exchange tailer.Exchange
		want     string
	}{
		{"absent", tailer.Exchange{}, ""},
		{"total", tailer.Exchange{CostTotal: usd(5.505e-05)}, `{"total":0.00005505}`},
		{"parts", tailer.Exchange{CostTotal: usd(0.75), CostInput: usd(0.5), CostOutput: usd(0.25)}, `{"input":0.5,"output":0.25,"total":0.75}`},
		{"no price known", tailer.Exchange{CostTotal: usd(0), CostInput: usd(0)}, ""},
		{"cache hit", tailer.Exchange{CostTotal: usd(0), CacheHit: true}, `{"total":0}`},
		{"negative", tailer.Exchange{CostTotal: usd(-1)}, ""},
		{"parts without a total", tailer.Exchange{CostInput: usd(1)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := costDetails(&test.exchange)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("got %s, %v; want %s", got, ok, test.want)
			}
		})
	}
}

func TestModelName(t *testing.T) {
	for _, test := range []struct{ name, model, provider, want string }{
		{"none", "", "", ""},
		{"no prefix", "gpt-4o-mini", "openai", "gpt-4o-mini"},
		{"provider", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"},
		{"vendor of a router", "openrouter/anthropic/claude-3.5-sonnet", "openrouter", "anthropic/claude-3.5-sonnet"},
		{"router, no prefix", "anthropic/claude-3.5-sonnet", "openrouter", "anthropic/claude-3.5-sonnet"},
		{"provider unknown", "openai/gpt-4o-mini", "", "gpt-4o-mini"},
		{"related provider", "cohere/rerank-v3", "cohere_chat", "rerank-v3"},
		{"text completion", "text-completion-openai/gpt-3.5-turbo-instruct", "text-completion-openai", "gpt-3.5-turbo-instruct"},
		{"own provider", "acme/model", "acme", "model"},
		{"path", "my-org/model", "openai", "my-org/model"},
		{"only a prefix", "openai/", "openai", "openai/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := modelName(test.model, test.provider); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
