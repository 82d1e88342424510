package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

// head is that of a text record of no interest; every record of these tests that
// has to be closed is followed by one.
const head = "09:16:02 - LiteLLM Proxy:DEBUG: proxy_server.py:1 - "

const plainHead = "09:16:01 - LiteLLM Proxy:DEBUG: common_request_processing.py:1 - "

// TestContinuedRecords reads text records of several lines. A record ends where
// another one begins, and nowhere else.
func TestContinuedRecords(t *testing.T) {
	const pretty = "Request received by LiteLLM:\n{\n    \"model\": \"gpt-4o\",\n    \"messages\": [\n        {\n            \"role\": \"user\",\n            \"content\": \"hello\"\n        }\n    ]\n}"
	const oneLine = `Request received by LiteLLM:` + "\n" + `{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}`
	for _, test := range []struct{ name, text, kinds, model string }{
		{"body on one line (1.84 and later)", plainHead + oneLine, "body", "gpt-4o"},
		{"body in many lines (up to 1.80)", plainHead + pretty, "body", "gpt-4o"},
		{"followed by a record", plainHead + pretty + "\n" + head + "x", "body", "gpt-4o"},
		{"followed by one of interest", plainHead + pretty + "\n" + head + found("a"), "body found-user", "gpt-4o"},
		{"followed by an access line", plainHead + oneLine + "\n" + `INFO:     127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK`, "body access", "gpt-4o"},
		{"followed by a GET", plainHead + oneLine + "\n" + `INFO:     127.0.0.1:1 - "GET /health HTTP/1.1" 200 OK` + "\n" + head + "x", "body", "gpt-4o"},
		{"followed by a JSON record", plainHead + pretty + "\n" + jsonRecord(found("a"), ""), "body found-user", "gpt-4o"},
		{"without a body", plainHead + "Request received by LiteLLM:\n" + head + "x", "body", ""},
		{"body too large to log (1.84 and later)", plainHead + "Request received by LiteLLM: payload too large to log (301199 bytes, limit 102400). Keys: ['model', 'messages']\n" + head + "x", "body", ""},
		{"body cut off", plainHead + oneLine[:60] + "\n" + head + "x", "body", ""},
		{"another record's lines", head + "x\n" + `{"model": "gpt-4o"}` + "\n" + head + "y", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.text)
			if kinds(got.records) != test.kinds {
				t.Fatalf("records %q, want %q", kinds(got.records), test.kinds)
			}
			if test.model != "" && got.records[0].Request.Body.Text("model") != test.model {
				t.Errorf("body %s", got.records[0].Request.Body.JSON())
			}
		})
	}
}

// TestPositions covers a record's lines from the first byte to the last newline.
func TestPositions(t *testing.T) {
	const body = "Request received by LiteLLM:\n{\"model\": \"gpt-4o\"}\n"
	text := "noise\n" + plainHead + body + head + "x\n"
	got := feed(text)
	if kinds(got.records) != "body" {
		t.Fatalf("records %q", kinds(got.records))
	}
	pos := got.records[0].Pos
	if text[pos.Offset:pos.End] != plainHead+body || pos.Source != "test" {
		t.Errorf("position %+v: %q", pos, text[pos.Offset:pos.End])
	}
}

// TestRecordWaitsForTheNext hands a text record out when its end is known, or on
// Flush, and never twice.
func TestRecordWaitsForTheNext(t *testing.T) {
	p := newParser()
	line := func(s string) string { return kinds(p.Feed(&tailer.Line{Bytes: []byte(s)})) }
	if got := line(head + found("a")); got != "" {
		t.Fatalf("before its end is known: %q", got)
	}
	if got := line(head + "x"); got != "found-user" {
		t.Fatalf("when the next one begins: %q", got)
	}
	if got := line(head + found("b")); got != "" {
		t.Fatalf("the second: %q", got)
	}
	if got := kinds(p.Flush()); got != "found-user" {
		t.Fatalf("on flush: %q", got)
	}
	if got := kinds(p.Flush()); got != "" {
		t.Fatalf("on another flush: %q", got)
	}
	if got := line("late line\n"); got != "" {
		t.Fatalf("a late line: %q", got)
	}
}

