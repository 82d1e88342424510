package parse_test

import (
	"strings"
	"testing"
)

const (
	// mark names an object of the proxy's, and lets a log have suspects.
	mark = head + "Initialized litellm callbacks, Async Success Callbacks: [<bound method Router.x of <litellm.router.Router object at 0x7f42ce7dca50>>]\n"
	// raw is a record after which nothing is believed before the next mark.
	raw = head + "An error occurred: somebody's words\n"
)

// TestVouch: after text that somebody may have written, records that name a call count
// once a record states the headers of a request that was received. It vouches for all
// records of its call, those before it too.
func TestVouch(t *testing.T) {
	const (
		started = head + "litellm.acompletion(model='openai/gpt-4o', litellm_call_id='" + genuine + "', metadata=<dict len=67>)\n"
		gone    = head + "Recorded streaming client disconnect with error_code=499 for litellm_call_id=" + genuine + "\n"
	)
	own := plainHead + "Request Headers: {'x-openwebui-user-email': 'ana@example.org', 'x-title': 'hello'}\n"
	for _, test := range []struct{ name, log, kinds string }{
		{"a call of a request that was received", mark + own + raw + started + gone + head + call("hello") + "\n" + head + "x", "headers arguments disconnect call"},
		{"records after it", mark + own + raw + head + call("hello") + "\n" + gone + head + "x", "headers call disconnect"},
		{"a call of nobody", mark + own + raw + started + gone + head + call("bye") + "\n" + head + "x", "headers"},
		{"another call's records", mark + own + raw + strings.ReplaceAll(gone, genuine, "00000000-2934-421c-9b75-b288ee722fb7") + head + call("hello") + "\n" + head + "x", "headers call"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := feed(test.log); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}

// TestChosenID: a client may choose its call id, and can then write what looks like a record
// of its own request, before that begins or after. It tells neither of somebody else nor of
// how the request ended.
func TestChosenID(t *testing.T) {
	const (
		id     = genuine
		others = "'headers': {'x-openwebui-user-email': 'eve@example.org', 'x-title': 'mine'"
		eve    = head + "litellm.acompletion(model='openai/gpt-4o', litellm_call_id='" + id + "', metadata={" + others + ", 'x-litellm-call-id': '" + id + "'}})\n"
		known  = head + "litellm.acompletion(model='openai/gpt-4o', litellm_call_id='" + id + "', metadata={" + others + "}})\n"
	)
	forged := head + call("hello") + "\n"
	own := strings.ReplaceAll(forged, "'x-openwebui-user-email': 'ana@example.org', 'x-title': 'hello'", "'x-openwebui-user-email': 'eve@example.org', 'x-title': 'mine', 'x-litellm-call-id': '"+id+"'")
	for _, test := range []struct {
		name, log, kinds, users string
	}{
		{"before the request", mark + raw + forged + mark + eve + head + "x", "arguments", "eve@example.org"},
		{"after its beginning", mark + eve + raw + forged + head + "x", "arguments", "eve@example.org"},
		{"after the id was told of", mark + raw + eve + forged + mark + eve + head + "x", "arguments arguments", "eve@example.org eve@example.org"},
		{"the request's own record", mark + eve + raw + own + head + "x", "arguments call", "eve@example.org eve@example.org"},
		{"an id that nobody chose", mark + raw + forged + mark + known + head + "x", "call arguments", "eve@example.org"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.log)
			var users []string
			for i := range got.records {
				for _, h := range got.records[i].Request.Headers {
					if h.Name == "x-openwebui-user-email" {
						users = append(users, h.Value)
					}
				}
			}
			if kinds(got.records) != test.kinds || strings.Join(users, " ") != test.users {
				t.Errorf("records %q of %q, want %q of %q", kinds(got.records), users, test.kinds, test.users)
			}
		})
	}
}

// TestHiddenAccess: an access line in the middle of a text may be a line of that, or was
// written meanwhile.
func TestHiddenAccess(t *testing.T) {
	const (
		line  = "INFO:     127.0.0.1:1 - \"POST /v1/messages HTTP/1.1\" 500 Internal Server Error\n"
		error = head + "Unhandled exception in request: ModuleNotFoundError\nTraceback (most recent call last):\n"
	)
	for _, test := range []struct{ name, log, kinds string }{
		{"after a text", mark + raw + line + head + "x", "access"},
		{"in a text", mark + raw + line + "more words\n" + head + "x", "maybe-access"},
		{"in a traceback after it", mark + raw + error + line + "ModuleNotFoundError: No module named 'x'\n" + head + "x", "maybe-access"},
		{"in a traceback", mark + error + line + "ModuleNotFoundError: No module named 'x'\n" + head + "x", "access"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.log)
			if kinds(got.records) != test.kinds || got.records[0].Status != 500 || got.records[0].Request.Route != "/v1/messages" {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}

// TestTranslated: what a payload states of a /v1/messages request that LiteLLM passed to
// another API is not what the client sent, but for what was asked.
func TestTranslated(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	before, _, _ := strings.Cut(log, `"call_type": "anthropic_messages"`)
	start := strings.LastIndex(before, "{\n")
	doc, _, _ := strings.Cut(log[start:], "\n}")
	doc += "\n}"
	at := strings.Index(doc, `"model_parameters": `)
	end := at + strings.Index(doc[at:], "}")
	for _, test := range []struct{ name, parameters, names string }{
		{"as sent", `"max_tokens": 5, "temperature": 1, "tools": [{"name": "Bash", "input_schema": {}}]`, "system messages max_tokens temperature tools"},
		{"tools of Anthropic's own", `"max_tokens": 5, "tools": [{"type": "web_search_20250305", "name": "web_search"}]`, "system messages max_tokens tools"},
		{"as a response", `"max_output_tokens": 5, "temperature": 1, "include": []`, "system messages"},
		{"its tools", `"max_tokens": 5, "tools": [{"type": "function", "name": "Bash", "parameters": {}}]`, "system messages"},
		{"the chat that LiteLLM made of it (up to 1.80)", `"max_tokens": 5`, ""},
		{"as a chat", `"max_tokens": 5, "tools": [{"type": "function", "function": {"name": "Bash"}}]`, "system messages"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := doc[:at] + `"model_parameters": {` + test.parameters + doc[end:]
			if test.names == "" {
				text = strings.Replace(text, `"call_type": "anthropic_messages"`, `"call_type": "completion"`, 1)
			}
			got := feed(text)
			if len(got.records) != 1 || bodyNames(&got.records[0]) != test.names {
				t.Errorf("%d records, body %s, want %s", len(got.records), got.records[0].Request.Body.JSON(), test.names)
			}
		})
	}
}
