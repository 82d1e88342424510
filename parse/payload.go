package parse

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/internal/rawjson"
)

// payload gathers the members of one StandardLoggingPayload (LiteLLM 1.61 to
// 1.109, types/utils.py) as JSON values, whichever way the log wrote them.
type payload struct {
	id, callID, traceID     string
	callType                string
	status                  string
	start, end, first       time.Time
	stream                  bool
	model, group, modelID   string
	provider                string
	cacheHit                bool
	cost                    *float64
	costIn, costOut         *float64
	promptTokens, outTokens int64
	totalTokens             int64
	endUser                 string
	messages                json.RawMessage
	parameters              json.RawMessage
	response                json.RawMessage
	errorText               string
	errorClass, errorCode   string
	metadata                payloadMetadata
	members                 int
	failed                  int // attempts before this one, -1 unknown
	fellBack                bool
	since98                 bool // has a session id of its own
	since82                 bool // names the client's program
	before91                bool // does not tell rate limits apart
}

// payloadMetadata is the part of the payload's metadata that tailer reads.
type payloadMetadata struct {
	key           tailer.Key
	route         string
	requester     json.RawMessage // requester_metadata: the client's own, with additions
	customHeaders json.RawMessage // x-* headers of the client, 1.72 and later
	since172      bool            // the member customHeaders exists, if only as null
	usage         json.RawMessage
}

// wantedMembers are the members that set reads; a reader may skip the others.
func wantedMember(name string) bool {
	switch name {
	case "id", "litellm_call_id", "trace_id", "session_id", "hidden_params", "call_type", "status", "startTime", "endTime", "completionStartTime", "stream", "model",
		"model_group", "model_id", "custom_llm_provider", "cache_hit", "response_cost", "cost_breakdown", "prompt_tokens",
		"completion_tokens", "total_tokens", "end_user", "messages", "model_parameters", "response", "error_str",
		"error_information", "metadata", "user_agent":
		return true
	}
	return false
}

// set takes one member. value is valid JSON and is copied where it is kept.
func (p *payload) set(name string, value gjson.Result) {
	p.members++
	switch name {
	case "id":
		p.id = text(value)
	case "litellm_call_id":
		p.callID = text(value)
	case "trace_id":
		p.traceID = text(value)
	case "session_id":
		p.since98 = true
	case "user_agent":
		p.since82 = true
	case "hidden_params":
		p.setHidden(value.Get("additional_headers"))
	case "call_type":
		p.callType = text(value)
	case "status":
		p.status = text(value)
	case "startTime":
		p.start = epoch(value)
	case "endTime":
		p.end = epoch(value)
	case "completionStartTime":
		p.first = epoch(value)
	case "stream":
		p.stream = value.Type == gjson.True
	case "model":
		p.model = text(value)
	case "model_group":
		p.group = text(value)
	case "model_id":
		p.modelID = text(value)
	case "custom_llm_provider":
		p.provider = text(value)
	case "cache_hit":
		p.cacheHit = value.Type == gjson.True
	case "response_cost":
		p.cost = number(value)
	case "cost_breakdown":
		p.costIn, p.costOut = number(value.Get("input_cost")), number(value.Get("output_cost"))
	case "prompt_tokens":
		p.promptTokens = value.Int()
	case "completion_tokens":
		p.outTokens = value.Int()
	case "total_tokens":
		p.totalTokens = value.Int()
	case "end_user":
		p.endUser = text(value)
	case "messages":
		p.messages = raw(value)
	case "model_parameters":
		p.parameters = raw(value)
	case "response":
		p.response = raw(value)
	case "error_str":
		p.errorText = text(value)
	case "error_information":
		p.errorClass, p.errorCode = text(value.Get("error_class")), text(value.Get("error_code"))
		if p.errorCode == "" && p.errorClass == "ProxyException" && refusesKey(value.Get("traceback").Str) {
			p.errorCode = "400"
		}
		// A client that hung up has an error of its own form, of few members.
		p.before91 = value.Get("traceback").Exists() && !value.Get("error_rate_limit_category").Exists()
	}
}

// setMetadata takes the member metadata.
func (p *payload) setMetadata(value json.RawMessage) {
	p.members++
	for name, member := range rawjson.Members(value) {
		if wantedMetadata(name) {
			p.metadata.set(name, gjson.Parse(view(member)))
		}
	}
}

