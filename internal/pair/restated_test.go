package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestRestated: LiteLLM logs a provider's answer once more when the next request is in
// flight already, which is not its own.
func TestRestated(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	raw := func(text string, ms int) tailer.Record {
		r := answered(text, ms)
		r.Kind, r.Call.ResponseModel = tailer.KindRawAnswer, "gpt-4o"
		r.Call.Response = append([]byte(`{"id":"msg_1",`), r.Call.Response[1:]...)
		return r
	}
	records := append(ana.front(0), ana.began("a", 5), raw("for ana", 50), landed("/v1/chat/completions", 200, 60))
	records = append(records, bob.front(70)...)
	records = append(records, raw("for ana", 75), bob.began("b", 80), raw("for bob", 120), landed("/v1/chat/completions", 200, 130))
	want := []string{`a ana@example.org "for ana" 0 "DEFAULT" []`, `b bob@example.org "for bob" 0 "DEFAULT" []`}
	if got := brief(run(pair.New(pair.Config{}), records...)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
