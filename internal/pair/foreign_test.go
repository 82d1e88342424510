package pair_test

import (
	"encoding/json"
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestForeign: a request to another route, whose body is logged too, leaves it certain
// whose an answer and an access line are.
func TestForeign(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "ana's"}
	for name, body := range map[string]tailer.Fields{
		"an answer of before (/v1/responses/…)": {{Name: "response_id", Value: json.RawMessage(`"resp_1"`)}},
		"Gemini's own API":                      {{Name: "contents", Value: json.RawMessage(`[]`)}, {Name: "model", Value: json.RawMessage(`"gpt-4o"`)}},
		"a search":                              {{Name: "query", Value: json.RawMessage(`"q"`)}, {Name: "vector_store_id", Value: json.RawMessage(`"vs_1"`)}},
	} {
		t.Run(name, func(t *testing.T) {
			records := []tailer.Record{
				{Kind: tailer.KindBody, Time: at(0), Request: tailer.Request{Body: body}},
				{Kind: tailer.KindHeaders, Time: at(0), Request: tailer.Request{Headers: []tailer.Header{{Name: "x-openwebui-user-email", Value: "bob@example.org"}}}},
			}
			records = append(records, ana.front(10)...)
			records = append(records, ana.began("a", 20), answered("for ana", 50), landed("/v1/chat/completions", 200, 60))
			want := []string{`a ana@example.org "for ana" 0 "DEFAULT" []`}
			if got := brief(run(pair.New(pair.Config{}), records...)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
