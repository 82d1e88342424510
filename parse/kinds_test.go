package parse

import (
	"encoding/json"
	"strconv"
	"testing"

	"tailer"
)

// feedMessage returns the one record of a message of the JSON formatter.
func feedMessage(t *testing.T, message string) (tailer.Record, bool) {
	t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	p := New(NewClock(ClockConfig{}))
	records := p.Feed(&tailer.Line{Bytes: []byte(`{"message": ` + string(text) + `, "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163"}`)})
	if len(records) == 0 {
		return tailer.Record{}, false
	}
	return records[0], true
}

// TestCallbackDumps: each callback that logs all of a call is one source of it.
func TestCallbackDumps(t *testing.T) {
	const kwargs = "{'litellm_call_id': 'call-1', 'model': 'gpt-4o', 'start_time': datetime.datetime(2026, 11, 23, 9, 13, 8, 1)}"
	for _, f := range forms {
		if f.decode != asKwargs {
			continue
		}
		message := f.prefix[:len(f.prefix)-1] + kwargs
		r, ok := feedMessage(t, message)
		if !ok || r.Kind != tailer.KindCall || r.CallID != "call-1" {
			t.Errorf("%.60q: %v %q", message, r.Kind, r.CallID)
		}
	}
}

// TestRecordsWithoutID reads the records that tell of answers without an id.
func TestRecordsWithoutID(t *testing.T) {
	for _, test := range []struct {
		name, message string
		kind          tailer.Kind
		want          string // response, hint or cost
	}{
		{"str of a model", "Async Response: id='r1' results=[{'index': 0, 'relevance_score': 0.9}] meta=None", tailer.KindAnswer,
			`{"id":"r1","results":[{"index":0,"relevance_score":0.9}]}`},
		{"text after a str of a model", "Async Response: id='r1' and more", tailer.KindAnswer, ""},
		{"a prompt counted", "messages in token_counter: [{'role': 'user', 'content': 'a'}], text in token_counter: None", tailer.KindCounted,
			`[{"role":"user","content":"a"}]`},
		{"a text counted", "messages in token_counter: None, text in token_counter: line\nNone", tailer.KindCounted, `"line\nNone"`},
		{"nothing counted", "messages in token_counter: None, text in token_counter: None", tailer.KindOther, ""},
		{"a prompt that imitates a text", "messages in token_counter: [{'content': 'None, text in token_counter: x'}], text in token_counter: None",
			tailer.KindCounted, `[{"content":"None, text in token_counter: x"}]`},
		{"a cost", "response_cost: 1.35e-05", tailer.KindCost, "1.35e-05"},
		{"a stream's cost", "Model=odd; cost=1; cost=2.5e-05", tailer.KindCost, "2.5e-05"},
		{"no cost", "Model=gpt-4o; cost=None", tailer.KindOther, ""},
		{"a routed request", "SESSION REUSE: Attached shared aiohttp session to request (ID: 1)", tailer.KindRouted, ""},
		{"the session at the start", "SESSION REUSE: Created shared aiohttp session for connection pooling", tailer.KindOther, ""},
		{"an attempt by its handler", "aresponses(model=openai/gpt-4o)\x1b[32m 200 OK\x1b[0m", tailer.KindAttempt, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, ok := feedMessage(t, test.message)
			if ok != (test.kind != tailer.KindOther) || r.Kind != test.kind {
				t.Fatalf("got %v %v", ok, r.Kind)
			}
			got := string(r.Call.Response) + string(r.Hint.Get("messages"))
			if r.Call.CostTotal != nil {
				got = strconv.FormatFloat(*r.Call.CostTotal, 'g', -1, 64)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestAbbreviatedArguments: since 1.104 an attempt's record holds no body and names
// its deployment only; the router has listed whose group it is in.
func TestAbbreviatedArguments(t *testing.T) {
	record := func(message string) *tailer.Line {
		text, _ := json.Marshal(message)
		return &tailer.Line{Bytes: []byte(`{"message": ` + string(text) + `, "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163"}`)}
	}
	p := New(NewClock(ClockConfig{}))
	p.Feed(record(`initial list of deployments: ({'model_name': 'pictures', 'model_info': {'id': 'd1'}}, {'model_name': 'any/*', 'model_info': {'id': 'd2'}})`))
	attempt := func(id string) tailer.Record {
		records := p.Feed(record(`litellm.aimage_generation(model='openai/dall-e-3', prompt='a cat', size='1x1', litellm_call_id='c` + id +
			`', proxy_server_request=<dict len=7>, metadata=<dict len=69>, model_info={'id': '` + id + `', 'db_model': False})`))
		if len(records) != 1 {
			t.Fatalf("%d records", len(records))
		}
		return records[0]
	}
	r := attempt("d1")
	if r.Call.ModelGroup != "pictures" || !r.Request.Rebuilt || string(r.Request.Body.JSON()) != `{"prompt":"a cat","size":"1x1"}` {
		t.Errorf("got %q, %s", r.Call.ModelGroup, r.Request.Body.JSON())
	}
	if r := attempt("d2"); r.Call.ModelGroup != "" {
		t.Errorf("a wildcard is no group: %q", r.Call.ModelGroup)
	}
}

// TestCached: where LiteLLM has a cache it states the headers of a call that begins.
func TestCached(t *testing.T) {
	r, ok := feedMessage(t, `should_use_cache: kwargs: {'cache_key': '94', 'REDACTED', 'model': 'openai/gpt-4o', 'messages': [{'role': 'user', 'content': 'hi'}], `+
		`'metadata': {'headers': {'host': 'x', 'x-openwebui-user-email': 'ana@example.org'}, 'used_client_oREDACTED, 'user_api_key_request_route': '/v1/chat/completions'}, `+
		`'litellm_call_id': '7a9abb74-2934-421c-9b75-b288ee722fb7'}`)
	if !ok || r.Kind != tailer.KindDetails || r.CallID != "7a9abb74-2934-421c-9b75-b288ee722fb7" || r.Function != tailer.FunctionCached || len(r.Request.Headers) != 2 {
		t.Errorf("read as %+v", r)
	}
}
