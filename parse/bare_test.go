package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

// TestBare holds what a payload tells of parameters that were not sent: nothing,
// but for routes of which it states all that LiteLLM was called with.
func TestBare(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	bare, all := map[string]int{}, map[string]int{}
	for _, r := range feed(log).records {
		if r.Kind == tailer.KindPayload {
			all[r.Call.CallType]++
			if r.Request.Bare {
				bare[r.Call.CallType]++
			}
		}
	}
	if bare["aembedding"] != 5 || bare["aresponses"] != 2 || len(bare) != 2 || all["atranscription"] != 1 {
		t.Errorf("bare are %v of %v", bare, all)
	}

	before, _, _ := strings.Cut(log, `"call_type": "aembedding"`)
	start := strings.LastIndex(before, "{\n")
	doc, _, _ := strings.Cut(log[start:], "\n}")
	doc += "\n}"
	const user = `"user": "joerg.mueller@example.com"`
	at := strings.Index(doc, `"model_parameters": `)
	for _, test := range []struct {
		name, parameters string
		want             bool
	}{
		{"a user", user, true},
		{"nothing", "", true},
		{"a null", `"dimensions": null`, true},
		{"one that the client sent", `"dimensions": 8`, false},
		{"the default that LiteLLM adds", `"encoding_format": "float"`, true},
		{"a format that is no default", `"encoding_format": "base64"`, false},
		{"one that nobody knows", user + `, "x": 1`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			end := at + strings.Index(doc[at:], "}")
			got := feed(doc[:at] + `"model_parameters": {` + test.parameters + doc[end:])
			if len(got.records) != 1 {
				t.Fatalf("%d records", len(got.records))
			}
			r := &got.records[0].Request
			if named := strings.Contains(test.parameters, user); r.Bare != test.want || (r.User != "") != named || named && !strings.Contains(user, r.User) {
				t.Errorf("bare %v, user %q", r.Bare, r.User)
			}
		})
	}
}

// TestPayloadHint holds what a payload without a call id is compared by: the content as
// LiteLLM states it, also where the body can't be rebuilt from it.
func TestPayloadHint(t *testing.T) {
	without := map[string]int{}
	for _, r := range feed(string(captured(t, "1.77.7", "json-standard-payload"))).records {
		if r.Kind != tailer.KindPayload {
			continue
		}
		if hint := r.Hint.Get("messages"); (hint != nil) != (r.CallID == "") {
			t.Errorf("%s with call id %q: %s", r.Call.CallType, r.CallID, hint)
		}
		if r.CallID == "" && r.Request.Body.Get("input") == nil {
			without[r.Call.CallType]++
		}
	}
	if without["aresponses"] == 0 {
		t.Errorf("every body is rebuilt, but for %v", without)
	}
}
