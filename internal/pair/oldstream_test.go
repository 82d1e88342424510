package pair_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestOldStream: before 1.61 LiteLLM counts a stream's tokens itself, may lose the
// end of its text, and logs another error than the client was told.
func TestOldStream(t *testing.T) {
	stream := asking{user: "ana@example.org", prompt: "one", stream: true}
	piece := func(text, finish string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindChunk, Time: at(ms), Call: tailer.Call{ResponseID: "r", Response: json.RawMessage(
			`{"id":"r","choices":[{"delta":{"content":"` + text + `"},"finish_reason":` + finish + `}]}`)}}
	}
	ended := stream.ended("a", "one two", 1, 90)
	ended.Call.ResponseID, ended.Call.LiteLLM, ended.Call.Usage = "r", "1.55.12", json.RawMessage(`{"prompt_tokens":1}`)
	broken := stream.failed("a", "peer closed connection", 1, 90)
	broken.Call.LiteLLM = "1.55.12"
	begin := append(stream.front(0), stream.began("a", 1))
	for _, test := range []struct {
		name    string
		records []tailer.Record
		text    string
		words   string
	}{
		{"its pieces are known", slices.Concat(begin, []tailer.Record{piece("one ", "null", 20), piece("two ", "null", 30), piece("three", `"stop"`, 40), ended}), "one two three", ""},
		{"they are not", append(slices.Clone(begin), ended), "", ""},
		{"it failed", append(slices.Clone(begin), broken), "", ""},
		{"it failed, and the client was told", append(slices.Clone(begin), broken, told(tailer.KindStreamFailure, "", "APIConnectionError: peer closed connection", 95)), "", "peer closed connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), test.records...)
			if len(all) != 1 || all[0].Usage != nil || !strings.Contains(string(all[0].Response), test.text) || (test.text == "") != (all[0].Response == nil) {
				t.Fatalf("got %+v", all)
			}
			if words := all[0].StatusMessage; !strings.Contains(words, test.words) || (test.words == "") != (words == "") {
				t.Errorf("told %q, want %q", words, test.words)
			}
		})
	}
}
