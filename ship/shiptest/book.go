package shiptest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Observation is a stored observation, as both read APIs show it. v4 keeps one for
// every span it was sent.
type Observation struct {
	ID            string         `json:"id"`
	TraceID       string         `json:"traceId"`
	Parent        *string        `json:"parentObservationId"`
	Type          string         `json:"type"`
	Level         string         `json:"level"`
	Name          string         `json:"name"`
	StartTime     time.Time      `json:"startTime"`
	UserID        *string        `json:"userId"`
	SessionID     *string        `json:"sessionId"`
	Environment   string         `json:"environment"`
	Metadata      map[string]any `json:"metadata"`
	UsageDetails  map[string]any `json:"usageDetails"`
	CostDetails   map[string]any `json:"costDetails"`
	StatusMessage string         `json:"statusMessage"`

	at time.Time // of storing
}

// Trace is a stored trace of v2 and v3.
type Trace struct {
	ID        string         `json:"id"`
	Timestamp time.Time      `json:"timestamp"`
	Name      string         `json:"name"`
	UserID    *string        `json:"userId"`
	SessionID *string        `json:"sessionId"`
	Tags      []string       `json:"tags"`
	Metadata  map[string]any `json:"metadata"`
}

// book is what the read API shows. Writes of equal ids are folded on v2 and v3,
// where the later one wins; v4 has a row for each.
type book struct {
	forgets      string // a member that is not kept
	traces       map[string]*Trace
	observations []*Observation
	places       map[string]int // of observations, by id, where equal ids are folded
}

// named is a span with the name of its scope.
type named struct {
	*tracepb.Span
	scope string
}

// keepSpan notes a span as v4 does, or folded as v3 does.
func (b *book) keepSpan(span *tracepb.Span, scope string, rows bool) {
	a := map[string]*commonpb.AnyValue{}
	for _, attribute := range span.GetAttributes() {
		a[attribute.GetKey()] = attribute.GetValue()
	}
	said := func(key string) *string {
		if v, there := a[key]; there {
			text := v.GetStringValue()
			return &text
		}
		return nil
	}
	o := &Observation{
		ID: fmt.Sprintf("%x", span.GetSpanId()), TraceID: fmt.Sprintf("%x", span.GetTraceId()), Name: span.GetName(),
		Type: strings.ToUpper(a["langfuse.observation.type"].GetStringValue()), Level: a["langfuse.observation.level"].GetStringValue(),
		StartTime: time.Unix(0, int64(span.GetStartTimeUnixNano())).UTC().Truncate(time.Millisecond), UserID: said("user.id"), SessionID: said("session.id"),
		Environment: a["langfuse.environment"].GetStringValue(), StatusMessage: a["langfuse.observation.status_message"].GetStringValue(),
		Metadata: map[string]any{"scope": map[string]string{"name": scope}}, at: time.Now(),
	}
	if parent := fmt.Sprintf("%x", span.GetParentSpanId()); parent != "" {
		o.Parent = &parent
	}
	for key, value := range a {
		for _, prefix := range []string{"langfuse.observation.metadata.", "langfuse.trace.metadata."} {
			if name, ok := strings.CutPrefix(key, prefix); ok {
				o.Metadata[name] = value.GetStringValue()
			}
		}
	}
	_ = json.Unmarshal([]byte(a["langfuse.observation.usage_details"].GetStringValue()), &o.UsageDetails) // absent: none
	_ = json.Unmarshal([]byte(a["langfuse.observation.cost_details"].GetStringValue()), &o.CostDetails)
	if b.forgets == "userId" {
		o.UserID = nil
	}
	if b.forgets == "sessionId" {
		o.SessionID = nil
	}
	b.keep(o, rows)
	if o.Parent == nil {
		t := b.trace(o.TraceID, o.StartTime)
		t.UserID, t.SessionID, t.Name, t.Metadata = o.UserID, o.SessionID, a["langfuse.trace.name"].GetStringValue(), o.Metadata
		for _, tag := range a["langfuse.trace.tags"].GetArrayValue().GetValues() {
			t.Tags = append(t.Tags, tag.GetStringValue())
		}
	}
}

// keepEvent notes an event of an ingestion batch.
func (b *book) keepEvent(e Event) {
	said := func(name string) *string {
		if text, ok := e.Body[name].(string); ok && name != b.forgets {
			return &text
		}
		return nil
	}
	plain := func(name string) string {
		text, _ := e.Body[name].(string)
		return text
	}
	moment := func(name string) time.Time {
		at, _ := time.Parse(time.RFC3339Nano, plain(name)) // zero is none
		return at
	}
	metadata, _ := e.Body["metadata"].(map[string]any)
	if e.Type == "trace-create" {
		t := b.trace(plain("id"), moment("timestamp"))
		t.Name, t.Metadata = plain("name"), metadata
		if user := said("userId"); user != nil {
			t.UserID = user
		}
		if session := said("sessionId"); session != nil {
			t.SessionID = session
		}
		return
	}
	o := &Observation{
		ID: plain("id"), TraceID: plain("traceId"), Parent: said("parentObservationId"), Name: plain("name"), Level: plain("level"),
		Type: strings.ToUpper(strings.TrimSuffix(e.Type, "-create")), StartTime: moment("startTime"), Environment: plain("environment"),
		Metadata: metadata, StatusMessage: plain("statusMessage"), at: time.Now(),
	}
	o.UsageDetails, _ = e.Body["usageDetails"].(map[string]any)
	o.CostDetails, _ = e.Body["costDetails"].(map[string]any)
	b.keep(o, false)
}

func (b *book) keep(o *Observation, rows bool) {
	if place, there := b.places[o.ID]; there && !rows && place < len(b.observations) && b.observations[place].ID == o.ID {
		b.observations[place] = o
		return
	}
	if b.places == nil {
		b.places = map[string]int{}
	}
	b.places[o.ID] = len(b.observations)
	b.observations = append(b.observations, o)
}

func (b *book) trace(id string, at time.Time) *Trace {
	if b.traces == nil {
		b.traces = map[string]*Trace{}
	}
	if b.traces[id] == nil {
		b.traces[id] = &Trace{ID: id, Timestamp: at}
	}
	return b.traces[id]
}
