package pair_test

import (
	"slices"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestUnsent: a model answered, but its name does not fit into a header, so the client
// was told an error, and no access line says so. The words are those of Python.
func TestUnsent(t *testing.T) {
	zoe, ana := asking{user: "zoe@example.org", prompt: "unsent"}, asking{user: "ana@example.org", prompt: "other"}
	const start, end = "'latin-1' codec can't encode character", ": ordinal not in range(256)"
	named := func(r tailer.Record, group string) tailer.Record {
		r.Call.ModelGroup = group
		r.Request.Body = slices.Clone(r.Request.Body)
		r.Request.Body[0].Value = []byte(`"` + group + `"`)
		return r
	}
	words := func(text string, ms int) tailer.Record {
		r := told(tailer.KindFailure, "", text, ms)
		r.Failure.Status = 0 // LiteLLM has none for it
		return r
	}
	for _, test := range []struct {
		name, group, words string
		unsent             bool
	}{
		{"a run of letters", "модель 4o", start + "s in position 0-5" + end, true},
		{"the first run counts", "gpt-модель-два", start + "s in position 4-9" + end, true},
		{"one letter", "gptй4", start + ` '\u0439' in position 3` + end, true},
		{"one that takes two surrogates", "4🦊", start + ` '\U0001f98a' in position 1` + end, true},
		{"letters of Latin-1 can be sent", "modèle", start + "s in position 0-5" + end, false},
		{"words about another name", "модель 4o", start + "s in position 3-5" + end, false},
		{"other words", "модель 4o", "slow down", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ended := named(zoe.ended("a", "yes", 0, 20), test.group)
			for name, records := range map[string][]tailer.Record{
				"before the record of the answer": {words(test.words, 25), ended},
				"after it":                        {ended, words(test.words, 25)},
				"beside a request that failed":    joined([]tailer.Record{ended}, ana.front(22), []tailer.Record{ana.began("b", 22), words(test.words, 25), ana.ended("b", "yes", 22, 40)}),
			} {
				all := run(pair.New(pair.Config{}), records...)
				i := slices.IndexFunc(all, func(x tailer.Exchange) bool { return x.CallID == "a" })
				if i < 0 {
					t.Fatalf("%s: not handed out", name)
				}
				if x := all[i]; (x.Status == 500) != test.unsent || (x.Level == tailer.LevelError) != test.unsent || strings.Contains(x.StatusMessage, "latin-1") != test.unsent {
					t.Errorf("%s: %d %s %q", name, x.Status, x.Level, x.StatusMessage)
				}
			}
		})
	}
}

// TestUnsentIsNobodyElses: the error of a name that can't be sent is not that of a
// request which named another model, though it alone is in flight.
func TestUnsentIsNobodyElses(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "other"}
	records := joined(ana.front(0), []tailer.Record{ana.began("b", 1), told(tailer.KindFailure, "", "'latin-1' codec can't encode characters in position 0-5: ordinal not in range(256)", 5)})
	for _, x := range run(pair.New(pair.Config{}), records...) {
		if x.StatusMessage != "" || x.Level == tailer.LevelError {
			t.Errorf("%s %s %q", x.CallID, x.Level, x.StatusMessage)
		}
	}
}

// TestUnsentStream: a stream that LiteLLM had begun to read is not sent either, and that it
// then calls the client gone changes nothing.
func TestUnsentStream(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "unsent", stream: true}
	named := func(r tailer.Record) tailer.Record {
		r.Request.Body = slices.Clone(r.Request.Body)
		r.Request.Body[0].Value = []byte(`"модель 4o"`)
		return r
	}
	front := zoe.front(0)
	front[0] = named(front[0])
	piece := tailer.Record{Kind: tailer.KindPiece, Time: at(20), Call: tailer.Call{Response: []byte(`{"content":"yes"}`)}}
	gone := tailer.Record{Kind: tailer.KindDisconnect, Time: at(32), CallID: "a"}
	begun := tailer.Record{Kind: tailer.KindAnswer, Time: at(19), Call: tailer.Call{Streamed: true}}
	all := run(pair.New(pair.Config{}), joined(front, []tailer.Record{named(zoe.began("a", 1)), begun, piece,
		told(tailer.KindFailure, "", "'latin-1' codec can't encode characters in position 0-5: ordinal not in range(256)", 30), landed(chat, 500, 31), gone})...)
	if len(all) != 1 || all[0].Status != 500 || all[0].Level != tailer.LevelError || all[0].Response != nil || !all[0].FirstToken.IsZero() {
		t.Errorf("%+v", all)
	}
}

// TestStoppedShort: LiteLLM logs a failure without words of a stream whose last event it
// could not read. The client was told no error, and the refusal beside it is another's.
func TestStoppedShort(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "short", stream: true}
	ended := zoe.failed("a", "", 0, 20)
	ended.Call.Failure = tailer.Failure{Class: "StopAsyncIteration"}
	refused := told(tailer.KindRefused, "", "", 25)
	for name, records := range map[string][]tailer.Record{"before": {refused, ended}, "after": {ended, refused}} {
		all := run(pair.New(pair.Config{}), records...)
		if len(all) != 1 || all[0].Level != "" || all[0].StatusMessage != "" || all[0].Status != 200 || !slices.Contains(all[0].Incomplete, "end not in the log") {
			t.Errorf("a refusal %s: %+v", name, all)
		}
	}
}
