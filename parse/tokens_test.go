package parse_test

import (
	"strings"
	"testing"
)

// TestTokens: embeddings may be asked for of tokens instead of texts.
func TestTokens(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	before, _, _ := strings.Cut(log, `"call_type": "aembedding"`)
	start := strings.LastIndex(before, "{\n    \"id\"")
	doc, _, _ := strings.Cut(log[start:], "\n}")
	at := strings.Index(doc, `    "messages": [`)
	end := at + strings.Index(doc[at:], "\n    ]")
	for _, test := range []struct{ name, messages, input string }{
		{"tokens", "1212, 318", `[1212, 318]`},
		{"one token", "1212", `[1212]`},
		{"several texts' tokens", "[1212, 318], [257]", `[[1212, 318], [257]]`},
		{"one text's tokens", "[1212, 318]", `[[1212, 318]]`},
		{"texts", `{"role": "user", "content": "a"}, {"role": "user", "content": "b"}`, `["a","b"]`},
		{"messages without content", `{"role": "user"}, {"role": "user"}`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(doc[:at] + `    "messages": [` + test.messages + doc[end+len("\n    "):] + "\n}")
			if len(got.records) != 1 || strings.Join(strings.Fields(string(got.records[0].Request.Body.Get("input"))), " ") != test.input {
				t.Errorf("%d records, body %s, want %s", len(got.records), got.records[0].Request.Body.JSON(), test.input)
			}
		})
	}
}
