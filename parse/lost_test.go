package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

// TestLost: what characters are lost of is left out of a record, the rest is not. A client
// that writes the mark loses nothing where no line has lost anything.
func TestLost(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for _, prompt := range []string{"hello \uFFFD" + tailer.LostMark + "!", "hello \uFFFD!"} {
			line := []byte(head + call(prompt))
			got := feedLines([]tailer.Line{{Bytes: line, Lost: lost}})
			if kinds(got.records) != "call" {
				t.Fatalf("records %q", kinds(got.records))
			}
			q := got.records[0].Request
			out := lost && strings.Contains(prompt, tailer.LostMark)
			if q.Lost != out || (q.Body.Get("messages") == nil) != out || q.Body.Text("model") != "gpt-4o" || (len(q.Headers) == 1) != out {
				t.Errorf("lost %v, %q: %v, headers %q, body %s", lost, prompt, q.Lost, q.Headers, q.Body.JSON())
			}
		}
	}
}
