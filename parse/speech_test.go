package parse_test

import (
	"strings"
	"testing"
)

// TestSpeech: a payload states what was asked for as a message; each route's client
// has a name of its own for it.
func TestSpeech(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	before, after, _ := strings.Cut(log, `"call_type": "aimage_generation"`)
	start := strings.LastIndex(before, "{\n    \"id\"")
	after, _, _ = strings.Cut(after, "\n}")
	for _, test := range []struct{ kind, input, prompt string }{
		{"aspeech", "text", ""},
		{"aimage_generation", "", "text"},
	} {
		got := feed(before[start:] + `"call_type": "` + test.kind + `"` + after + "\n}")
		if len(got.records) != 1 {
			t.Fatalf("%d records", len(got.records))
		}
		body := got.records[0].Request.Body
		for name, want := range map[string]string{"input": test.input, "prompt": test.prompt} {
			if is := body.Text(name); (is != "") != (want != "") {
				t.Errorf("%s: %s is %q", test.kind, name, is)
			}
		}
	}
}
