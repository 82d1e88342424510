package parse

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/internal/rawjson"
)

// fill writes what was read into a record.
func (k *kwargs) fill(r *tailer.Record) {
	if k.hasPayload {
		r.Call = k.payload.call()
		k.fromPayload()
	} else {
		k.withoutPayload(&r.Call)
	}
	r.CallID = k.callID
	if r.TraceID = k.traceID; r.TraceID == "" {
		r.TraceID = k.payload.traceID
	}
	r.Key = k.key
	c := &r.Call
	c.ReceivedAt = k.received
	if c.ReceivedAt.IsZero() && k.arrival.Before(c.Start) {
		c.ReceivedAt = k.arrival
	}
	c.LiteLLM = k.version
	if c.ModelGroup == "" {
		c.ModelGroup = k.group
	}
	if c.Provider == "" {
		c.Provider = k.provider
	}
	if c.Model == "" {
		c.Model = k.model
	}
	c.Upstream = (k.deployment != "" || c.ModelID != "") && !k.rejected
	if c.CallType == "" {
		c.CallType = k.callType
	}
	c.Refused = c.Refused || k.rejected || c.Outcome == tailer.OutcomeFailure && k.isUnread()
	c.SinceCall = k.payload.callID != ""
	k.fillRequest(r)
	if !c.Private {
		c.Private = isPrivate(k.messages)
	}
}

// fromPayload takes from the payload what the dict around it did not say.
func (k *kwargs) fromPayload() {
	p := &k.payload
	if k.callType == "" {
		k.callType = p.callType
	}
	if k.route == "" {
		k.route = p.metadata.route
	}
	if k.key == (tailer.Key{}) {
		k.key = p.metadata.key
	}
	if k.key.EndUser == "" {
		k.key.EndUser = p.endUser
	}
	if k.request.Headers == nil {
		k.request.Headers = payloadHeaders(p)
	}
}

