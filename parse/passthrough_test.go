package parse_test

import (
	"strings"
	"testing"
)

// TestPassThrough: a call that LiteLLM passed on as it is states the provider's answer as
// a text, and zeros for its tokens.
func TestPassThrough(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	before, _, _ := strings.Cut(log, `"call_type": "acompletion"`)
	start := strings.LastIndex(before, "{\n    \"id\"")
	doc, _, _ := strings.Cut(log[start:], "\n}")
	doc = strings.Replace(doc, `"call_type": "acompletion"`, `"call_type": "pass_through_endpoint"`, 1)
	at := strings.Index(doc, "    \"response\": {")
	end := at + strings.Index(doc[at:], "\n    }") + len("\n    }")
	tokens := strings.NewReplacer(`"total_tokens": `, `"total_tokens": 0, "old": `, `"usage_object": {`, `"usage_object": {"prompt_tokens": 0}, "old": {`)
	const answer = `{"id": "chatcmpl-1", "choices": [{"message": {"content": "hi"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}`
	for _, test := range []struct{ name, response, answer, usage string }{
		{"an answer", `{"response": ` + quoteJSON(answer) + `}`, answer, `{"prompt_tokens": 3, "completion_tokens": 4}`},
		{"no JSON", `{"response": "<html>"}`, `{"response": "<html>"}`, ""},
		{"an answer that LiteLLM read", `{"id": "x", "response": "{}"}`, `{"id": "x", "response": "{}"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(tokens.Replace(doc[:at]) + `    "response": ` + test.response + tokens.Replace(doc[end:]) + "\n}")
			if len(got.records) != 1 {
				t.Fatalf("%d records", len(got.records))
			}
			if c := got.records[0].Call; string(c.Response) != test.answer || string(c.Usage) != test.usage {
				t.Errorf("answer %s, usage %s", c.Response, c.Usage)
			}
		})
	}
}
