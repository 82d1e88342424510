package page

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship/otlp"
)

// Request is one request with all that is known of it.
type Request struct {
	Item
	Spans   *tracepb.ResourceSpans
	Zone    *time.Location
	HasAuth bool
}

// requestView is what the template of a request gets.
type requestView struct {
	*Request
	Facts      []Fact
	Messages   []Message
	Answers    []Message
	Other      string // an answer without words, as JSON
	Parameters []Fact
	Headers    []Fact
	Metadata   []Fact
	Attempts   []Attempt
	Attributes []Fact
	Wait, Work int // of the bar of time, in percent: until the first token, and from there
	Styles     []asset
	Scripts    []asset
	Page       string
}

// Fact is a name, a value and where the value came from.
type Fact struct{ Name, Value, From string }

// Message is one turn of a conversation.
type Message struct {
	Role, Text, Reasoning string
	Folded                string // shown when asked for: the list of tools
	Calls                 []Fact // of tools: name and arguments
}

// Class is the role if styles know it.
func (m Message) Class() string {
	if m.Role == "user" || m.Role == "assistant" {
		return m.Role
	}
	return "other"
}

// Attempt is one failed try.
type Attempt struct {
	Number, Model, Status, Words string
	Took                         float64
}

const (
	trace       = "langfuse.trace.metadata."
	observation = "langfuse.observation."
)

// WriteRequest writes the page of one request.
func WriteRequest(w io.Writer, r *Request) error {
	v := otlp.Values(otlp.Root(r.Spans))
	view := requestView{
		Request: r, Facts: facts(r, v), Styles: assets().own(), Scripts: assets().theme, Page: "requests",
		Messages: conversation(v[observation+"input"]), Parameters: members(v[observation+"model.parameters"], "body"),
	}
	view.Answers, view.Other = answers(v[observation+"output"])
	for _, name := range slices.Sorted(maps.Keys(v)) {
		view.Attributes = append(view.Attributes, Fact{name, v[name], ""})
		key, isMetadata := strings.CutPrefix(name, trace)
		switch {
		case !isMetadata || key == "request_headers" || key == "request_metadata":
		case strings.HasPrefix(strings.ToLower(key), "x-"):
			view.Headers = append(view.Headers, Fact{key, v[name], ""})
		default:
			view.Metadata = append(view.Metadata, Fact{key, v[name], ""})
		}
	}
	view.Headers = append(view.Headers, members(v[trace+"request_headers"], "")...)
	view.Metadata = append(view.Metadata, members(v[trace+"request_metadata"], "")...)
	view.Attempts = attempts(r.Spans)
	if whole := r.Took(); whole > 0 && !r.FirstToken.IsZero() {
		view.Wait = int(100 * min(max(r.FirstToken.Sub(r.Start).Seconds()/whole, 0), 1))
		view.Work = 100 - view.Wait
	}
	return write(w, "request.html", &view)
}

// facts are what a person asks first, each with its source.
func facts(r *Request, v map[string]string) []Fact {
	var all []Fact
	add := func(name, value, from string) {
		if value != "" {
			all = append(all, Fact{name, value, from})
		}
	}
	meta := func(key string) string { return v[observation+"metadata."+key] }
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(r.Zone).Format("2006-01-02 15:04:05.000 MST")
	}
	add("User", r.User, orElse(r.UserSource, "no source was usable"))
	add("Name", r.UserName, "header:x-openwebui-user-name")
	add("Role", r.Role, "header:x-openwebui-user-role")
	add("Groups", r.Groups, "header")
	add("Session", r.Session, r.SessionSource)
	add("Chat", r.Chat, "answer of the chat's title task, or header")
	add("Task", r.Task, "header, or the prompt's first words")
	add("Key", r.KeyAlias, "LiteLLM's key alias")
	add("Key hash", r.KeyHash, "LiteLLM's hash of the key")
	add("Team", r.Team, "LiteLLM's team alias")
	add("Asked for", meta("model_requested"), "body:model")
	add("Model", v[observation+"model.name"], "LiteLLM's record of the upstream call")
	add("Model group", meta("model_group"), "LiteLLM's record of the upstream call")
	add("Provider", r.Provider, "custom_llm_provider")
	add("Route", strings.TrimSpace(r.Method+" "+r.Route), "access line, or the request's record")
	if r.Status != 0 {
		add("Status", strconv.Itoa(r.Status), "access line, else the error")
	}
	add("Error", r.StatusMessage, "what the client was told")
	add("Missing", r.Incomplete, "not in the log, or not to be told apart")
	add("Start", at(r.Start), "LiteLLM's own time, else the first record's")
	add("First token", at(r.FirstToken), "payload, else the first piece of the stream")
	add("End", at(r.End), "the attempt's end, the access line or the last record")
	add("Finish reason", r.FinishReason, "answer")
	add("Usage", strings.Join(pairs(v[observation+"usage_details"]), ", "), "usage of the answer, as logged; parts do not overlap")
	add("Cost", strings.Join(pairs(v[observation+"cost_details"]), ", "), "LiteLLM's response_cost, USD")
	if r.CacheHit {
		add("Cache", "hit", "cache_hit")
	}
	add("Tags", v["langfuse.trace.tags"], "headers, body and task")
	add("Environment", v["langfuse.environment"], "header, or configuration")
	add("Call id", r.CallID, "litellm_call_id")
	add("Trace id", r.TraceID, "the client's, else made of the call id")
	add("LiteLLM", meta("litellm_version"), "payload")
	return all
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// pairs are the members of a flat JSON object as "name value".
func pairs(object string) []string {
	var all []string
	for _, f := range members(object, "") {
		all = append(all, f.Name+" "+f.Value)
	}
	return all
}

