package parse

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/parse/pyrepr"
)

// kwargs gathers what the dict of one call's arguments says about the client's
// request: LiteLLM's model_call_details, the arguments of litellm.<fn>(…), or
// the data of litellm_pre_call_utils.
type kwargs struct {
	callID     string
	traceID    string // as payloads have it
	request    tailer.Request
	key        tailer.Key
	requester  json.RawMessage // metadata.requester_metadata
	own        json.RawMessage // body.metadata, for calls that keep LiteLLM's in litellm_metadata
	body       tailer.Fields
	received   time.Time
	arrival    time.Time
	started    time.Time
	ended      time.Time
	callType   string
	route      string // user_api_key_request_route
	model      string
	group      string
	deployment string
	provider   string
	version    string
	messages   json.RawMessage
	optional   tailer.Fields
	exception  string
	stream     bool
	rejected   bool // refused before a deployment was chosen
	modelID    string
	usesOwn    bool // litellm_metadata is set: metadata is the client's own
	params     bool // litellm_params was read
	proxy      bool // proxy_server_request was read
	twice      bool // one of these, or the headers, came a second time: Python writes no key twice
	payload    payload
	hasPayload bool
}

// isDoubtful reports whether what was read may be a prompt that goes on as a dict.
func (k *kwargs) isDoubtful(err error) bool { return err != nil || k.twice }

// callFollowers are the keys that may follow the raw text of an exception in
// LiteLLM's model_call_details: it sets both at once (litellm_logging.py,
// failure handlers, 1.55 to 1.109).
var callFollowers = []string{"traceback_exception"}

// readKwargs reads the dict of a callback's kwargs.
func (d *decoder) readKwargs(text []byte, k *kwargs) error {
	r := d.repr(text, callFollowers)
	it := r.Dict()
	for it.Next() {
		switch string(it.Key()) {
		case "litellm_call_id":
			k.callID, _ = r.Text()
		case "litellm_params":
			k.twice, k.params = k.twice || k.params, true
			d.readParams(r, k)
		case "model":
			k.model, _ = r.Text()
		case "messages":
			k.messages = d.json(r)
		case "optional_params":
			k.optional = d.fields(r)
		case "start_time":
			k.started = d.datetime(r)
		case "end_time":
			k.ended = d.datetime(r)
		case "stream":
			k.stream, _ = r.Bool()
		case "call_type":
			k.callType, _ = r.Text()
		case "custom_llm_provider":
			k.provider, _ = r.Text()
		case "litellm_no_upstream_llm_call":
			if yes, _ := r.Bool(); yes {
				k.rejected = true
			}
		case "exception":
			k.exception = exceptionText(r.Skip())
		case "standard_logging_object":
			d.readReprPayload(r, k)
		}
	}
	d.counts.Repaired += int64(r.Repairs())
	return r.Err()
}

// readParams reads litellm_params.
func (d *decoder) readParams(r *pyrepr.Reader, k *kwargs) {
	it := r.Dict()
	for it.Next() {
		switch string(it.Key()) {
		case "metadata":
			d.readMetadata(r, k)
		case "litellm_metadata":
			if d.readMetadata(r, k) {
				k.usesOwn = true
			}
		case "proxy_server_request":
			d.readProxyRequest(r, k)
		case "proxy_rejected_before_routing":
			if yes, _ := r.Bool(); yes {
				k.rejected = true
			}
		}
	}
}

// readMetadata reads the metadata that LiteLLM's proxy fills, and reports
// whether it was a dict of its making.
func (d *decoder) readMetadata(r *pyrepr.Reader, k *kwargs) bool {
	it := r.Dict()
	filled := false
	for it.Next() {
		switch key := string(it.Key()); key {
		case "requester_metadata":
			if v := d.json(r); len(v) > 0 && v[0] == '{' {
				k.requester = v
			}
		case "headers":
			if headers := d.headers(r); k.request.Headers == nil {
				k.request.Headers = headers
			}
		case "litellm_received_at":
			k.received = d.datetime(r)
		case "litellm_api_version":
			k.version, _ = r.Text()
			filled = true
		case "model_group":
			k.group, _ = r.Text()
		case "deployment":
			k.deployment, _ = r.Text()
		case "model_info":
			d.readModelInfo(r, k)
		case "endpoint":
			if s, ok := r.Text(); ok {
				k.setURL(s)
			}
		case "user_api_key_request_route":
			k.route, _ = r.Text()
		case "user_api_key_hash", "user_api_key_alias", "user_api_key_team_alias", "user_api_key_user_id",
			"user_api_key_user_email", "user_api_key_end_user_id":
			if s, ok := r.Text(); ok {
				setKey(&k.key, key, s)
			}
			filled = true
		}
	}
	return filled
}

func (d *decoder) readModelInfo(r *pyrepr.Reader, k *kwargs) {
	it := r.Dict()
	for it.Next() {
		if string(it.Key()) == "id" {
			k.modelID, _ = r.Text()
		}
	}
}