// payloadHeaders returns the client's headers as a payload holds them: those that
// start with x- since 1.72, all of them since 1.80 in a copy that LiteLLM puts
// into the client's own metadata. The client may have put such a member there
// itself, so the copy has to agree with the x- headers.
func payloadHeaders(p *payload) []tailer.Header {
	custom := p.metadata.customHeaders
	object := rawjson.Member(p.metadata.requester, "headers")
	isCustom := isObject(custom)
	if !isObject(object) || !isCustom && p.callID == "" {
		headers, _ := textHeaders(custom)
		return headers
	}
	headers, plain := textHeaders(object)
	switch {
	case !isCustom, plain && sameInOrder(headers, custom), sameInAnyOrder(membersOf(object), membersOf(custom)):
		return headers
	}
	headers, _ = textHeaders(custom)
	return headers
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// textHeaders returns the members of an object that are texts, and whether all are, with
// names in lower case, as LiteLLM writes headers.
func textHeaders(object []byte) (headers []tailer.Header, plain bool) {
	plain = true
	for name, value := range rawjson.Members(object) {
		low := lower(name)
		if value[0] != '"' {
			plain = false
			continue
		}
		plain = plain && low == name
		headers = append(headers, tailer.Header{Name: low, Value: rawjson.Scalar(value)})
	}
	return headers, plain
}

// sameInOrder reports whether the x- ones of headers are the members of custom in
// their order: so LiteLLM copies them.
func sameInOrder(headers []tailer.Header, custom []byte) bool {
	next := 0
	skip := func() {
		for next < len(headers) && !hasXPrefix(headers[next].Name) {
			next++
		}
	}
	for name, value := range rawjson.Members(custom) {
		if skip(); next == len(headers) || headers[next].Name != name || !isText(value, headers[next].Value) {
			return false
		}
		next++
	}
	skip()
	return next == len(headers)
}

// isText reports whether a value is the JSON string of a text, as far as that can be
// told without a copy.
func isText(value json.RawMessage, text string) bool {
	return len(value) == len(text)+2 && value[0] == '"' && view(value[1:len(value)-1]) == text && strings.IndexByte(text, '\\') < 0
}

// sameInAnyOrder reports whether some are exactly the x- ones of all.
func sameInAnyOrder(all, some []member) bool {
	// There are a few dozen: faster to look through than to look up.
	for _, own := range some {
		text := ""
		if i := slices.IndexFunc(all, func(m member) bool { return m.name == own.name }); i >= 0 {
			text = all[i].text()
		}
		if text != own.text() {
			return false
		}
	}
	for _, m := range all {
		if hasXPrefix(m.name) && !slices.ContainsFunc(some, func(own member) bool { return own.name == m.name }) {
			return false
		}
	}
	return true
}

func hasXPrefix(name string) bool { return len(name) > 1 && name[0]|0x20 == 'x' && name[1] == '-' }

// member is one of an object.
type member struct {
	name  string
	value json.RawMessage
}

func (m member) text() string { return gjson.Parse(view(m.value)).String() }

func membersOf(object []byte) (all []member) {
	for name, value := range rawjson.Members(object) {
		all = append(all, member{name, value})
	}
	return all
}

// withoutPayload describes an attempt from the dict alone: failures of which
// LiteLLM built no payload.
func (k *kwargs) withoutPayload(c *tailer.Call) {
	c.Failed = -1
	c.Start, c.End, c.CallType = k.started, k.ended, k.callType
	c.Model, c.Streamed = k.model, k.stream
	if k.exception != "" {
		c.Outcome = tailer.OutcomeFailure
		c.Failure = failureText(k.exception)
	}
}

// fillRequest sets the client's request.
func (k *kwargs) fillRequest(r *tailer.Record) {
	q := &k.request
	q.Metadata = k.clientMetadata()
	if q.Route == "" {
		q.Route = k.route
	}
	if q.Route == "" && strings.HasPrefix(k.callType, "/") {
		q.Route = k.callType
	}
	if q.Method == "" && q.Route != "" {
		q.Method = "POST"
	}
	switch {
	case k.body != nil:
		q.Body = k.body
	case k.rejected || k.optional != nil && (k.isRefusal() || k.isUnread()):
		q.Body = k.refusedBody()
	case k.hasPayload:
		q.Body, q.Rebuilt, q.Bare = k.payloadBody(), true, k.payload.isBare()
		q.User = text(gjson.Get(view(k.payload.parameters), "user"))
	}
	if q.User == "" {
		q.User = k.optional.Text("user")
	}
	r.Request = *q
}

// isRefusal reports whether the dict tells of a request that never reached the
// router: LiteLLM then logs the route as call type.
func (k *kwargs) isRefusal() bool { return strings.HasPrefix(k.callType, "/") }

// isUnread reports whether LiteLLM knew no more of the request than its body and
// its route: it refused the key before it read the headers, and nobody looked for a
// model group. From 1.82 on nothing else tells this in some versions. A client may
// send no header that a payload holds.
func (k *kwargs) isUnread() bool {
	return k.route != "" && k.request.Headers == nil && k.body == nil && k.deployment == "" && k.payload.group == "" && k.payload.modelID == ""
}

// noMessages is what LiteLLM logs as content when a refused body had none
// (proxy/utils.py, post_call_failure_hook).
const noMessages = "default-message-value"

// refusedBody rebuilds the body of a refused request: LiteLLM logs all of it but
// the model as optional_params.
func (k *kwargs) refusedBody() tailer.Fields {
	var body tailer.Fields
	if k.model != "" {
		body = append(body, tailer.Field{Name: "model", Value: jsonText(k.model)})
	}
	for _, f := range k.optional {
		if !isAddition(f.Name) && !strings.Contains(view(f.Value), noMessages) {
			body = append(body, f)
		}
	}
	return body
}

// payloadBody rebuilds what a payload tells of the body. LiteLLM turns each
// route's content into messages; where that cannot be undone with certainty the
// content stays out.
func (k *kwargs) payloadBody() tailer.Fields {
	p := &k.payload
	var body tailer.Fields
	add := func(name string, value json.RawMessage) {
		if value != nil {
			body = append(body, tailer.Field{Name: name, Value: value})
		}
	}
	given := gjson.Parse(view(p.parameters))
	if strings.HasPrefix(p.callType, "/") && p.model != "" {
		add("model", jsonText(p.model)) // refused before the router could choose another
	}
	if strings.HasSuffix(k.request.Route, "/messages") && strings.HasSuffix(p.callType, "completion") {
		return nil // up to 1.80 LiteLLM states the chat that it made of it
	}
	switch messages := gjson.Parse(view(p.messages)); p.callType {
	case "acompletion", "/chat/completions", "/v1/chat/completions":
		if strings.Contains(view(p.messages), noMessages) {
			break
		}
		add("messages", p.messages)
	case "atext_completion":
		add("prompt", contents(messages))
	case "aembedding":
		add("input", contents(messages))
	case "aimage_generation", "aimage_edit":
		add("prompt", contents(messages))
		return body // LiteLLM keeps only some of their parameters
	case "aspeech":
		add("input", contents(messages))
		return body // and none of a speech's
	case "arerank":
		add("query", raw(given.Get("query")))
		add("documents", raw(given.Get("documents")))
	case "anthropic_messages":
		translated := isTranslated(given) // then parameters and tools are not the client's
		if p.callID == "" && messages.Get("0.role").Str != "system" && !gjson.Get(view(p.metadata.requester), "headers.host").Exists() {
			if translated {
				return body
			}
			break // up to 1.77 the system prompt is left out
		}
		system, rest := splitSystem(messages)
		add("system", system)
		add("messages", rest)
		if translated {
			return body
		}
	case "aresponses":
		if isList(messages) {
			add("input", p.messages)
			add("instructions", raw(given.Get("instructions")))
		}
	}
	given.ForEach(func(name, value gjson.Result) bool {
		if !isAddition(name.Str) && body.Get(name.Str) == nil {
			add(name.Str, raw(value))
		}
		return true
	})
	return body
}

// isBare reports whether the client certainly sent no parameter: embeddings and
// responses log all that they were called with (main.py and responses/main.py,
// 1.77 to 1.109; a transcription always logs none). LiteLLM adds the format that is
// OpenAI's default itself (1.84 to 1.98), so that one says nothing. What else it may
// have added leaves it open.
func (p *payload) isBare() bool {
	given := gjson.Parse(view(p.parameters))
	if p.callType != "aembedding" && p.callType != "aresponses" || !given.IsObject() {
		return false
	}
	bare := true
	given.ForEach(func(name, value gjson.Result) bool {
		bare = bare && (value.Type == gjson.Null || name.Str == "encoding_format" && value.Str == "float" || slices.Contains([]string{"user", "instructions", "metadata", "model", "input"}, name.Str))
		return bare
	})
	return bare
}

// isTranslated reports whether the parameters of a /v1/messages call are those of
// another API, to which LiteLLM passed it on: Anthropic's asks for max_tokens, and
// its tools have no `function` or `parameters`.
func isTranslated(given gjson.Result) bool {
	return !given.Get("max_tokens").Exists() || given.Get("tools.#.function|0").Exists() || given.Get("tools.#.parameters|0").Exists()
}

// isList reports whether the input of a responses call was certainly a list: of
// one text LiteLLM makes the same message that a list of that one would be.
func isList(messages gjson.Result) bool {
	list := messages.Array()
	return len(list) > 1 || len(list) == 1 && list[0].Get("content").Type != gjson.String
}

// isAddition reports whether LiteLLM adds the parameter by itself: it can't be
// told from one that the client sent.
func isAddition(name string) bool {
	return slices.Contains([]string{"user", "max_retries", "extra_body", "stream_options", "encoding_format", "metadata", "instructions",
		"litellm_metadata", "model", "proxy_server_request", "secret_fields", "extra_headers"}, name)
}

// contents returns the text of the one message, or the texts of several. An input of
// tokens is no message, and stays as it is.
func contents(messages gjson.Result) json.RawMessage {
	list := messages.Array()
	if slices.ContainsFunc(list, func(m gjson.Result) bool { return !m.Get("content").Exists() }) {
		if slices.ContainsFunc(list, gjson.Result.IsObject) {
			return nil
		}
		return raw(messages)
	}
	if len(list) == 1 {
		return raw(list[0].Get("content"))
	}
	var texts []string
	for _, m := range list {
		texts = append(texts, m.Get("content").Raw)
	}
	if texts == nil {
		return nil
	}
	return json.RawMessage("[" + strings.Join(texts, ",") + "]")
}

// splitSystem undoes how LiteLLM puts Anthropic's system prompt before the
// messages (1.80 and later).
func splitSystem(messages gjson.Result) (system, rest json.RawMessage) {
	list := messages.Array()
	if len(list) == 0 || list[0].Get("role").Str != "system" {
		return nil, raw(messages)
	}
	var texts []string
	for _, m := range list[1:] {
		texts = append(texts, m.Raw)
	}
	return raw(list[0].Get("content")), json.RawMessage("[" + strings.Join(texts, ",") + "]")
}

func jsonText(s string) json.RawMessage {
	text, _ := json.Marshal(s)
	return text
}