// TestRecordsOwnTheirBytes changes a line after it was fed, as a source does.
func TestRecordsOwnTheirBytes(t *testing.T) {
	p := newParser()
	line := []byte(jsonRecord("Request received by LiteLLM:\n{\"model\": \"gpt-4o\", \"user\": \"ana\"}", ""))
	records := p.Feed(&tailer.Line{Bytes: line})
	if len(records) != 1 {
		t.Fatal("no record")
	}
	kept := records[0]
	for i := range line {
		line[i] = 'x'
	}
	p.Feed(&tailer.Line{Bytes: []byte(jsonRecord("Request received by LiteLLM:\n{\"model\": \"other-model\"}", ""))})
	if body := string(kept.Request.Body.JSON()); body != `{"model":"gpt-4o","user":"ana"}` {
		t.Errorf("body %s", body)
	}
	if !strings.Contains(string(kept.Raw), "gpt-4o") {
		t.Errorf("raw %q", kept.Raw)
	}
}

func TestFailures(t *testing.T) {
	const mark = "litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - "
	for _, test := range []struct {
		name, message string
		kind          tailer.Kind
		callID, class string
		status        int
		text          string
		ignored       bool
	}{
		{
			name: "class (up to 1.98)", message: mark + "litellm.RateLimitError: RateLimitError: OpenAIException - slow down",
			kind: tailer.KindFailure, class: "RateLimitError", status: 429, text: "litellm.RateLimitError: RateLimitError: OpenAIException - slow down",
		},
		{
			name: "call id (1.109)", message: mark + "litellm_call_id=7a9abb74-2934-421c-9b75-b288ee722fb7 - litellm.Timeout: too long",
			kind: tailer.KindFailure, callID: "7a9abb74-2934-421c-9b75-b288ee722fb7", class: "Timeout", status: 408, text: "litellm.Timeout: too long",
		},
		{
			name: "status and dict", message: mark + "400: {'error': 'no such model'}",
			kind: tailer.KindFailure, status: 400, text: "400: {'error': 'no such model'}",
		},
		{name: "no class", message: mark + "something broke", kind: tailer.KindFailure, text: "something broke"},
		{name: "no status", message: mark + "999: x", kind: tailer.KindFailure, text: "999: x"},
		{
			name: "several lines", message: mark + "litellm.BadRequestError: first\nsecond\nthird",
			kind: tailer.KindFailure, class: "BadRequestError", status: 400, text: "litellm.BadRequestError: first\nsecond\nthird",
		},
		{
			name: "stack", message: mark + "litellm.BadRequestError: first\nTraceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'secret'",
			kind: tailer.KindFailure, class: "BadRequestError", status: 400, text: "litellm.BadRequestError: first",
		},
		{
			name: "key refused", message: "litellm.proxy.proxy_server.user_api_key_auth(): Exception occured - No connected db.\nRequester IP Address:127.0.0.1",
			kind: tailer.KindRefused, text: "No connected db.",
		},
		{
			name: "inside a stream", message: "litellm.proxy.proxy_server.async_data_generator(): Exception occured - litellm.InternalServerError: x",
			kind: tailer.KindStreamFailure, class: "InternalServerError", status: 500, text: "litellm.InternalServerError: x",
		},
		{name: "of a route (1.61)", message: "litellm.proxy.proxy_server.embeddings(): Exception occured - x", kind: tailer.KindFailure, text: "x"},
		{name: "of background work", message: "litellm.proxy.proxy_server.update_spend(): Exception occured - x", ignored: true},
		{name: "another sentence", message: "litellm.proxy.proxy_server._handle_llm_api_exception(): all is well", ignored: true},
		{name: "mark far away", message: "litellm.proxy.proxy_server.x" + strings.Repeat("y", 200) + "(): Exception occured - x", ignored: true},
		{
			name: "call id with a blank", message: mark + "litellm_call_id=a b - litellm.Timeout: x",
			kind: tailer.KindFailure, text: "litellm_call_id=a b - litellm.Timeout: x",
		},
		{name: "class with a blank", message: mark + "litellm.Rate Limit: x", kind: tailer.KindFailure, text: "litellm.Rate Limit: x"},
	} {
		for _, form := range []struct{ name, text string }{
			{"JSON", jsonRecord(test.message, "")},
			{"text", "09:16:01 - LiteLLM Proxy:ERROR: common_request_processing.py:1 - " + test.message + "\n" + head + "x"},
		} {
			t.Run(test.name+"/"+form.name, func(t *testing.T) {
				got := feed(form.text)
				if test.ignored {
					if len(got.records) != 0 {
						t.Errorf("records %q", kinds(got.records))
					}
					return
				}
				if len(got.records) != 1 {
					t.Fatalf("records %q", kinds(got.records))
				}
				r := got.records[0]
				if r.Kind != test.kind || r.CallID != test.callID {
					t.Errorf("%s with call id %q, want %s with %q", r.Kind, r.CallID, test.kind, test.callID)
				}
				if f := r.Failure; f.Class != test.class || f.Status != test.status || f.Message != test.text {
					t.Errorf("failure %+v", f)
				}
			})
		}
	}
}

