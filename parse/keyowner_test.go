package parse_test

import (
	"strings"
	"testing"
)

// TestKeyOwner: whose key it is, and of which team, LiteLLM adds to the client's own
// metadata.
func TestKeyOwner(t *testing.T) {
	const added = `"user_api_key_user_id": "owner", "user_api_key_team_id": "team"`
	received := func(metadata string) string {
		return plainHead + `Request received by LiteLLM:` + "\n" + `{"model": "gpt-4o", "metadata": {` + metadata + `}, "messages": []}` + "\n" + head + "x"
	}
	stated := func(metadata string) string {
		return head + strings.Replace(call("hello"), "'metadata': {", "'metadata': {'requester_metadata': {"+strings.ReplaceAll(metadata, `"`, "'")+"}, ", 1) + "\n" + head + "x"
	}
	for name, form := range map[string]func(string) string{"received": received, "stated": stated} {
		for metadata, want := range map[string]string{added: "", `"tag": "a", ` + added: `{"tag":"a"}`, `"user_api_key": "b"`: `{"user_api_key":"b"}`} {
			got := feed(form(metadata)).records
			if len(got) != 1 || string(got[0].Request.Metadata) != want {
				t.Errorf("%s: %s: %d records, metadata %s, want %s", name, metadata, len(got), got[0].Request.Metadata, want)
			}
		}
	}
}

// TestParameterUser: a call's parameters name a user, in whatever record they stand.
func TestParameterUser(t *testing.T) {
	for name, record := range map[string]string{
		"arguments": arguments("ann"),
		"call":      strings.Replace(call("hello"), "'call_type'", "'optional_params': {'user': 'ann', 'max_tokens': 5}, 'call_type'", 1),
	} {
		got := feed(head + record + "\n" + head + "x").records
		if len(got) != 1 || got[0].Request.User != "ann" {
			t.Errorf("%s: %d records, user %q", name, len(got), got[0].Request.User)
		}
	}
}
