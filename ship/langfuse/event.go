package langfuse

import (
	"crypto/sha1" // UUIDv5 is made of it; nothing is protected by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship"
)

// event is one element of an ingestion batch (Langfuse v2 and v3). The server
// orders writes by Timestamp, and takes an ID it has seen for the same event.
type event struct {
	ID        string `json:"id"`
	Timestamp string `json:"timestamp"`
	Type      string `json:"type"`
	Body      any    `json:"body"`
}

// traceBody is the body of a trace-create. Absent members leave what is stored;
// null would overwrite it.
type traceBody struct {
	ID          string                     `json:"id"`
	Timestamp   string                     `json:"timestamp"`
	Name        string                     `json:"name,omitempty"`
	UserID      string                     `json:"userId,omitempty"`
	SessionID   string                     `json:"sessionId,omitempty"`
	Release     string                     `json:"release,omitempty"`
	Environment string                     `json:"environment,omitempty"`
	Tags        []string                   `json:"tags,omitempty"`
	Input       json.RawMessage            `json:"input,omitempty"`
	Output      json.RawMessage            `json:"output,omitempty"`
	Metadata    map[string]json.RawMessage `json:"metadata,omitempty"`
}

// observationBody is the body of a generation-create or a span-create.
type observationBody struct {
	ID                  string                     `json:"id"`
	TraceID             string                     `json:"traceId"`
	ParentObservationID string                     `json:"parentObservationId,omitempty"`
	Name                string                     `json:"name"`
	StartTime           string                     `json:"startTime"`
	EndTime             string                     `json:"endTime"`
	CompletionStartTime string                     `json:"completionStartTime,omitempty"`
	Environment         string                     `json:"environment,omitempty"`
	Level               string                     `json:"level,omitempty"`
	StatusMessage       string                     `json:"statusMessage,omitempty"`
	Model               string                     `json:"model,omitempty"`
	ModelParameters     json.RawMessage            `json:"modelParameters,omitempty"`
	Input               json.RawMessage            `json:"input,omitempty"`
	Output              json.RawMessage            `json:"output,omitempty"`
	Metadata            map[string]json.RawMessage `json:"metadata,omitempty"`
	Usage               *usageBody                 `json:"usage,omitempty"`
	UsageDetails        map[string]int64           `json:"usageDetails,omitempty"`
	CostDetails         map[string]float64         `json:"costDetails,omitempty"`
}

// usageBody is what v2 knows of usage and cost; v3 lays the details over it.
type usageBody struct {
	Input      *int64   `json:"input,omitempty"`
	Output     *int64   `json:"output,omitempty"`
	Total      *int64   `json:"total,omitempty"`
	Unit       string   `json:"unit"`
	InputCost  *float64 `json:"inputCost,omitempty"`
	OutputCost *float64 `json:"outputCost,omitempty"`
	TotalCost  *float64 `json:"totalCost,omitempty"`
}

// events turns the spans of one item into what an ingestion batch says instead:
// a trace-create for the root, then one event per span.
func (s *Sink) events(item *ship.Item) []event {
	switch s.plan(item) {
	case ModeUpsert:
		return s.upserts(item)
	case ModeAnnotate:
		return s.scores(item)
	default:
		return s.ownEvents(item)
	}
}

// ownEvents are a whole trace.
func (s *Sink) ownEvents(item *ship.Item) []event {
	at := milliseconds(item.At())
	var out []event
	for _, scope := range s.stamped(item).GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			a := readAttributes(span)
			if len(span.GetParentSpanId()) == 0 {
				out = append(out, newEvent("trace-create", span, at, a.trace(span)))
			}
			kind := "generation-create" // for embeddings too: v2 has no type of their own
			if a.text["langfuse.observation.type"] == "span" {
				kind = "span-create"
			}
			out = append(out, newEvent(kind, span, at, a.observation(span)))
		}
	}
	return out
}

// newEvent gives the event an id that depends on what it describes, so that it is
// the same at every try and after every crash.
func newEvent(kind string, span *tracepb.Span, at string, body any) event {
	name := kind + "/" + hex.EncodeToString(span.GetTraceId()) + "/" + hex.EncodeToString(span.GetSpanId())
	return event{ID: uuid(name), Timestamp: at, Type: kind, Body: body}
}

// uuid is a version 5 UUID in a name space of tailer's own.
func uuid(name string) string {
	const space = "tailer/langfuse/event/"
	sum := sha1.Sum([]byte(space + name))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func (a *attributes) trace(span *tracepb.Span) traceBody {
	return traceBody{
		ID:          hex.EncodeToString(span.GetTraceId()),
		Timestamp:   started(span),
		Name:        a.text["langfuse.trace.name"],
		UserID:      a.text["user.id"],
		SessionID:   a.text["session.id"],
		Release:     a.text[releaseKey],
		Environment: a.text[environmentKey],
		Tags:        a.tags,
		Input:       a.json("langfuse.observation.input"),
		Output:      a.json("langfuse.observation.output"),
		Metadata:    a.metadata("langfuse.trace.metadata."),
	}
}

func (a *attributes) observation(span *tracepb.Span) observationBody {
	body := observationBody{
		ID:                  hex.EncodeToString(span.GetSpanId()),
		TraceID:             hex.EncodeToString(span.GetTraceId()),
		ParentObservationID: hex.EncodeToString(span.GetParentSpanId()),
		Name:                span.GetName(),
		StartTime:           started(span),
		EndTime:             milliseconds(fromNano(span.GetEndTimeUnixNano())),
		Environment:         a.text[environmentKey],
		Level:               a.text["langfuse.observation.level"],
		StatusMessage:       a.text["langfuse.observation.status_message"],
		Model:               a.model(),
		ModelParameters:     a.json("langfuse.observation.model.parameters"),
		Input:               a.json("langfuse.observation.input"),
		Output:              a.json("langfuse.observation.output"),
		Metadata:            a.metadata("langfuse.observation.metadata."),
	}
	a.into("langfuse.observation.completion_start_time", &body.CompletionStartTime)
	a.into("langfuse.observation.usage_details", &body.UsageDetails)
	a.into("langfuse.observation.cost_details", &body.CostDetails)
	body.Usage = newUsage(body.UsageDetails, body.CostDetails)
	return body
}

// newUsage adds the disjoint details up to the totals that v2 wants. Langfuse
// itself counts every key with "input" or "output" in it.
func newUsage(tokens map[string]int64, cost map[string]float64) *usageBody {
	if len(tokens) == 0 && len(cost) == 0 {
		return nil
	}
	u := &usageBody{Unit: "TOKENS"}
	add := func(total **int64, n int64) {
		if *total == nil {
			*total = new(int64)
		}
		**total += n
	}
	for key, n := range tokens {
		switch {
		case strings.Contains(key, "input"):
			add(&u.Input, n)
		case strings.Contains(key, "output"):
			add(&u.Output, n)
		case key == "total":
			add(&u.Total, n)
		}
	}
	for key, field := range map[string]**float64{"input": &u.InputCost, "output": &u.OutputCost, "total": &u.TotalCost} {
		if amount, ok := cost[key]; ok {
			*field = &amount
		}
	}
	return u
}

func started(span *tracepb.Span) string {
	return milliseconds(fromNano(span.GetStartTimeUnixNano()))
}

func fromNano(nanoseconds uint64) time.Time {
	return time.Unix(int64(nanoseconds/uint64(time.Second)), int64(nanoseconds%uint64(time.Second))) // fits
}

// milliseconds is a time as Langfuse keeps it: UTC, cut to milliseconds.
func milliseconds(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
