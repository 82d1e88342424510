package pair_test

import (
	"fmt"
	"slices"
	"strings"
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

// TestUserToken: LiteLLM masks the user's token in its records, not in the payload. It is
// taken from there, in whatever order they come, and from no other request's.
func TestUserToken(t *testing.T) {
	const name = "x-openwebui-user-jwt"
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	with := func(r tailer.Record, value string) tailer.Record {
		r.Request.Headers = append(slices.Clone(r.Request.Headers), tailer.Header{Name: name, Value: value})
		return r
	}
	began := with(ana.began("a", 0), "REDACTED")
	ended := with(ana.ended("a", "for ana", 0, 30), "ana.token.x")
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{"payload last", []tailer.Record{began, ended}, []string{"ana.token.x"}},
		{"payload first", []tailer.Record{ended, began}, []string{"ana.token.x"}},
		{"no payload", []tailer.Record{began}, []string{"REDACTED"}},
		{"another's payload", []tailer.Record{began, with(bob.ended("a", "for bob", 5, 40), "bob.token.x"), with(ana.ended("a", "for ana", 0, 50), "REDACTED")}, []string{"bob.token.x", "REDACTED"}},
	} {
		var got []string
		for _, x := range run(pair.New(pair.Config{}), test.records...) {
			for _, h := range x.Request.Headers {
				if h.Name == name {
					got = append(got, h.Value)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(test.want)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if value := began.Request.Headers[len(began.Request.Headers)-1].Value; value != "REDACTED" {
		t.Errorf("a record was changed: %q", value)
	}
}

// TestSameIDGoesOn: a request that another one with its call id has displaced goes on with
// the records that state its headers. What states none counts for neither, unless its words
// tell.
func TestSameIDGoesOn(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	hungUp := tailer.Record{Kind: tailer.KindDisconnect, Time: at(25), CallID: "a"}
	received := bob.front(20)[1]
	received.CallID = "a"
	const answered = ` 200 DEFAULT "" attempts=0 end=`
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"tried again",
			[]tailer.Record{ana.began("a", 0), ana.failed("a", "slow down", 0, 10), bob.began("a", 20), ana.began("a", 25), bob.ended("a", "yes", 20, 30), ana.ended("a", "yes", 25, 40)},
			[]string{`a ana@example.org 200 DEFAULT "" attempts=1 end=40`, `a bob@example.org` + answered + `30`},
		},
		{
			"hung up, or the other did",
			[]tailer.Record{ana.began("a", 0), bob.began("a", 20), hungUp, bob.ended("a", "yes", 20, 30), ana.ended("a", "yes", 0, 40)},
			[]string{`a ana@example.org` + answered + `40`, `a bob@example.org` + answered + `30`},
		},
		{
			"told an error",
			[]tailer.Record{ana.began("a", 0), ana.failed("a", "slow down", 0, 10), bob.began("a", 20), told(tailer.KindFailure, "a", "slow down", 25), bob.ended("a", "yes", 20, 30)},
			[]string{`a ana@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=25`, `a bob@example.org` + answered + `30`},
		},
		{
			"told the other's error",
			[]tailer.Record{ana.began("a", 0), ana.failed("a", "slow down", 0, 10), bob.began("a", 20), told(tailer.KindFailure, "a", "no such model", 25), ana.ended("a", "yes", 30, 40), bob.failed("a", "no such model", 20, 45)},
			[]string{`a ana@example.org 200 DEFAULT "" attempts=1 end=40`, `a bob@example.org 429 ERROR "RateLimitError: no such model" attempts=0 end=45`},
		},
		{
			"told an error that either can have met",
			[]tailer.Record{ana.began("a", 0), ana.failed("a", "slow down", 0, 10), bob.began("a", 12), bob.failed("a", "slow down", 12, 20), told(tailer.KindFailure, "a", "slow down", 25), ana.ended("a", "yes", 30, 40)},
			[]string{`a ana@example.org 200 DEFAULT "" attempts=1 end=40`, `a bob@example.org 429 ERROR "RateLimitError: slow down" attempts=0 end=20`},
		},
		{
			"the other is refused by the router",
			[]tailer.Record{ana.began("a", 0), received, told(tailer.KindFailure, "a", "no such model", 25), bob.failed("a", "no such model", 20, 26), ana.ended("a", "yes", 0, 40)},
			[]string{`a ana@example.org` + answered + `40`, `a bob@example.org 429 ERROR "RateLimitError: no such model" attempts=0 end=26`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(run(pair.New(pair.Config{}), test.records...)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestErrorOfAChosenID: in a log of payloads an error may be of a request that nothing else
// tells of. One that states the call id of an answered request is that one's, unless the
// client chose the id.
func TestErrorOfAChosenID(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "same"}
	answered := payload(zoe, "a", "yes", 0, 30)
	chosen := with(payload(zoe, "a", "yes", 0, 30), func(r *tailer.Record) {
		r.Request.Headers = append(slices.Clone(r.Request.Headers), tailer.Header{Name: "x-litellm-call-id", Value: "a"})
	})
	refused := told(tailer.KindFailure, "a", "blocked", 40)
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    string
	}{
		{"the id is LiteLLM's", []tailer.Record{answered, refused}, `400 "ERROR" [attempts uncertain]`},
		{"the id is the client's", []tailer.Record{chosen, refused}, `0 "DEFAULT" [status uncertain attempts uncertain]`},
		{"in a log that tells of all requests", append(zoe.front(0), chosen, refused), `400 "ERROR" [attempts uncertain]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, x := range run(pair.New(pair.Config{}), test.records...) {
				got = append(got, fmt.Sprintf("%d %q %v", x.Status, x.Level, x.Incomplete))
			}
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