// setHidden reads how many attempts there were, which LiteLLM states as response
// headers of answers that are no streams (1.84 and later).
func (p *payload) setHidden(headers gjson.Result) {
	retries, fallbacks := headers.Get("x-litellm-attempted-retries"), headers.Get("x-litellm-attempted-fallbacks")
	p.failed = -1
	if retries.Type == gjson.Number && fallbacks.Type == gjson.Number && retries.Int() >= 0 && fallbacks.Int() >= 0 {
		p.failed = int(min(retries.Int()+fallbacks.Int(), 100))
		p.fellBack = fallbacks.Int() > 0
	}
}

// wantedMetadata reports whether set reads the member of the payload's metadata.
func wantedMetadata(name string) bool {
	switch name {
	case "user_api_key_hash", "user_api_key_alias", "user_api_key_team_alias", "user_api_key_user_id", "user_api_key_user_email",
		"user_api_key_end_user_id", "user_api_key_request_route", "requester_metadata", "requester_custom_headers", "usage_object":
		return true
	}
	return false
}

func (m *payloadMetadata) set(name string, value gjson.Result) {
	switch name {
	case "user_api_key_request_route":
		m.route = text(value)
	case "requester_metadata":
		m.requester = raw(value)
	case "requester_custom_headers":
		m.customHeaders, m.since172 = raw(value), true
	case "usage_object":
		m.usage = raw(value)
	default:
		setKey(&m.key, name, text(value))
	}
}

// setKey takes one user_api_key_* member of a metadata dict.
func setKey(k *tailer.Key, name, value string) {
	switch name {
	case "user_api_key_hash":
		k.Hash = hashOnly(value)
	case "user_api_key_alias":
		k.Alias = value
	case "user_api_key_team_alias":
		k.TeamAlias = value
	case "user_api_key_user_id":
		k.UserID = value
	case "user_api_key_user_email":
		k.UserEmail = value
	case "user_api_key_end_user_id":
		k.EndUser = value
	}
}

// refusesKey reports whether an exception was raised by the check of a key itself:
// for a missing data base, or a key that has expired. All of these are answered with
// 400 in the versions that do not state the code of this class (1.61 to 1.80,
// proxy/auth/user_api_key_auth.py and get_error_information).
func refusesKey(stack string) bool {
	_, line, _ := strings.Cut(stack[strings.LastIndex(stack, "  File ")+1:], ", in _user_api_key_auth_builder\n")
	return strings.HasPrefix(strings.TrimLeft(line, " "), "raise ProxyException(")
}

// readPayload reads a StandardLoggingPayload from JSON text.
func readPayload(text []byte) (p payload, ok bool) {
	valid := rawjson.Object(text, func(name string, value json.RawMessage) {
		switch { // what is kept of it is copied
		case name == "metadata":
			p.setMetadata(value)
		case wantedMember(name):
			p.set(name, gjson.Parse(view(value)))
		}
	})
	return p, valid && p.genuine()
}

// genuine reports whether the document is a payload and not some other JSON.
func (p *payload) genuine() bool {
	return p.members >= 12 && (p.status == "success" || p.status == "failure") && !p.start.IsZero() && p.callType != ""
}

// bearsCallID reports whether a payload of a version up to 1.80 has the call id
// as its id: where the answer has no id of its own, and where LiteLLM itself put
// the answer of an Anthropic stream together.
func (p *payload) bearsCallID() bool {
	return p.status == "failure" || !gjson.Get(view(p.response), "id").Exists() || p.callType == "anthropic_messages" && p.stream
}