func TestAccessLines(t *testing.T) {
	for _, test := range []struct {
		name, line  string
		route       string // "": no record
		status      int
		jsonMessage bool // the line stands in a JSON record (1.84 and later)
	}{
		{"POST", `INFO:     127.0.0.1:37866 - "POST /v1/chat/completions HTTP/1.1" 200 OK`, "/v1/chat/completions", 200, false},
		{"refused", `INFO:     10.0.0.7:1 - "POST /chat/completions HTTP/1.1" 401 Unauthorized`, "/chat/completions", 401, false},
		{"query", `INFO:     10.0.0.7:1 - "POST /v1/messages?beta=true HTTP/1.1" 200 OK`, "/v1/messages?beta=true", 200, false},
		{"IPv6", `INFO:     ::1:37866 - "POST /v1/rerank HTTP/1.1" 200 OK`, "/v1/rerank", 200, false},
		{"HTTP/2", `INFO:     127.0.0.1:1 - "POST /v1/rerank HTTP/2" 200 OK`, "/v1/rerank", 200, false},
		{"JSON", `127.0.0.1:37122 - "POST /v1/chat/completions HTTP/1.1" 200`, "/v1/chat/completions", 200, true},
		{"GET", `INFO:     127.0.0.1:37866 - "GET /v1/models HTTP/1.1" 200 OK`, "", 0, false},
		{"GET in JSON", `127.0.0.1:37866 - "GET /v1/models HTTP/1.1" 200`, "", 0, true},
		{"status 99", `INFO:     127.0.0.1:1 - "POST /v1/rerank HTTP/1.1" 99`, "", 0, false},
		{"status 700", `INFO:     127.0.0.1:1 - "POST /v1/rerank HTTP/1.1" 700`, "", 0, false},
		{"no status", `INFO:     127.0.0.1:1 - "POST /v1/rerank HTTP/1.1"`, "", 0, false},
		{"no protocol", `INFO:     127.0.0.1:1 - "POST /v1/rerank" 200 OK`, "", 0, false},
		{"another logger", `WARNING:  127.0.0.1:1 - "POST /v1/rerank HTTP/1.1" 200 OK`, "", 0, false},
		{"blank in the address", `INFO:     my host - "POST /v1/rerank HTTP/1.1" 200 OK`, "", 0, false},
		{"start-up", `INFO:     Uvicorn running on http://127.0.0.1:4000 (Press CTRL+C to quit)`, "", 0, false},
		{"quoted in a sentence", `He wrote INFO:     127.0.0.1:1 - "POST /v1/rerank HTTP/1.1" 200 OK`, "", 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := test.line
			if test.jsonMessage {
				line = jsonRecord(line, `, "component": "uvicorn.access"`)
			}
			got := feed(line)
			if test.route == "" {
				if len(got.records) != 0 {
					t.Errorf("records %q", kinds(got.records))
				}
				return
			}
			if kinds(got.records) != "access" {
				t.Fatalf("records %q", kinds(got.records))
			}
			r := got.records[0]
			if r.Request.Method != "POST" || r.Request.Route != test.route || r.Status != test.status {
				t.Errorf("%s %s %d", r.Request.Method, r.Request.Route, r.Status)
			}
			if r.Unstamped == test.jsonMessage {
				t.Errorf("unstamped: %v", r.Unstamped)
			}
		})
	}
}

// TestColourOfALog takes only heads that are coloured as the log's own, until so
// many of the other kind have come that another version must be writing.
func TestColourOfALog(t *testing.T) {
	plain := `09:16:01 - LiteLLM:INFO: x.py:1 - found user "a" in header "x"`
	coloured := "\x1b[92m09:16:01 - LiteLLM:INFO\x1b[0m: x.py:1 - found user \"b\" in header \"x\""
	for _, test := range []struct{ own, other string }{{plain, coloured}, {coloured, plain}} {
		p := newParser()
		found := 0
		feed := func(line string) {
			for _, r := range p.Feed(&tailer.Line{Bytes: []byte(line)}) {
				if r.Kind == tailer.KindFoundUser {
					found++
				}
			}
		}
		for range 5 {
			feed(test.own)
			for range 50 {
				feed(test.other)
			}
		}
		feed(test.own)
		if found != 5 {
			t.Errorf("%d records of %.20q, want 5", found, test.own)
		}
		for range 300 {
			feed(test.other)
		}
		if found < 100 {
			t.Errorf("only %d records after an upgrade", found)
		}
	}
}
