package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestSameID: two requests may bear one call id, for clients choose it. Neither gets the
// other's answer.
func TestSameID(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"after a failure",
			[]tailer.Record{ana.began("a", 0), ana.failed("a", "slow down", 0, 10), bob.began("a", 20), bob.ended("a", "for bob", 20, 30)},
			[]string{`a ana@example.org "" 0 "ERROR" []`, `a bob@example.org "for bob" 0 "DEFAULT" []`},
		},
		{
			"while one is under way",
			[]tailer.Record{ana.began("a", 0), bob.ended("a", "for bob", 5, 30), ana.ended("a", "for ana", 0, 40)},
			[]string{`a ana@example.org "for ana" 0 "DEFAULT" []`, `a bob@example.org "for bob" 0 "DEFAULT" []`},
		},
		{
			"where no record states an attempt",
			[]tailer.Record{ana.began("a", 0), bob.began("a", 5)},
			[]string{`a ana@example.org "" 0 "" [end not in the log]`, `a bob@example.org "" 0 "" [end not in the log]`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := brief(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestMasked: LiteLLM masks a cookie in one record otherwise than in another of the same
// request.
func TestMasked(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "ana's"}
	prepared, began := ana.began("a", 0), ana.began("a", 5)
	prepared.Kind, prepared.Function = tailer.KindPrepared, ""
	prepared.Request.Headers = append(prepared.Request.Headers, tailer.Header{Name: "cookie", Value: "***REDACTED***"})
	began.Request.Headers = append(began.Request.Headers, tailer.Header{Name: "cookie", Value: "REDACTED"})
	want := []string{`a ana@example.org "" 0 "" [end not in the log no response]`}
	if got := brief(run(pair.New(pair.Config{}), append(ana.front(0), prepared, began)...)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
