package otlp

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer"
)

// Usage are the tokens of one request in kinds that do not overlap, as
// usage_details has them.
type Usage struct {
	Input, Cached, CacheCreation, AudioIn int64
	Output, Reasoning, AudioOut           int64
	Total                                 int64 // sum of the others
}

// Summary is what a row of a list or of a report tells of one request: the
// values of its root span, read back. "" and zero stand for absent.
type Summary struct {
	TraceID, SpanID string // lower hex
	Start, End      time.Time
	FirstToken      time.Time // streams only

	Name, CallID, Method, Route string

	User, UserSource       string
	UserName, Role, Groups string // Open WebUI's headers; Groups as sent, "Sales, Support"
	Session, SessionSource string
	Title                  string // of the chat; stated by X-OpenWebUI-Title, or made by this very request
	Task                   string

	Model         string // upstream model; else the alias that answered, else what was asked for
	Provider      string
	KeyAlias      string
	KeyHash       string
	Team          string
	Status        int
	Level         tailer.Level
	StatusMessage string
	ErrorClass    string
	Incomplete    string
	Attempts      int // in all; 0 when the log does not tell, or one
	CacheHit      bool
	Metered       bool // Usage is stated
	Usage         Usage
	Priced        bool // Cost is stated
	Cost          float64
	FinishReason  string
}

// GroupHeaders are the headers that carry the groups of a user where nothing
// else is configured: what the docs recommend for Open WebUI's {{USER_GROUPS}}
// (0.11.0), and those of oauth2-proxy, Authelia and Authentik.
var GroupHeaders = []string{"X-OpenWebUI-User-Groups", "X-Forwarded-Groups", "X-Auth-Request-Groups", "Remote-Groups", "X-Authentik-Groups"}

// Summarize reads the root of the spans of one exchange back; false if there is
// none. groups are the headers that may carry the user's groups, the first that
// is there wins; nil stands for GroupHeaders. It reads spans, and shares their
// strings.
func Summarize(spans *tracepb.ResourceSpans, groups []string) (Summary, bool) {
	root := Root(spans)
	if root == nil {
		return Summary{}, false
	}
	if groups == nil {
		groups = GroupHeaders
	}
	s := Summary{
		TraceID: hex.EncodeToString(root.GetTraceId()), SpanID: hex.EncodeToString(root.GetSpanId()),
		Start: instant(root.GetStartTimeUnixNano()), End: instant(root.GetEndTimeUnixNano()), Name: root.GetName(),
	}
	v := Values(root)
	meta := func(key string) string { return v[observationMetadataPrefix+key] }
	s.User, s.Session = v["user.id"], v["session.id"]
	s.UserSource, s.SessionSource = meta("tailer.user.source"), meta("tailer.session.source")
	s.UserName, s.Role = v[traceMetadataPrefix+"X-OpenWebUI-User-Name"], v[traceMetadataPrefix+"X-OpenWebUI-User-Role"]
	s.Groups = header(v, groups)
	s.CallID, s.Method, s.Route, s.Task = meta("litellm_call_id"), meta("http_method"), meta("route"), meta("task")
	s.Provider, s.FinishReason = meta("provider"), meta("finish_reason")
	s.KeyAlias, s.KeyHash, s.Team = meta("api_key_alias"), meta("api_key_hash"), meta("team_alias")
	for _, name := range []string{v["langfuse.observation.model.name"], meta("model_group"), meta("model_requested")} {
		if s.Model == "" {
			s.Model = name
		}
	}
	s.Level, s.StatusMessage = tailer.Level(v["langfuse.observation.level"]), v["langfuse.observation.status_message"]
	s.ErrorClass, s.Incomplete, s.CacheHit = v["error.type"], meta("tailer.incomplete"), meta("cache_hit") == "true"
	s.Status, _ = strconv.Atoi(meta("http_status"))
	s.Attempts, _ = strconv.Atoi(meta("attempts"))
	if text := strings.Trim(v["langfuse.observation.completion_start_time"], `"`); text != "" {
		s.FirstToken, _ = time.Parse(time.RFC3339Nano, text)
	}
	s.readFigures(v)
	s.Title = v[traceMetadataPrefix+"X-OpenWebUI-Title"]
	if s.Title == "" && s.Task == "title_generation" {
		s.Title = title(AnswerText(v["langfuse.observation.output"]))
	}
	return s, true
}

func (s *Summary) readFigures(v map[string]string) {
	var usage struct {
		Input         int64 `json:"input"`
		Cached        int64 `json:"input_cached_tokens"`
		CacheCreation int64 `json:"input_cache_creation"`
		AudioIn       int64 `json:"input_audio_tokens"`
		Output        int64 `json:"output"`
		Reasoning     int64 `json:"output_reasoning_tokens"`
		AudioOut      int64 `json:"output_audio_tokens"`
		Total         int64 `json:"total"`
	}
	if text := v["langfuse.observation.usage_details"]; text != "" && json.Unmarshal([]byte(text), &usage) == nil {
		s.Metered, s.Usage = true, Usage(usage)
	}
	var cost struct {
		Total *float64 `json:"total"`
	}
	if text := v["langfuse.observation.cost_details"]; text != "" && json.Unmarshal([]byte(text), &cost) == nil && amount(cost.Total) {
		s.Priced, s.Cost = true, *cost.Total
	}
}

// Root returns the span of the request itself, nil if there is none.
func Root(spans *tracepb.ResourceSpans) *tracepb.Span {
	for _, scope := range spans.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			if len(span.GetParentSpanId()) == 0 {
				return span
			}
		}
	}
	return nil
}

// Values returns the attributes of a span as text, arrays joined by ", ".
func Values(span *tracepb.Span) map[string]string {
	values := make(map[string]string, len(span.GetAttributes()))
	for _, a := range span.GetAttributes() {
		values[a.GetKey()] = valueText(a.GetValue())
	}
	return values
}

func valueText(value *commonpb.AnyValue) string {
	switch v := value.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_ArrayValue:
		texts := make([]string, len(v.ArrayValue.GetValues()))
		for i, element := range v.ArrayValue.GetValues() {
			texts[i] = valueText(element)
		}
		return strings.Join(texts, ", ")
	}
	return ""
}

// header returns the value of the first of those headers that the span has, in
// metadata of its own or among the other headers.
func header(v map[string]string, names []string) string {
	others, lower := v[traceMetadataPrefix+"request_headers"], map[string]string(nil)
	for _, name := range names {
		if value := v[traceMetadataPrefix+name]; value != "" {
			return value
		}
		key := strings.ToLower(name)
		if !strings.Contains(others, `"`+key+`"`) {
			continue
		}
		if lower == nil && json.Unmarshal([]byte(others), &lower) != nil {
			return ""
		}
		if value := strings.TrimSpace(lower[key]); value != "" {
			if plain, err := url.PathUnescape(value); err == nil {
				value = plain
			}
			return valid(value)
		}
	}
	return ""
}

// instant is the time of an OTLP stamp, UTC; zero for 0.
func instant(ns uint64) time.Time {
	if ns == 0 || ns > 1<<63-1 {
		return time.Time{}
	}
	return time.Unix(0, int64(ns)).UTC()
}
