package parse

import (
	"bytes"
	"slices"
	"strings"

	"tailer"
	"tailer/parse/pyrepr"
)

// decodeArguments reads `litellm.<fn>(k=v, …)`. The router's outcome lines start
// with the same words.
func (d *decoder) decodeArguments(text []byte, into *reading) bool {
	r := &into.record
	open := bytes.IndexByte(text[:min(len(text), 60)], '(')
	if open < 0 {
		return false
	}
	r.Function = string(bytes.TrimPrefix(text[:open], []byte("litellm.")))
	if model := text[open:]; hasPrefix(model, "(model=") && !hasPrefix(model, "(model='") && !hasPrefix(model, "(model=\"") {
		return decodeOutcome(text[open+len("(model="):], r)
	}
	var k kwargs
	var given tailer.Fields
	rd := d.repr(text, nil)
	it := rd.Call()
	for it.Next() {
		key := string(it.Key())
		if slices.Contains(passedOn[r.Function], key) {
			if v := d.json(rd); v != nil {
				given = append(given, tailer.Field{Name: key, Value: v})
				r.Hint = append(r.Hint, given[len(given)-1])
			}
			continue
		}
		switch key {
		case "litellm_call_id":
			k.callID, _ = rd.Text()
		case "litellm_trace_id":
			k.traceID, _ = rd.Text()
		case "model":
			k.model, _ = rd.Text()
		case "messages", "user", "litellm_session_id", "prompt", "input", "query", "stream":
			if v := d.json(rd); v != nil {
				r.Hint = append(r.Hint, tailer.Field{Name: key, Value: v})
			}
		case "metadata", "litellm_metadata":
			d.readMetadata(rd, &k)
		case "proxy_server_request":
			d.readProxyRequest(rd, &k)
		case "custom_llm_provider":
			k.provider, _ = rd.Text()
		case "model_info":
			d.readModelInfo(rd, &k)
		}
	}
	if !d.arguments(rd, &k, into) {
		return false
	}
	rebuildBody(r, given)
	return true
}

// decodeOutcome reads the rest of the router's outcome line after `(model=`:
// `openai/gpt-4o-mini) 200 OK` or `… Exception litellm.RateLimitError: …`, both
// with colours up to 1.98.
func decodeOutcome(text []byte, r *tailer.Record) bool {
	model, rest, ok := bytes.Cut(text, []byte(")"))
	if !ok || bytes.IndexByte(model, '\n') >= 0 {
		return false
	}
	rest = withoutANSI(rest)
	r.Kind = tailer.KindAttempt
	r.Call.Model = string(model)
	switch {
	case hasPrefix(rest, " 200 OK"):
		r.Call.Outcome = tailer.OutcomeSuccess
	case hasPrefix(rest, " Exception "):
		r.Call.Outcome = tailer.OutcomeFailure
		rest = bytes.TrimSuffix(withoutANSI(rest[len(" Exception "):]), []byte("\x1b[0m"))
		r.Call.Failure = failureText(string(rest))
	default:
		return false
	}
	return true
}

// decodeDetails reads LiteLLM's model_call_details of a call that has not ended.
func (d *decoder) decodeDetails(text []byte, r *tailer.Record) bool {
	var k kwargs
	err := d.readKwargs(text, &k)
	if err != nil {
		d.counts.Damaged++
	}
	if !isID(k.callID) || k.hasPayload || k.exception != "" {
		return false
	}
	r.CallID = k.callID
	if k.messages == nil || strings.Contains(string(k.messages), noMessages) {
		return true
	}
	r.Hint = tailer.Fields{{Name: "messages", Value: k.messages}}
	if k.request.Headers == nil && k.body == nil && !k.isDoubtful(err) {
		k.refused(r)
	}
	return true
}

// refused states the request of a call that has none: its key was refused before
// LiteLLM looked at it.
func (k *kwargs) refused(r *tailer.Record) {
	route := k.route
	if route == "" && k.isRefusal() {
		route = k.callType
	}
	if route == "" {
		return
	}
	r.Request = tailer.Request{Method: "POST", Route: route, Body: k.refusedBody()}
	r.Key, r.Call.Start = k.key, k.started
}

// cachedStart begins the record of a call whose answer may be in LiteLLM's cache.
const cachedStart = "should_use_cache: kwargs: "

// decodeInside reads `Inside _acompletion()- model: …; kwargs: {…}`, and what begins with
// cachedStart.
func (d *decoder) decodeInside(text []byte, into *reading) bool {
	open := bytes.Index(text[:min(len(text), 400)], []byte("kwargs: {"))
	if open < 0 {
		return false
	}
	name, inside := bytes.CutPrefix(text, []byte("Inside "))
	if end := bytes.IndexByte(name, '('); inside && end > 0 {
		into.record.Function = "inside " + string(name[:end])
	} else if !inside {
		into.record.Function = tailer.FunctionCached
	}
	var k kwargs
	rd := d.repr(text[open+len("kwargs: "):], nil)
	it := rd.Dict()
	for it.Next() {
		switch string(it.Key()) {
		case "litellm_call_id":
			k.callID, _ = rd.Text()
		case "litellm_trace_id":
			k.traceID, _ = rd.Text()
		case "metadata", "litellm_metadata":
			d.readMetadata(rd, &k)
		case "proxy_server_request":
			d.readProxyRequest(rd, &k)
		}
	}
	_, group, _ := strings.Cut(string(text[:open]), "model: ")
	into.group, _, _ = strings.Cut(group, "; ")
	return d.arguments(rd, &k, into)
}

// decodePrepared reads the data of litellm_pre_call_utils: of use are path and
// headers, which no record before it has together. From 1.99 to 1.102 it is
// written later, when LiteLLM has given the call its id and an object to log with;
// before, a client may have put such an id there.
func (d *decoder) decodePrepared(text []byte, r *tailer.Record) bool {
	var k kwargs
	logged := false
	rd := d.repr(text, nil)
	it := rd.Dict()
	for it.Next() {
		switch string(it.Key()) {
		case "proxy_server_request":
			d.readProxyRequest(rd, &k)
		case "litellm_call_id":
			k.callID, _ = rd.Text()
		case "litellm_logging_obj":
			logged = hasPrefix(rd.Skip(), "<")
		}
	}
	if k.isDoubtful(rd.Err()) {
		return false
	}
	r.Request = k.request
	r.Request.Body = k.body
	if logged && isID(k.callID) {
		r.CallID = k.callID
	}
	return r.Request.Headers != nil && r.Request.Route != ""
}

func (d *decoder) arguments(rd *pyrepr.Reader, k *kwargs, into *reading) bool {
	r := &into.record
	d.counts.Repaired += int64(rd.Repairs())
	if rd.Err() != nil {
		d.counts.Damaged++
	}
	into.doubtful = k.isDoubtful(rd.Err())
	if !isID(k.callID) && (k.request.Headers == nil || k.request.Route == "") {
		return false
	}
	r.CallID, r.TraceID = k.callID, k.traceID
	r.Request, r.Key = k.request, k.key
	r.Request.Body = k.body
	r.Request.Metadata = k.clientMetadata()
	r.Request.User = r.Hint.Text("user")
	r.Call = tailer.Call{Model: k.model, Provider: k.provider, ModelGroup: k.group, ModelID: k.modelID, ReceivedAt: k.received, LiteLLM: k.version}
	return true
}
