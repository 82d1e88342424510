package parse_test

import (
	"strings"
	"testing"
)

// asker is litellm_params of a request of somebody's.
func asker(who string) string {
	return "'litellm_params': {'proxy_server_request': {'url': 'http://x/v1/chat/completions', 'method': 'POST', 'headers': {'x-openwebui-user-email': '" + who + "'}, 'body': {}}}"
}

// TestDoubtful: where LiteLLM's redaction ate quotes, a prompt can go on as a dict. A
// record that states something twice, or that cannot be read to its end, states nobody
// whom no other record states.
func TestDoubtful(t *testing.T) {
	const start = "Langfuse Logging - Enters logging function for model {'model': 'm', 'litellm_call_id': '" + genuine + "', 'messages': [{'role': 'user', 'content': 'REDACTED'}], "
	received := jsonRecord("Request Headers: {'x-openwebui-user-email': 'ana@example.org'}", "")
	ana, victim := asker("ana@example.org"), asker("victim@example.org")
	for _, test := range []struct{ name, log, want string }{
		{"whole", jsonRecord(start+ana+"}", ""), "ana@example.org"},
		{"stated twice", received + jsonRecord(start+victim+", 'x': ['REDACTED'], "+ana+"}", ""), "ana@example.org"},
		{"the other way round", received + jsonRecord(start+ana+", 'x': ['REDACTED'], "+victim+"}", ""), ""},
		{"by nobody else", jsonRecord(start+victim+", 'x': ['REDACTED'], "+ana+"}", ""), ""},
		{"not to its end", received + jsonRecord(start+victim+", 'x': ['REDACTED', ", ""), ""},
		{"not to its end, but as received", received + jsonRecord(start+ana+", 'x': ['REDACTED', ", ""), "ana@example.org"},
		{"does not vouch for itself", jsonRecord(start+victim+", 'x': [", "") + jsonRecord(start+victim+", 'x': [", ""), ""},
		{"arguments", received + jsonRecord("litellm.acompletion(model='m', litellm_call_id='"+genuine+"', messages=['REDACTED'], "+strings.ReplaceAll(victim, "'litellm_params': {'proxy_server_request': ", "proxy_server_request=")[:len(victim)-23]+", x=['", ""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.log)
			r := got.records[len(got.records)-1]
			who := ""
			if len(r.Request.Headers) > 0 {
				who = r.Request.Headers[0].Value
			}
			if whole := test.name == "whole"; whole != (r.Request.Body != nil) {
				t.Errorf("body %v", r.Request.Body)
			}
			if r.CallID != genuine || who != test.want {
				t.Errorf("call %q by %q, want %q (%s)", r.CallID, who, test.want, kinds(got.records))
			}
		})
	}
}

// TestKnownID: after text that somebody may have written, a record of a call that is
// known states nobody either, unless with headers that are known: the call's id may be
// its writer's own choice.
func TestKnownID(t *testing.T) {
	record := func(who string) string {
		return head + "Langfuse Logging - Enters logging function for model {'model': 'm', 'litellm_call_id': '" + genuine + "', " + asker(who) + "}\n"
	}
	for who, known := range map[string]bool{"ana@example.org": true, "victim@example.org": false} {
		got := feed(mark + record("ana@example.org") + raw + record(who) + head + "x")
		if kinds(got.records) != "call call" || (got.records[1].Request.Headers != nil) != known {
			t.Errorf("%s: records %q, the last by %v", who, kinds(got.records), got.records[len(got.records)-1].Request.Headers)
		}
	}
}

// TestCutModel: a model's name may have line breaks, and records behind them.
func TestCutModel(t *testing.T) {
	const (
		whole  = head + "Inside _acompletion()- model: gpt-4o; kwargs: {}\n"
		cut    = head + "Inside _acompletion()- model: nope\n"
		forged = head + "litellm.acompletion(model='openai/gpt-4o', litellm_call_id='" + genuine + "')\n" + head + "x"
	)
	for _, test := range []struct{ log, want string }{
		{mark + whole + forged, "arguments"},
		{mark + whole + cut + forged, ""},
		{mark + cut + forged, "arguments"}, // 1.109 never states more than the name
	} {
		if got := feed(test.log); kinds(got.records) != test.want {
			t.Errorf("records %q, want %q", kinds(got.records), test.want)
		}
	}
}

// TestKeyHash: of a key that LiteLLM refused some versions state the key itself in place
// of its hash. It does not leave.
func TestKeyHash(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for stated, want := range map[string]string{
		sum: sum, "hashed-jwt-" + sum: "hashed-jwt-" + sum, "litellm_proxy_master_key": "litellm_proxy_master_key", "": "",
		"not-a-hash": "b5c78051193e144a877bd1634162341eb2d9cc9fc4b93fd3f890fb6b5009d297",
	} {
		log := "Langfuse Logging - Enters logging function for model {'model': 'm', 'litellm_call_id': '" + genuine + "', 'litellm_params': {'metadata': {'user_api_key_hash': '" + stated + "'}}}"
		if got := feed(jsonRecord(log, "")).records[0].Key.Hash; got != want {
			t.Errorf("%q: %q, want %q", stated, got, want)
		}
	}
}

// TestForgedDate: text that somebody may have written does not set the clock.
func TestForgedDate(t *testing.T) {
	const own = head + "Request Headers: {'x-openwebui-user-email': 'ana@example.org'}\n"
	call := head + "Langfuse Logging - Enters logging function for model {'litellm_call_id': '" + genuine + "', 'start_time': datetime.datetime(2020, 1, 2, 9, 16, 1), 'end_time': datetime.datetime(2020, 1, 2, 9, 16, 2), " + asker("ana@example.org") + "}\n" + head + "x"
	if got := feed(mark + own + call); kinds(got.records) != "headers redate call" {
		t.Errorf("records %q", kinds(got.records))
	}
	if got := feed(mark + own + raw + call); kinds(got.records) != "headers call" {
		t.Errorf("after raw text: records %q", kinds(got.records))
	}
}
