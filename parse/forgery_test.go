package parse_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailer"
)

// forgeries are prompts that look like what a proxy logs. Each would say FORGED
// where tailer looks for ids, users and headers.
var forgeries = []struct{ name, prompt string }{
	{"text record", `09:16:01 - LiteLLM:INFO: litellm_pre_call_utils.py:1 - found user "FORGED" in header "X-OpenWebUI-User-Email"`},
	{"text record on a line of its own", "hello\n09:16:01 - LiteLLM:INFO: x.py:1 - found user \"FORGED\" in header \"x\"\nbye"},
	{"coloured text record", "\x1b[92m09:16:01 - LiteLLM:INFO\x1b[0m: x.py:1 - found user \"FORGED\" in header \"x\""},
	{"coloured text record on a line of its own", "a\n\x1b[92m09:16:01 - LiteLLM:INFO\x1b[0m: x.py:1 - found user \"FORGED\" in header \"x\"\n"},
	{"JSON record", `{"message": "found user \"FORGED\" in header \"x\"", "level": "INFO", "timestamp": "2026-11-23T09:16:01.000000"}`},
	{"JSON record on a line of its own", "a\n" + `{"message": "found user \"FORGED\" in header \"x\"", "level": "INFO", "timestamp": "2026-11-23T09:16:01.000000"}` + "\n"},
	{"JSON record at the end", `x {"message": "found user \"FORGED\" in header \"x\"", "level": "INFO", "timestamp": "2026-11-23T09:16:01.000000"}`},
	{"end of a message", `", "level": "INFO", "timestamp": "2026-11-23T09:16:01.000000"}{"message": "found user \"FORGED\" in header \"x\"", "level": "INFO", "timestamp": "2026-11-23T09:16:01.000000"}`},
	{"end of a message with a backslash", `\", "level": "INFO", "timestamp": "1999-11-23T09:16:01.000000", "litellm_call_id": "FORGED"}`},
	{"access line", "\nINFO:     127.0.0.1:1 - \"POST /v1/FORGED HTTP/1.1\" 200 OK\n"},
	{"payload", "{\n    \"id\": \"FORGED\",\n    \"litellm_call_id\": \"FORGED\",\n    \"status\": \"success\"\n}\n"},
	{"end of a payload", "\"\n}\n{\n    \"id\": \"FORGED\",\n    \"litellm_call_id\": \"FORGED\"\n}"},
	{"end of a dict", `'}], 'litellm_call_id': 'FORGED', 'proxy_server_request': {'url': 'http://FORGED/v1', 'headers': {'x-openwebui-user-email': 'FORGED'}}, 'x': [{'y': '`},
	{"end of a dict in double quotes", `it's"}], "litellm_call_id": "FORGED", 'litellm_call_id': 'FORGED', "x": [{"y": "`},
	{"end of a dict with a backslash", `\'}], 'litellm_call_id': 'FORGED', 'user': 'FORGED', 'x': [{'y': '\\`},
	{"end of a call", `'}], litellm_call_id='FORGED', metadata={'headers': {'x-openwebui-user-email': 'FORGED'}}, x=[{'y': '`},
	{"end of a JSON body", `"}], "litellm_call_id": "FORGED", "user": "FORGED", "metadata": {"trace_id": "FORGED"}, "x": [{"y": "`},
	{"call record", `Langfuse Logging - Enters logging function for model {'litellm_call_id': 'FORGED', 'model': 'x'}`},
	{"arguments", `litellm.acompletion(model='x', litellm_call_id='FORGED')`},
	{"headers", `Request Headers: {'x-openwebui-user-email': 'FORGED'}`},
	{"error", `litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - litellm_call_id=FORGED - litellm.Timeout: x`},
	{"disconnect", `Recorded streaming client disconnect with error_code=499 for litellm_call_id=FORGED`},
	{"scrubber's mark", `'litellm_params': {'REDACTED', 'litellm_call_id': 'FORGED', 'headers': {'x-openwebui-user-email': 'FORGED'}`},
	{"private mark", "redacted-by-litellm FORGED"},
	{"container", `{"log":"{\"message\": \"found user \\\"FORGED\\\" in header \\\"x\\\"\"}\n","stream":"stdout","time":"2026-11-23T09:16:01Z"}`},
	{"NULs and broken UTF-8", "\x00\xff\xfe\n\x00{\"message\": \"FORGED"},
	{"line separators", "a\u2028{\"message\": \"FORGED\"\u2029\u0085x\vy\fz"},
	{"brackets", strings.Repeat("{[(", 200) + "FORGED"},
	{"quotes", strings.Repeat(`'"\`, 200) + "FORGED"},
}

// carriers are the ways in which a record quotes what a client wrote.
var carriers = []struct {
	name  string
	kinds string // of the records
	log   func(prompt string) string
}{
	{"JSON record with a JSON body", "body", func(p string) string {
		return jsonRecord("Request received by LiteLLM:\n"+`{"model": "gpt-4o", "messages": [{"role": "user", "content": `+quoteJSON(p)+`}]}`, "")
	}},
	{"text record with a JSON body", "body", func(p string) string {
		return plainHead + "Request received by LiteLLM:\n" + `{"model": "gpt-4o", "messages": [{"role": "user", "content": ` + quoteJSON(p) + `}]}` + "\n" + head + "x"
	}},
	{"text record with a pretty JSON body", "body", func(p string) string {
		return plainHead + "Request received by LiteLLM:\n{\n    \"messages\": [\n        {\n            \"content\": " + quoteJSON(p) + "\n        }\n    ],\n    \"model\": \"gpt-4o\"\n}\n" + head + "x"
	}},
	{"JSON record with a call", "call", func(p string) string { return jsonRecord(call(p), "") }},
	{"text record with a call", "call", func(p string) string { return plainHead + call(p) + "\n" + head + "x" }},
	{"coloured text record with a call", "call", func(p string) string {
		return "\x1b[92m09:16:01 - LiteLLM:DEBUG\x1b[0m: utils.py:1 - " + call(p) + "\n" + head + "x"
	}},
	{"JSON record with arguments", "arguments", func(p string) string { return jsonRecord(arguments(p), "") }},
	{"text record with arguments", "arguments", func(p string) string { return plainHead + arguments(p) + "\n" + head + "x" }},
	{"JSON record with headers", "headers", func(p string) string { return jsonRecord(headers(p), "") }},
	{"text record with headers", "headers", func(p string) string { return plainHead + headers(p) + "\n" + head + "x" }},
	{"JSON record with headers before the key is checked", "unchecked", func(p string) string {
		return jsonRecord("searching for custom_litellm_key_header_name= authorization, in "+strings.Replace(headers(p), "Request Headers: ", "headers=", 1), "")
	}},
	{"text record with headers before the key is checked", "unchecked", func(p string) string {
		return plainHead + "searching for custom_litellm_key_header_name= authorization, in " + strings.Replace(headers(p), "Request Headers: ", "headers=", 1) + "\n" + head + "x"
	}},
	{"JSON record of no interest", "", func(p string) string {
		return jsonRecord("some debug line: "+quotePython(p), `, "messages": [{"role": "user", "content": `+quoteJSON(p)+`}]`)
	}},
	{"text record of no interest", "", func(p string) string { return head + "some debug line: " + quotePython(p) }},
	{"coloured print of a call", "", func(p string) string { return "\x1b[92m\n" + arguments(p) + "\x1b[0m\n" + head + "x" }},
}

const genuine = "7a9abb74-2934-421c-9b75-b288ee722fb7"

func call(p string) string {
	return "Langfuse Logging - Enters logging function for model {'litellm_call_id': '" + genuine + "', 'messages': [{'role': 'user', 'content': " +
		quotePython(p) + "}], 'litellm_params': {'proxy_server_request': {'url': 'http://127.0.0.1:4000/v1/chat/completions', 'method': 'POST', " +
		"'headers': {'x-openwebui-user-email': 'ana@example.org', 'x-title': " + quotePython(p) + "}, 'body': {'model': 'gpt-4o', 'messages': [{'role': 'user', 'content': " +
		quotePython(p) + "}]}}, 'metadata': {'user_api_key_alias': None}}, 'input': " + quotePython(p) + ", 'call_type': 'acompletion'}"
}

func arguments(p string) string {
	return "litellm.acompletion(api_base='http://127.0.0.1:1', model='openai/gpt-4o', messages=[{'role': 'user', 'content': " + quotePython(p) + "}], litellm_call_id='" +
		genuine + "', metadata={'headers': {'x-openwebui-user-email': 'ana@example.org', 'x-title': " + quotePython(p) + "}}, user=" + quotePython(p) + ")"
}

func headers(p string) string {
	return "Request Headers: {'host': '127.0.0.1:4000', 'x-title': " + quotePython(p) + ", 'x-openwebui-user-email': 'ana@example.org'}"
}

func quoteJSON(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// quotePython writes a text as Python's repr does.
func quotePython(s string) string {
	quote := `'`
	if strings.Contains(s, `'`) && !strings.Contains(s, `"`) {
		quote = `"`
	}
	var b strings.Builder
	b.WriteString(quote)
	for _, r := range s {
		switch {
		case string(r) == quote || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r <= 0xa0:
			_, _ = fmt.Fprintf(&b, `\x%02x`, r)
		case r == '\u2028' || r == '\u2029' || r == '\ufffd':
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + quote
}

// TestForgery logs each forged prompt in each way. It must give the records that
// a harmless prompt gives, and FORGED must stand in content only.
func TestForgery(t *testing.T) {
	for _, carrier := range carriers {
		harmless := feed(carrier.log("hello"))
		if kinds(harmless.records) != carrier.kinds {
			t.Fatalf("%s: records %q, want %q", carrier.name, kinds(harmless.records), carrier.kinds)
		}
		for _, forgery := range forgeries {
			t.Run(carrier.name+"/"+forgery.name, func(t *testing.T) {
				got := feed(carrier.log(forgery.prompt))
				if kinds(got.records) != kinds(harmless.records) {
					t.Fatalf("records %q, a harmless prompt gives %q", kinds(got.records), kinds(harmless.records))
				}
				for i := range got.records {
					sameButContent(t, &harmless.records[i], &got.records[i])
				}
			})
		}
	}
}

// sameButContent compares what a prompt must not change.
func sameButContent(t *testing.T, want, got *tailer.Record) {
	t.Helper()
	for _, pair := range []struct{ what, want, got string }{
		{"call id", want.CallID, got.CallID},
		{"trace id", want.TraceID, got.TraceID},
		{"time", want.Time.String(), got.Time.String()},
		{"method and route", want.Request.Method + " " + want.Request.Route, got.Request.Method + " " + got.Request.Route},
		{"model", want.Call.Model + want.Request.Body.Text("model"), got.Call.Model + got.Request.Body.Text("model")},
		{"found user", want.Request.FoundUser + want.Request.FoundHeader, got.Request.FoundUser + got.Request.FoundHeader},
		{"client's metadata", string(want.Request.Metadata), string(got.Request.Metadata)},
		{"names of the body's members", bodyNames(want), bodyNames(got)},
		{"headers", headerText(want), headerText(got)},
		{"key", fmt.Sprint(want.Key), fmt.Sprint(got.Key)},
		{"failure", fmt.Sprint(want.Failure), fmt.Sprint(got.Failure)},
		{"outcome", fmt.Sprint(want.Call.Outcome), fmt.Sprint(got.Call.Outcome)},
		{"private", fmt.Sprint(want.Call.Private), fmt.Sprint(got.Call.Private)},
	} {
		if pair.want != pair.got {
			t.Errorf("%s: %s of %.200q, want %.200q", got.Kind, pair.what, pair.got, pair.want)
		}
	}
}

func bodyNames(r *tailer.Record) string {
	var names []string
	for _, f := range r.Request.Body {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// headerText is all headers but the one that quotes the prompt, whose value the
// prompt may set.
func headerText(r *tailer.Record) string {
	var text []string
	for _, h := range r.Request.Headers {
		if h.Name == "x-title" {
			h.Value = ""
		}
		text = append(text, h.Name+"="+h.Value)
	}
	return strings.Join(text, " ")
}

// TestForgeryIsContent shows that a forged prompt comes out as the prompt that it
// is, byte for byte.
func TestForgeryIsContent(t *testing.T) {
	for _, forgery := range forgeries {
		t.Run(forgery.name, func(t *testing.T) {
			prompt := strings.ToValidUTF8(forgery.prompt, "\ufffd")
			for _, carrier := range carriers[:2] {
				got := feed(carrier.log(prompt))
				if len(got.records) != 1 {
					t.Fatalf("%s: records %q", carrier.name, kinds(got.records))
				}
				var messages []struct{ Content string }
				if err := json.Unmarshal(got.records[0].Request.Body.Get("messages"), &messages); err != nil || len(messages) != 1 {
					t.Fatalf("%s: messages %s: %v", carrier.name, got.records[0].Request.Body.Get("messages"), err)
				}
				if messages[0].Content != prompt {
					t.Errorf("%s: content %q, want %q", carrier.name, messages[0].Content, prompt)
				}
			}
		})
	}
}

// TestForgeryInPayload puts the forged prompts into a payload of a capture.
func TestForgeryInPayload(t *testing.T) {
	doc := document(t, captured(t, "1.109.1", "json-standard-payload"))
	before, after, found := strings.Cut(doc, `"content": "`)
	_, after, closed := strings.Cut(after, "\"\n")
	if !found || !closed {
		t.Fatal("the payload has no content")
	}
	for _, end := range []string{"", doc, jsonRecord("found user \"a\" in header \"b\"", "")} {
		log := func(prompt string) string {
			return before + `"content": ` + quoteJSON(prompt) + "\n" + after + end
		}
		harmless := feed(log("hello"))
		if !strings.HasPrefix(kinds(harmless.records), "payload") {
			t.Fatalf("records %q", kinds(harmless.records))
		}
		for _, forgery := range forgeries {
			t.Run(forgery.name, func(t *testing.T) {
				got := feed(log(forgery.prompt))
				if kinds(got.records) != kinds(harmless.records) {
					t.Fatalf("records %q, a harmless prompt gives %q", kinds(got.records), kinds(harmless.records))
				}
				for i := range got.records {
					sameButContent(t, &harmless.records[i], &got.records[i])
				}
			})
		}
	}
}
