package pair_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestAnswerRefused: an answer that a hook refused was not sent, though the record of the call
// states its success. Where no access line says so, the error does, if it can be about
// nothing else; otherwise the status is not known.
func TestAnswerRefused(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	no := told(tailer.KindFailure, "", "post guardrail says no", 51)
	no.Failure.Status = 0
	one := func(more ...tailer.Record) []tailer.Record {
		return slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 5), answered("for ana", 50)}, more)
	}
	ended := ana.ended("a", "for ana", 5, 50)
	ended.Time = at(60)
	foreign := tailer.Record{Kind: tailer.KindBody, Time: at(20), Request: tailer.Request{Body: tailer.Fields{{Name: "batch_id", Value: json.RawMessage(`"b"`)}}}}
	const refused, sent, unsure = `a 500 "ERROR" "post guardrail says no" []`, `a 200 "DEFAULT" "" []`, `a 0 "DEFAULT" "" ["status uncertain"]`
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    string
	}{
		{"the only one", one(no, ended), refused},
		{"by the access line too", one(no, ended, landed(chat, 500, 62)), refused},
		{"the answer is not logged by itself", slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 5), no, ended}), refused},
		{"sent, by its access line", one(landed(chat, 200, 50), no, ended), sent},
		{"much later", one(told(tailer.KindFailure, "", "no", 4000), with(ended, func(r *tailer.Record) { r.Time = at(4001) })), unsure},
		{"beside another that was answered", slices.Concat(bob.front(0), []tailer.Record{bob.began("b", 1)}, one(answered("for bob", 50), no, ended)), unsure},
		{"beside a request to another route", append(ana.front(0), ana.began("a", 5), foreign, answered("for ana", 50), no, ended), unsure},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, x := range run(pair.New(pair.Config{}), test.records...) {
				if got := fmt.Sprintf("%s %d %q %q %q", x.CallID, x.Status, x.Level, x.StatusMessage, x.Incomplete); x.CallID == "a" && got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			}
		})
	}
}