// readProxyRequest reads proxy_server_request: the request as the proxy got it.
func (d *decoder) readProxyRequest(r *pyrepr.Reader, k *kwargs) {
	k.twice, k.proxy = k.twice || k.proxy, true
	headers := false
	it := r.Dict()
	for it.Next() {
		switch string(it.Key()) {
		case "url":
			if s, ok := r.Text(); ok {
				k.setURL(s)
			}
		case "method":
			k.request.Method, _ = r.Text()
		case "headers":
			k.twice, headers = k.twice || headers, true
			if h := d.headers(r); h != nil {
				k.request.Headers = h
			}
		case "body":
			d.readBody(r, k)
		case "arrival_time":
			if f, ok := r.Float(); ok {
				k.arrival = epochTime(f)
			}
		}
	}
}

// readBody reads the client's body. Its metadata is not read when LiteLLM has
// written its own into the same dict.
func (d *decoder) readBody(r *pyrepr.Reader, k *kwargs) {
	k.body = k.body[:0]
	it := r.Dict()
	for it.Next() {
		switch key := string(it.Key()); key {
		case "metadata":
			k.own = d.ownMetadata(r)
		case "litellm_metadata", "proxy_server_request", "secret_fields":
		default:
			if v := d.json(r); v != nil {
				k.body = append(k.body, tailer.Field{Name: key, Value: v})
			}
		}
	}
	if k.body == nil {
		k.body = tailer.Fields{}
	}
}

// ownMetadata returns the metadata of a body as JSON; nil if LiteLLM wrote its own
// into them, which are long and of no use.
func (d *decoder) ownMetadata(r *pyrepr.Reader) json.RawMessage {
	it := r.Dict()
	if !it.Next() {
		return d.json(r)
	}
	var own tailer.Fields
	for more := true; more; more = it.Next() {
		key := string(it.Key())
		if key == "user_api_key_hash" || key == "requester_metadata" {
			return nil
		}
		if own.Get(key) == nil {
			own = append(own, tailer.Field{Name: key, Value: r.JSON()})
		}
	}
	if r.Err() != nil {
		return nil
	}
	return own.JSON()
}

// readReprPayload reads standard_logging_object.
func (d *decoder) readReprPayload(r *pyrepr.Reader, k *kwargs) {
	it := r.Dict()
	for it.Next() {
		name := string(it.Key())
		if name == "metadata" {
			meta := r.Dict()
			for meta.Next() {
				if member := string(meta.Key()); wantedMetadata(member) {
					k.payload.metadata.set(member, d.result(r))
				}
			}
			k.payload.members++
			continue
		}
		if wantedMember(name) {
			k.payload.set(name, d.result(r))
		}
	}
	k.hasPayload = k.payload.genuine()
}

func (k *kwargs) setURL(s string) {
	if u, err := url.Parse(s); err == nil && u.Path != "" && k.request.Route == "" {
		k.request.Route = u.Path
	}
}

// clientMetadata returns the client's own metadata.
func (k *kwargs) clientMetadata() json.RawMessage {
	m := k.requester
	if m == nil {
		m = k.payload.metadata.requester
	}
	if k.usesOwn && k.own != nil {
		m = k.own
	}
	return withoutAdditions(m, k.request.Headers)
}

// withoutAdditions removes from the client's metadata what LiteLLM adds before
// it copies them: since 1.84 the headers, and trace and session id of a session
// header; since 1.109 a note on tokens.
func withoutAdditions(m json.RawMessage, headers []tailer.Header) json.RawMessage {
	if len(m) <= len("{}") {
		return nil
	}
	var kept tailer.Fields
	gjson.Parse(view(m)).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "headers":
			if value.IsObject() && sameHeaders(value, headers) {
				return true
			}
		case "trace_id", "session_id":
			if value.Type == gjson.String && isSessionHeader(value.Str, headers) {
				return true
			}
		case "used_client_oauth_token", "user_api_key_user_id", "user_api_key_team_id":
			return true
		}
		kept = append(kept, tailer.Field{Name: key.Str, Value: raw(value)})
		return true
	})
	if len(kept) == 0 {
		return nil
	}
	return kept.JSON()
}

// sameHeaders reports whether an object is a copy of the request's headers.
func sameHeaders(object gjson.Result, headers []tailer.Header) bool {
	if len(headers) == 0 {
		return true
	}
	for _, h := range headers {
		if h.Name == "host" || h.Name == "user-agent" {
			return object.Get(gjson.Escape(h.Name)).String() == h.Value
		}
	}
	return false
}

// isSessionHeader reports whether the value is that of a header from which
// LiteLLM takes a session (1.84 and later, litellm_pre_call_utils.py).
func isSessionHeader(value string, headers []tailer.Header) bool {
	for _, h := range headers {
		if h.Value != value {
			continue
		}
		switch name := h.Name; {
		case name == "x-litellm-trace-id", name == "x-litellm-session-id", name == "x-session-id",
			strings.HasPrefix(name, "x-") && strings.HasSuffix(name, "-session-id"),
			name == "session-id", name == "session_id", name == "thread-id", name == "conversation_id":
			return true
		}
	}
	return false
}

// exceptionText returns the text of an exception's repr: `ProxyException('…')`
// or the bare text that LiteLLM's exceptions print.
func exceptionText(span []byte) string {
	s := string(span)
	open := strings.IndexByte(s, '(')
	if open > 0 && strings.HasSuffix(s, ")") && isIdentifier(s[:open]) {
		inner := pyrepr.New([]byte(s[open+1 : len(s)-1]))
		if text, ok := inner.Text(); ok {
			return text
		}
		return ""
	}
	return s
}
