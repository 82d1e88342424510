package parse_test

import "testing"

// TestNoID: an error of a request that failed before it was given a call id says so in
// the id's place, since 1.109.
func TestNoID(t *testing.T) {
	for _, test := range []struct{ words, id, message string }{
		{"litellm_call_id=None - Invalid type for 'litellm_metadata'", "", "Invalid type for 'litellm_metadata'"},
		{"litellm_call_id=" + genuine + " - Invalid type", genuine, "Invalid type"},
		{"litellm_call_id=a b - Invalid type", "", "litellm_call_id=a b - Invalid type"},
	} {
		got := feed(jsonRecord("litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - "+test.words, "") + "\n")
		if len(got.records) != 1 || got.records[0].CallID != test.id || got.records[0].Failure.Message != test.message {
			t.Errorf("%s: %+v", test.words, got.records)
		}
	}
}