// call turns the payload into what it says about one attempt.
func (p *payload) call() tailer.Call {
	c := tailer.Call{
		Start: p.start, End: p.end, CallType: p.callType, Streamed: p.stream,
		Model: p.model, ModelGroup: p.group, ModelID: p.modelID, Provider: p.provider, Upstream: p.modelID != "",
		Failed: p.failed, FellBack: p.fellBack, Since98: p.since98,
		OnlySuccess: p.since82 || p.callID != "",
		TraceID:     p.traceID, CacheHit: p.cacheHit, Response: p.response, Usage: p.metadata.usage,
		CostTotal: p.cost, CostInput: p.costIn, CostOutput: p.costOut,
	}
	if p.stream && p.metadata.since172 && p.first.After(p.start) && p.first.Before(p.end) {
		c.FirstToken = p.first // 1.61 states the end of the stream here
	} else if p.stream && !p.first.IsZero() && (p.start.Sub(p.first) > maxBack || p.first.Sub(p.end) > maxBack) { // up to 1.77 some are a moment late
		leaveOutOf(&c, impossibleTime)
	}
	if p.callType == passThrough {
		p.response = answerIn(p.response)
		c.Response = p.response
		if p.totalTokens == 0 {
			c.Usage = nil // LiteLLM states zeros where it read none
		}
	}
	if len(c.Usage) <= len("{}") && p.totalTokens > 0 {
		c.Usage, _ = json.Marshal(map[string]int64{"prompt_tokens": p.promptTokens, "completion_tokens": p.outTokens})
	}
	// Each piece of a streamed chat is renamed before the next one is asked for
	// (proxy_server.py, _restamp_streaming_chunk_model): since 1.81.6, as the member
	// that names the client's program, to what was asked for; since 1.91, if a
	// fallback answered, to its group. The payload joins these pieces.
	c.Renamed = p.stream && p.since82 && p.callType == "acompletion"
	c.AsAsked = c.Renamed && p.before91
	if r := gjson.Parse(view(p.response)); r.IsObject() {
		c.ResponseModel, c.ResponseID = text(r.Get("model")), text(r.Get("id"))
		if usage := r.Get("usage"); usage.IsObject() {
			c.Usage = raw(usage)
		}
		if len(p.response) == len("{}") {
			c.Response = nil
		}
	}
	leaveOutCosts(&c)
	c.Outcome = tailer.OutcomeSuccess
	c.HungUp = p.errorClass == "ClientDisconnected" // since 1.98, of a success
	if p.status == "failure" {
		c.Outcome = tailer.OutcomeFailure
		c.CostTotal, c.CostInput, c.CostOutput, c.Usage = nil, nil, nil, nil
		c.Failure = failureOf(p.errorClass, p.errorText, p.errorCode)
		if c.Failure.Class == "BudgetExceededError" && c.Failure.Status == 429 && !p.since98 {
			c.Failure.Status = 0 // what 1.84 tells the client is 400; 1.86 and later tell it the same
		}
		c.Refused = strings.HasPrefix(p.callType, "/")
	}
	c.Private = isPrivate(p.messages) || isPrivate(p.response)
	return c
}

// passThrough is the type of calls that LiteLLM passes on to a provider as they are.
const passThrough = "pass_through_endpoint"

// answerIn returns the provider's answer, of which such a call states the text.
func answerIn(response json.RawMessage) json.RawMessage {
	r := gjson.Parse(view(response))
	if only := r.Get("@keys.#").Int(); only != 1 || !r.IsObject() {
		return response
	}
	if answer := r.Get("response").Str; gjson.Valid(answer) && gjson.Parse(answer).IsObject() {
		return json.RawMessage(answer)
	}
	return response
}

// privateMark is what LiteLLM puts in place of content when
// turn_off_message_logging is on (litellm_core_utils/redact_messages.py).
const privateMark = "redacted-by-litellm"

// isPrivate reports whether content was replaced by LiteLLM's mark. A prompt
// that merely quotes the mark does not count.
func isPrivate(content json.RawMessage) bool {
	if !strings.Contains(view(content), privateMark) {
		return false
	}
	r := gjson.Parse(view(content))
	for _, path := range []string{"@this", "0.content", "choices.0.message.content", "text", "output.0.content.0.text", "choices.0.text"} {
		if r.Get(path).Str == privateMark {
			return true
		}
	}
	return false
}

// raw returns a copy of a JSON value; nil for null and for nothing.
func raw(value gjson.Result) json.RawMessage {
	if value.Type == gjson.Null || value.Raw == "" {
		return nil
	}
	return json.RawMessage(strings.TrimSpace(value.Raw))
}

// number returns a JSON number; nil for anything else.
func number(value gjson.Result) *float64 {
	if value.Type != gjson.Number {
		return nil
	}
	f := value.Float()
	return &f
}

// epoch returns the time of a JSON number of seconds since 1970, to the µs.
func epoch(value gjson.Result) time.Time {
	if value.Type != gjson.Number {
		return time.Time{}
	}
	return epochTime(value.Float())
}

func epochTime(seconds float64) time.Time {
	if !(seconds > 0 && seconds < 1<<36) {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC()
}

// text returns a copy of a JSON string, so that it does not keep the whole
// document alive; other scalars as written, "" for null.
func text(value gjson.Result) string { return strings.Clone(value.String()) }
