package pair

import (
	"encoding/json"
	"testing"

	"tailer"
)

// TestBodySizes: the sizes are those of what Python's and JavaScript's writers of
// JSON make of a body.
func TestBodySizes(t *testing.T) {
	body := tailer.Fields{
		{Name: "model", Value: json.RawMessage(`"gpt-4o"`)},
		{Name: "messages", Value: json.RawMessage(`[{"role":"user","content":"Zoë \"🚀\"\n\u0001\\"},{"role":"user","content":[]}]`)},
		{Name: "n", Value: json.RawMessage("2")}, {Name: "stream", Value: json.RawMessage("false")}, {Name: "stop", Value: json.RawMessage("null")},
	}
	s, ok := sizesOf(body)
	if !ok {
		t.Fatal("no sizes")
	}
	for name, text := range map[string]string{
		"JavaScript":                `{"model":"gpt-4o","messages":[{"role":"user","content":"Zoë \"🚀\"\n\u0001\\"},{"role":"user","content":[]}],"n":2,"stream":false,"stop":null}`,
		"Python":                    `{"model": "gpt-4o", "messages": [{"role": "user", "content": "Zo\u00eb \"\ud83d\ude80\"\n\u0001\\"}, {"role": "user", "content": []}], "n": 2, "stream": false, "stop": null}`,
		"Python, UTF-8":             `{"model": "gpt-4o", "messages": [{"role": "user", "content": "Zoë \"🚀\"\n\u0001\\"}, {"role": "user", "content": []}], "n": 2, "stream": false, "stop": null}`,
		"Python, compact and ASCII": `{"model":"gpt-4o","messages":[{"role":"user","content":"Zo\u00eb \"\ud83d\ude80\"\n\u0001\\"},{"role":"user","content":[]}],"n":2,"stream":false,"stop":null}`,
	} {
		if !s.has(len(text)) {
			t.Errorf("%s: %d is none of %+v", name, len(text), s)
		}
		if s.has(len(text) + 1) {
			t.Errorf("%s: %d is one of %+v", name, len(text)+1, s)
		}
	}
	for name, body := range map[string]tailer.Fields{"nothing": nil, "no JSON": {{Name: "a", Value: json.RawMessage("{")}}} {
		if _, ok := sizesOf(body); ok {
			t.Errorf("%s has sizes", name)
		}
	}
}
