package pair_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestNameless: a log that states no call id of chats still tells of them.
func TestNameless(t *testing.T) {
	front := func(a asking, ms int, more ...tailer.Header) []tailer.Record {
		records := a.front(ms)
		records[1].Request.Headers = append(records[1].Request.Headers, more...)
		q := a.request()
		q.Headers = records[1].Request.Headers
		return append(records, tailer.Record{Kind: tailer.KindPrepared, Time: at(ms), Request: q})
	}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{
			"answered alone",
			slices.Concat(front(ana, 0), []tailer.Record{tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), answered("for ana", 41), landed(chat, 200, 50)}),
			[]string{"ana@example.org 200 openai/gpt-4o tries=0 for ana"},
		},
		{
			"tried twice",
			slices.Concat(front(ana, 0), []tailer.Record{tried("openai/gpt-4o", tailer.OutcomeFailure, 20), tried("openai/gpt-4o", tailer.OutcomeSuccess, 40), answered("for ana", 41), landed(chat, 200, 50)}),
			[]string{"ana@example.org 200 openai/gpt-4o tries=1 for ana"},
		},
		{
			"failed",
			slices.Concat(front(ana, 0), []tailer.Record{told(tailer.KindFailure, "", "no", 40), landed(chat, 400, 50)}),
			[]string{"ana@example.org 400  tries=0 "},
		},
		{
			"with an id that the client chose",
			slices.Concat(front(ana, 0, tailer.Header{Name: "x-litellm-call-id", Value: "mine"}), []tailer.Record{answered("for ana", 41), landed(chat, 200, 50)}),
			[]string{"mine ana@example.org 200  tries=0 for ana"},
		},
		{
			"two at the same time",
			slices.Concat(front(ana, 0), front(bob, 5), []tailer.Record{answered("for one", 41), landed(chat, 200, 50), answered("for the other", 60), landed(chat, 200, 70)}),
			[]string{"ana@example.org 200  tries=0 ", "bob@example.org 200  tries=0 "},
		},
		{
			"of lines that somebody may have written it is none",
			append(front(ana, 0), tailer.Record{Kind: tailer.KindBody, Time: at(900), Suspect: true, Request: tailer.Request{Body: bob.request().Body}},
				tailer.Record{Kind: tailer.KindHeaders, Time: at(900), Request: tailer.Request{Headers: bob.request().Headers}},
				tailer.Record{Kind: tailer.KindPrepared, Time: at(900), Request: bob.request()}),
			[]string{"ana@example.org 0  tries=0 "},
		},
		{
			"beside calls with ids it is none",
			slices.Concat([]tailer.Record{ana.ended("a", "yes", -200, -100)}, front(bob, 0), []tailer.Record{answered("for bob", 41), landed(chat, 200, 50)}),
			[]string{"a ana@example.org 200 openai/gpt-4o tries=0 yes"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, x := range run(pair.New(pair.Config{}), append(test.records, found(bob.user, 15_000))...) {
				text := ""
				if _, after, ok := strings.Cut(string(x.Response), `"content":"`); ok {
					text, _, _ = strings.Cut(after, `"`)
				}
				got = append(got, strings.TrimLeft(x.CallID+" "+user(&x)+" "+strconv.Itoa(x.Status)+" "+x.Model+" tries="+strconv.Itoa(len(x.Attempts))+" "+text, " "))
				if x.CallID == "" && x.Seed == "" {
					t.Error("no seed")
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}
