package enrich

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailer"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	key := "sk-" + mix36
	for _, row := range []struct {
		name    string
		cfg     Config
		headers []tailer.Header
		meta    string
		want    string // seed|name|tags|environment|trace metadata|rest
	}{
		{name: "nothing", want: "||[]||[]|"},
		{
			name: "headers in any spelling", cfg: Config{Environment: "prod"},
			headers: headersOf("langfuse-trace-id: my-trace", "x-langfuse-trace-name: from headers", "X-LANGFUSE_TAGS: b, a,,b ,", "x-litellm-tags: c",
				"langfuse_environment: Staging EU", `langfuse_trace_metadata: {"from":"header","n":1.50,"deep":{"a": [1, 2]},"no":null,"empty":" ","ok":true}`),
			want: `my-trace|from headers|[a b c]|staging-eu|[{from header} {n 1.50} {deep {"a":[1,2]}} {ok true}]|`,
		},
		{
			name: "body", meta: `{"trace_id":"t","existing_trace_id":"e","session_id":"s","trace_user_id":"u","trace_name":"n","tags":["z","y",7,null,"z"],` +
				`"trace_metadata":{"k":"v"},"generation_name":"g", "custom": {"k" : "v"}}`,
			want: `t|n|[7 y z]||[{k v}]|{"generation_name":"g","custom":{"k" : "v"}}`,
		},
		{name: "existing trace", meta: `{"trace_id":" ","existing_trace_id":"e"}`, want: "e||[]||[]|"},
		{
			name: "header before body", headers: headersOf("langfuse_trace_id: h", "langfuse_trace_name: hn", `langfuse_trace_metadata: {"k":"h"}`),
			meta: `{"trace_id":"b","trace_name":"bn","trace_metadata":{"k":"b","l":"b"}}`, want: "h|hn|[]||[{k h} {l b}]|",
		},
		{name: "environment configured", cfg: Config{Environment: "prod-1"}, headers: headersOf("langfuse_environment: langfuse-x"), want: "||[]|prod-1|[]|"},
		{name: "environment too long", headers: headersOf("langfuse_environment: " + strings.Repeat("a", 50)), want: "||[]|" + strings.Repeat("a", 40) + "|[]|"},
		{
			name: "tailer's own keys stay tailer's", cfg: Config{ProfileHeaders: []string{"X-Person"}},
			meta: `{"trace_metadata":{"X-OpenWebUI-User-Name":"x","request_headers":"x","Request_Metadata":"x","tailer.version":"x","x-person":"x","mine":"y"}}`,
			want: "||[]||[{mine y}]|",
		},
		{
			name: "secrets", headers: headersOf("langfuse_trace_name: n "+key, "langfuse_tags: t,"+key, `langfuse_trace_metadata: {"a":"`+key+`","password":"p","d":{"x":"`+key+`"}}`),
			meta: `{"note":"` + key + `","api_key":"hunter2"}`,
			want: `|n [redacted]|[[redacted] t]||[{a [redacted]} {password [redacted]} {d {"x":"[redacted]"}}]|{"note":"[redacted]","api_key":"[redacted]"}`,
		},
		{name: "tags as a list in text", meta: `{"tags":"b,a"}`, want: "||[a b]||[]|"},
		{name: "trace metadata that is none", headers: headersOf("langfuse_trace_metadata: from=header"), meta: `{"trace_metadata":["a"]}`, want: "||[]||[]|"},
		{name: "trace metadata as text", meta: `{"trace_metadata":"{\"a\":1}"}`, want: "||[]||[{a 1}]|"},
		{name: "user_id goes where it named the user", meta: `{"user_id":"eva","x":1}`, want: `||[]||[]|{"x":1}`},
		{name: "user_id stays where another did", headers: headersOf("x-litellm-customer-id: bob"), meta: `{"user_id":"eva"}`, want: `||[]||[]|{"user_id":"eva"}`},
		{name: "metadata that is none", meta: `"text"`, want: "||[]||[]|"},
	} {
		t.Run(row.name, func(t *testing.T) {
			x := tailer.Exchange{Request: tailer.Request{Headers: row.headers, Metadata: json.RawMessage(row.meta)}}
			mustNew(t, row.cfg).Enrich(&x)
			a := x.Attribution
			got := fmt.Sprintf("%s|%s|%v|%s|%v|%s", a.TraceSeed, a.TraceName, a.Tags, a.Environment, a.TraceMetadata, a.Metadata)
			if got != row.want {
				t.Errorf("\n got %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestSecretTraceSeed(t *testing.T) {
	t.Parallel()
	x := tailer.Exchange{Request: tailer.Request{Headers: headersOf("langfuse_trace_id: sk-made-up-0123456789")}}
	mustNew(t, Config{}).Enrich(&x)
	// The first 16 bytes of sha256("sk-made-up-0123456789"): the id that the text itself gives.
	if got := x.Attribution.TraceSeed; got != "ff48571bac4ed5c4046c8270df275574" {
		t.Errorf("seed %q", got)
	}
}

func TestLongNamesAndTags(t *testing.T) {
	t.Parallel()
	x := tailer.Exchange{Request: tailer.Request{Headers: headersOf("langfuse_trace_name: "+strings.Repeat("ä", 1200), "langfuse_tags: "+strings.Repeat("t", 300)+strings.Repeat(",x1,x2", 200))}}
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, `,"k%d":"v"`, i)
	}
	x.Request.Metadata = json.RawMessage(`{"trace_metadata":{` + many.String()[1:] + `}}`)
	e := mustNew(t, Config{})
	e.Enrich(&x)
	a := x.Attribution
	if n := len([]rune(a.TraceName)); n != 1000 {
		t.Errorf("name of %d characters", n)
	}
	if len(a.Tags) != 3 || len(a.Tags[0]) != 200 || e.Counts().Shortened != 1 {
		t.Errorf("tags %q, %d shortened", a.Tags, e.Counts().Shortened)
	}
	if len(a.TraceMetadata) != maxPairs {
		t.Errorf("%d pairs", len(a.TraceMetadata))
	}
}

func TestTask(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, header, body, want string
	}{
		{"title", "", `{"messages":[{"role":"user","content":"### Task:\nGenerate a concise, 3-5 word title with an emoji"}]}`, "title_generation"},
		{"title, 2026", "", `{"messages":[{"role":"user","content":"### Task:\nGenerate a concise title"}]}`, "title_generation"},
		{"tags", "", `{"messages":[{"role":"user","content":"### Task:\r\nGenerate 1-3 broad tags categorizing"}]}`, "tags_generation"},
		{"follow-up", "", `{"messages":[{"role":"user","content":"### Task:\nSuggest 3-5 relevant follow-up questions"}]}`, "follow_up_generation"},
		{"follow-up, 2026", "", `{"messages":[{"role":"user","content":"### Task: Predict 3-5 useful messages"}]}`, "follow_up_generation"},
		{"query", "", `{"messages":[{"role":"user","content":"### Task:\nAnalyze the chat history to determine the necessity of generating search queries, in"}]}`, "query_generation"},
		{"autocomplete", "", `{"messages":[{"role":"user","content":"### Task:\nYou are an autocompletion system. Continue"}]}`, "autocomplete_generation"},
		{"image prompt", "", `{"messages":[{"role":"user","content":"### Task:\nGenerate a detailed prompt for am image generation task"}]}`, "image_prompt_generation"},
		{"emoji", "", `{"messages":[{"role":"user","content":"Your task is to reflect the speaker's likely facial expression through a fitting emoji."}]}`, "emoji_generation"},
		{"moa", "", `{"messages":[{"role":"user","content":"You have been provided with a set of responses from various models to the latest user query: x"}]}`, "moa_response_generation"},
		{"compaction", "", `{"messages":[{"role":"user","content":"### Task:\nSummarize the conversation history that will be compacted out of the active chat context.\n\n### Instr"}]}`, "context_compaction"},
		{"memory", "", `{"messages":[{"role":"system","content":"You are"},{"role":"user","content":"Review the completed conversation turn and decide whether long-term memory should change.\n\nMemory"}]}`, "memory_review"},
		{"tools", "", `{"messages":[{"role":"system","content":"Available Tools: [{\"name\": \"x\"}]\n\nYour task is to choose and return the correct tool(s) from the list of available tools based on the query. Follow"},{"role":"user","content":"Query: hi"}]}`, "function_calling"},
		{"tools, later in a chat", "", `{"messages":[{"role":"system","content":"Be a pirate.\nAvailable Tools: []\n\nYour task is to choose and return the correct tool(s) from the list of available tools based on the query. Follow"},{"role":"user","content":"History:\nUSER: \"\"\"a\"\"\"\nQuery: hi"}]}`, "function_calling"},
		{"a query of a person", "", `{"messages":[{"role":"system","content":"Available Tools: []"},{"role":"user","content":"Query: hi"}]}`, ""},
		{"a person who quotes it", "", `{"messages":[{"role":"user","content":"Query: Your task is to choose and return the correct tool(s) from the list of available tools based on the query."}]}`, ""},
		{"a turn in such a chat", "", `{"messages":[{"role":"system","content":"Your task is to choose and return the correct tool(s) from the list of available tools based on the query."},{"role":"user","content":"hi"}]}`, ""},
		{"documents are a chat", "", `{"messages":[{"role":"user","content":"### Task:\nRespond to the user query using the provided context"}]}`, ""},
		{"another task", "", `{"messages":[{"role":"user","content":"### Task:\nWrite a poem"}]}`, ""},
		{"not at the beginning", "", `{"messages":[{"role":"user","content":"Explain: ### Task:\nGenerate a concise title"}]}`, ""},
		{"parts", "", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}},{"type":"text","text":"### Task:\nGenerate a concise"}]}]}`, "title_generation"},
		{"last user message counts", "", `{"messages":[{"role":"user","content":"### Task:\nGenerate a concise"},{"role":"assistant","content":"x"},{"role":"user","content":"hi"}]}`, ""},
		{"later answers do not", "", `{"messages":[{"content":"### Task:\nGenerate a concise","role":"user"},{"role":"assistant","content":"{"}]}`, "title_generation"},
		{"system only", "", `{"messages":[{"role":"system","content":"### Task:\nGenerate a concise"}]}`, ""},
		{"responses", "", `{"input":[{"role":"user","content":[{"type":"input_text","text":"### Task:\nGenerate a concise"}]}]}`, "title_generation"},
		{"responses, text", "", `{"input":"### Task:\nGenerate a concise"}`, "title_generation"},
		{"completion", "", `{"prompt":"### Task:\nYou are an autocompletion system"}`, "autocomplete_generation"},
		{"long prompt", "", `{"prompt":"### Task:\nGenerate a concise ` + strings.Repeat(`\n`, 5000) + `"}`, "title_generation"},
		{"header wins", "Follow-Up Generation", `{"prompt":"### Task:\nYou are an autocompletion system"}`, "follow_up_generation"},
		{"header is a placeholder", "{{TASK}}", `{"prompt":"### Task:\nYou are an autocompletion system"}`, "autocomplete_generation"},
		{"header is blank", " ", `{}`, ""},
		{"header is hostile", strings.Repeat("é!x", 100), `{}`, "x" + strings.Repeat("__x", 21)},
		{"no text", "", `{"messages":[{"role":"user","content":null},{"role":"user"}],"input":[1,"a"]}`, ""},
		{"embedding", "", `{"input":["### Task:\nGenerate a concise"]}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			x := tailer.Exchange{Request: tailer.Request{Body: bodyOf(row.body)}}
			if row.header != "" {
				x.Request.Headers = headersOf("x-owui_task: " + row.header)
			}
			e := mustNew(t, Config{TaskHeader: "X-OWUI-Task"})
			e.Enrich(&x)
			if got := x.Attribution.Task; got != row.want {
				t.Errorf("task %q, want %q", got, row.want)
			}
			if row.want != "" && (len(x.Attribution.Tags) != 1 || x.Attribution.Tags[0] != "task:"+row.want) {
				t.Errorf("tags %q", x.Attribution.Tags)
			}
			for name := range e.Counts().Tasks {
				if name != "other" && !knownTasks[name] {
					t.Errorf("counted by a client's own word %q", name)
				}
			}
		})
	}
}
