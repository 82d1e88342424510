package langfuse

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship"
)

// upserts is what is added to LiteLLM's own trace: who asked, in which session, and,
// where the trace is this request's alone, tags and metadata. Name, input, output,
// environment and everything of its generation stay LiteLLM's. A later write of
// the same request is the same event.
func (s *Sink) upserts(item *ship.Item) []event {
	b, root := item.Beside(), rootOf(item)
	if b.TraceID == "" {
		s.beside.counts.Unknown++
		s.tell("the log does not tell which trace LiteLLM's callback writes, so nothing is added to it", "call", item.Key().String())
		return nil
	}
	a := readAttributes(root)
	trace := traceBody{ID: b.TraceID, Timestamp: started(root), UserID: a.text["user.id"], SessionID: a.text["session.id"]}
	if b.Shared {
		if !s.claim(&trace, item.Key()) {
			return nil
		}
	} else {
		trace.Tags, trace.Metadata = a.tags, a.metadata("langfuse.trace.metadata.")
	}
	if trace.UserID == "" && trace.SessionID == "" && len(trace.Tags)+len(trace.Metadata) == 0 {
		return nil
	}
	s.beside.counts.Upserted++
	return []event{{
		ID:        uuid("upsert/" + b.TraceID + "/" + hex.EncodeToString(root.GetSpanId())),
		Timestamp: milliseconds(item.At()), Type: "trace-create", Body: trace,
	}}
}

// claim takes a shared trace for its first user. It is false if there is nothing
// to add: the trace is this user's already, or another's.
func (s *Sink) claim(trace *traceBody, by ship.Key) bool {
	owner, known := s.beside.users[trace.ID]
	us := user{trace.UserID, trace.SessionID, by}
	switch {
	case known && owner == us: // this very request, once more
		return true
	case known && owner.id == us.id && owner.session == us.session:
		return false
	case known && owner.id != "" && us.id != owner.id:
		s.beside.counts.SecondUser++
		s.tell("a trace of LiteLLM's callback holds requests of two users; it stays with the first", "trace_id", trace.ID)
		return false
	}
	s.beside.users[trace.ID] = us
	return true
}

// learnUsers asks to whom shared traces belong that this run has not met.
func (s *Sink) learnUsers(ctx context.Context, items []*ship.Item) error {
	if s.beside.users == nil || len(s.beside.users) > maxShared {
		s.beside.users = map[string]user{}
	}
	for _, item := range items {
		b := item.Beside()
		if _, known := s.beside.users[b.TraceID]; known || !b.Shared || s.plan(item) != ModeUpsert {
			continue
		}
		status, body, err := s.get(ctx, "api/public/traces/"+url.PathEscape(b.TraceID))
		if err != nil {
			return err
		}
		var trace struct{ UserID, SessionID string }
		if status == http.StatusOK && json.Unmarshal(body, &trace) == nil {
			s.beside.users[b.TraceID] = user{id: trace.UserID, session: trace.SessionID}
		}
	}
	return nil
}

// scoreBody is the body of a score-create: a word about a trace, which every
// version of Langfuse takes, v4 by JSON ingestion too.
type scoreBody struct {
	ID          string                     `json:"id"`
	TraceID     string                     `json:"traceId"`
	Name        string                     `json:"name"`
	Value       string                     `json:"value"`
	DataType    string                     `json:"dataType"`
	Metadata    map[string]json.RawMessage `json:"metadata,omitempty"`
	Environment string                     `json:"environment,omitempty"`
}

// scores are what can be said of a trace that nobody can change: user, session and
// task as categories, the headers as metadata of the first of them. They can be
// filtered by; Langfuse's pages of users and their costs do not see them.
func (s *Sink) scores(item *ship.Item) []event {
	b, root := item.Beside(), rootOf(item)
	switch {
	case b.TraceID == "":
		s.beside.counts.Unknown++
		s.tell("the log does not tell which trace LiteLLM's callback writes, so nothing is added to it", "call", item.Key().String())
		return nil
	case b.Shared:
		s.beside.counts.Shared++
		s.tell("a trace that requests share cannot be annotated", "trace_id", b.TraceID)
		return nil
	}
	a := readAttributes(root)
	metadata := a.metadata("langfuse.trace.metadata.")
	var out []event
	for _, said := range []struct{ name, value string }{
		{"user", a.text["user.id"]}, {"session", a.text["session.id"]}, {"task", a.text["langfuse.observation.metadata.task"]},
	} {
		if said.value == "" {
			continue
		}
		id := uuid("score/" + said.name + "/" + b.TraceID + "/" + hex.EncodeToString(root.GetSpanId()))
		out = append(out, event{ID: id, Timestamp: milliseconds(item.At()), Type: "score-create", Body: scoreBody{
			ID: id, TraceID: b.TraceID, Name: said.name, Value: said.value, DataType: "CATEGORICAL",
			Metadata: metadata, Environment: a.text[environmentKey],
		}})
		metadata = nil
	}
	if len(out) > 0 {
		s.beside.counts.Annotated++
	}
	return out
}

func rootOf(item *ship.Item) *tracepb.Span {
	for _, scope := range item.Spans().GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			return span
		}
	}
	return nil
}

// keysOf are the rows that item makes.
func keysOf(item *ship.Item) (keys []rowKey) {
	for _, scope := range item.Spans().GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			keys = append(keys, rowKey{hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId())})
		}
	}
	return keys
}
