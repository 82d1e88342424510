package parse_test

import (
	"strings"
	"testing"
)

// refusedCall is what LiteLLM states of a call whose key it refused.
const refusedCall = "\x1b[92m{'litellm_trace_id': None, 'litellm_call_id': '" + genuine + "', 'litellm_params': {'metadata': {'user_api_key_hash': 'abababababababababababababababababababababababababababababababab', " +
	"'user_api_key_request_route': '/v1/chat/completions'}, 'proxy_server_request': None}, 'model': 'gpt-4o', 'messages': [{'role': 'user', 'content': 'hello'}], " +
	"'optional_params': {'messages': [{'role': 'user', 'content': 'hello'}], 'n': 2}, 'call_type': 'acompletion'}\x1b[0m"

// TestRefusedCall: of a refused key's request LiteLLM states all but its headers.
// After text that somebody else may have written it makes no request.
func TestRefusedCall(t *testing.T) {
	colour := func(rest string) string {
		return "\x1b[92m09:16:01 - LiteLLM:DEBUG\x1b[0m: utils.py:1 - " + rest + "\n"
	}
	mark := colour("Initialized litellm callbacks, <x at 0x7f6b9a99a690>")
	for _, test := range []struct{ name, log, route string }{
		{"JSON", jsonRecord(refusedCall, ""), "/v1/chat/completions"},
		{"text", mark + colour(refusedCall) + colour("x"), "/v1/chat/completions"},
		{"text after an error's words", mark + colour("An error occurred: x") + colour(refusedCall) + colour("x"), ""},
		{"with headers", jsonRecord(strings.Replace(refusedCall, "'proxy_server_request': None", "'proxy_server_request': {'headers': {'a': 'b'}, 'body': {}}", 1), ""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.log)
			if kinds(got.records) != "details" {
				t.Fatalf("records %q", kinds(got.records))
			}
			r := got.records[0]
			if r.CallID != genuine || r.Request.Route != test.route {
				t.Errorf("call id %q, route %q, want %q", r.CallID, r.Request.Route, test.route)
			}
			if test.route != "" && (r.Request.Body.Text("model") != "gpt-4o" || string(r.Request.Body.Get("n")) != "2" || r.Key.Hash != strings.Repeat("ab", 32)) {
				t.Errorf("request %v, key %v", r.Request, r.Key)
			}
		})
	}
}

// TestRefusedPayload: a payload without headers is that of a request whose key was
// refused, unless a model group was looked for: some clients send no header that a
// payload holds (1.77, 1.80).
func TestRefusedPayload(t *testing.T) {
	for group, refused := range map[string]bool{"": true, "gpt-4o": false} {
		got := feed(`{
    "id": "` + genuine + `",
    "trace_id": "7de75c6d-ba16-41e5-8d6e-6c8790a19b7c",
    "call_type": "aresponses",
    "status": "failure",
    "startTime": 1795812543.096875,
    "endTime": 1795812544.784412,
    "model": "gpt-4o",
    "metadata": {
        "user_api_key_request_route": "/v1/responses",
        "requester_custom_headers": null
    },
    "model_group": "` + group + `",
    "messages": [],
    "response": {},
    "error_str": ""
}
`)
		if kinds(got.records) != "payload" || got.records[0].Call.Refused != refused {
			t.Errorf("model group %q: records %q, refused %v", group, kinds(got.records), !refused)
		}
	}
}

// TestPreparedCallID: the call id in the data of a request counts where LiteLLM
// has put it there, for a client may do so as well.
func TestPreparedCallID(t *testing.T) {
	data := func(more string) string {
		return jsonRecord("receiving data: {'model': 'gpt-4o', 'proxy_server_request': {'url': 'http://127.0.0.1:4000/v1/chat/completions', 'method': 'POST', "+
			"'headers': {'host': 'x'}, 'body': {'model': 'gpt-4o'}}, 'litellm_call_id': '"+genuine+"'"+more+"}", "")
	}
	for _, test := range []struct{ name, more, id string }{
		{"LiteLLM's", ", 'litellm_logging_obj': <litellm.litellm_core_utils.litellm_logging.Logging object at 0x7f6b9a99a690>", genuine},
		{"a client's", "", ""},
		{"a client's with an object in words", ", 'litellm_logging_obj': '<litellm.Logging object at 0x7f6b9a99a690>'", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(data(test.more))
			if kinds(got.records) != "prepared" || got.records[0].CallID != test.id {
				t.Fatalf("records %q, call id %q, want %q", kinds(got.records), got.records[0].CallID, test.id)
			}
		})
	}
}