// members are those of a JSON object in their order, strings without quotes.
func members(object, from string) []Fact {
	d := json.NewDecoder(strings.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var all []Fact
	for d.More() {
		name, err := d.Token()
		key, isText := name.(string)
		if err != nil || !isText {
			return all
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return all
		}
		all = append(all, Fact{key, plain(value), from})
	}
	return all
}

// plain is a JSON value as text.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// conversation are the messages of an input attribute; prompts and other inputs
// become one.
func conversation(input string) []Message {
	var all []Message
	for _, f := range members(input, "") {
		switch f.Name {
		case "messages", "input":
			var list []otlp.Message
			if strings.HasPrefix(f.Value, "[{") && json.Unmarshal([]byte(f.Value), &list) == nil {
				for _, m := range list {
					all = append(all, turn(m))
				}
				continue
			}
			all = append(all, Message{Role: "user", Text: texts(f.Value)})
		case "system", "instructions":
			all = append([]Message{{Role: "system", Text: texts(f.Value)}}, all...)
		case "tools":
			all = append(all, Message{Role: "tools", Folded: indented(f.Value)})
		default:
			all = append(all, Message{Role: f.Name, Text: texts(f.Value)})
		}
	}
	return all
}

// texts is what a content says in words, else its JSON.
func texts(value string) string {
	if !strings.HasPrefix(value, "[") {
		return value
	}
	if text := (otlp.Message{Content: json.RawMessage(value)}).Text(); text != "" {
		return text
	}
	return indented(value)
}

func turn(m otlp.Message) Message {
	out := Message{Role: orElse(m.Role, "user"), Text: m.Text(), Reasoning: m.Reasoning}
	if out.Text == "" && len(m.Content) > 0 && string(m.Content) != "null" {
		out.Text = indented(plain(m.Content))
	}
	var calls []struct {
		Function struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"function"`
	}
	if json.Unmarshal(m.ToolCalls, &calls) == nil {
		for _, c := range calls {
			out.Calls = append(out.Calls, Fact{c.Function.Name, indented(plain(c.Function.Arguments)), ""})
		}
	}
	return out
}

// answers are the messages of an output attribute, or else its JSON.
func answers(output string) (all []Message, other string) {
	var list []otlp.Message
	var one otlp.Message
	switch {
	case output == "":
		return nil, ""
	case strings.HasPrefix(output, "[") && json.Unmarshal([]byte(output), &list) == nil:
	case json.Unmarshal([]byte(output), &one) == nil && (len(one.Content) > 0 || one.Role != ""):
		list = []otlp.Message{one}
	default:
		return nil, indented(output)
	}
	for _, m := range list {
		m.Role = orElse(m.Role, "assistant")
		all = append(all, turn(m))
	}
	return all, ""
}

// indented is JSON for people; what is no JSON stays as it is.
func indented(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}

// attempts are the failed tries before the last.
func attempts(spans *tracepb.ResourceSpans) []Attempt {
	var all []Attempt
	for _, scope := range spans.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			if len(span.GetParentSpanId()) == 0 {
				continue
			}
			v := otlp.Values(span)
			all = append(all, Attempt{
				Number: v[observation+"metadata.attempt"], Model: v[observation+"metadata.model"], Status: v[observation+"metadata.http_status"],
				Words: v[observation+"status_message"], Took: float64(span.GetEndTimeUnixNano()-span.GetStartTimeUnixNano()) / 1e9,
			})
		}
	}
	return all
}
