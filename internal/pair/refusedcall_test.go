package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestRefusedCall: a request that LiteLLM refused for what it asked is told of by an error
// that states no id, and then by the record of its call: that is one request.
func TestRefusedCall(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "ana's"}
	for _, test := range []struct {
		name, words string
		want        []string
	}{
		{"in the same words", "metadata is no object", []string{`a ana@example.org "" 0 "ERROR" []`}},
		{"in others", "no such thing", []string{`  "" 0 "ERROR" []`, `a ana@example.org "" 0 "ERROR" []`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			call := ana.failed("a", "metadata is no object", 5, 20)
			call.Call.Refused = true
			body := ana.front(0)[0] // its headers are not logged any more
			got := run(pair.New(pair.Config{}), body, told(tailer.KindFailure, "", test.words, 10), call, landed("/v1/chat/completions", 400, 30))
			if lines := brief(got); !slices.Equal(lines, test.want) {
				t.Errorf("got %q, want %q", lines, test.want)
			}
		})
	}
}
