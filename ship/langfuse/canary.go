package langfuse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tailer"
)

// CanaryName marks what a connection test writes: its user, session, environment
// and tag.
const CanaryName = "tailer-doctor"

// canaryCost is in USD: enough to see whether it comes back.
const canaryCost = 0.000001

// Canary returns a made-up request that a connection test writes and reads back.
// id makes its trace; it must be a new one each time, such as a UUID.
func Canary(id string, now time.Time) *tailer.Exchange {
	cost := canaryCost
	now = now.UTC().Truncate(time.Millisecond)
	return &tailer.Exchange{
		CallID: id, CallType: "acompletion", Start: now.Add(-time.Second), End: now, Status: http.StatusOK, Level: tailer.LevelDefault,
		Request: tailer.Request{Method: http.MethodPost, Route: "/v1/chat/completions", Body: tailer.Fields{
			{Name: "messages", Value: json.RawMessage(`[{"role":"user","content":"Does this arrive?"}]`)},
		}},
		Response:  json.RawMessage(`{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"It does if you read this."}}]}`),
		Usage:     json.RawMessage(`{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}`),
		CostTotal: &cost,
		Attribution: tailer.Attribution{
			User: CanaryName, UserSource: "tailer ping", Session: CanaryName, SessionSource: "tailer ping",
			Environment: CanaryName, Tags: []string{CanaryName}, TraceName: "tailer canary",
		},
	}
}

// Lacks tells what of a canary did not come back as it was sent; "" for nothing.
func (o *Observation) Lacks() string {
	var lacks []string
	for _, field := range []struct {
		name string
		ok   bool
	}{
		{"user", o.User == CanaryName}, {"session", o.Session == CanaryName},
		{"usage", o.Tokens == 7}, {"cost", o.Cost > canaryCost*0.99 && o.Cost < canaryCost*1.01},
	} {
		if !field.ok {
			lacks = append(lacks, field.name)
		}
	}
	return strings.Join(lacks, ", ")
}

// Trace returns the observations of one trace that began at about the given time,
// in the server's order; none if the server does not show them yet.
func (r *Reader) Trace(ctx context.Context, id string, at time.Time) ([]Observation, error) {
	mode, err := r.Mode(ctx)
	if err != nil {
		return nil, err
	}
	var found []Observation
	if mode != Legacy {
		query := url.Values{"traceId": {id}, "fromStartTime": {milliseconds(at.Add(-time.Hour))}}
		err := r.rows(ctx, query, func(o *Observation) error {
			found = append(found, *o)
			return nil
		})
		return found, err
	}
	var whole struct {
		trace
		Metadata     map[string]json.RawMessage `json:"metadata"`
		Observations []json.RawMessage          `json:"observations"`
		TotalCost    float64                    `json:"totalCost"`
	}
	err = r.get(ctx, "api/public/traces/"+url.PathEscape(id), &whole)
	switch {
	case status(err) == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read trace: %w", err)
	}
	for _, raw := range whole.Observations {
		o, err := readObservation(raw)
		if err != nil {
			return nil, err
		}
		o.User, o.Session = whole.UserID, whole.SessionID
		if o.Cost == 0 && len(whole.Observations) == 1 {
			o.Cost = whole.TotalCost // v2 has it there
		}
		o.addMetadata(whole.Metadata)
		found = append(found, *o)
	}
	return found, nil
}

// addMetadata adds to an observation's metadata what its trace has besides: v4
// shows both as one.
func (o *Observation) addMetadata(more map[string]json.RawMessage) {
	all := maps.Clone(more)
	if all == nil {
		return
	}
	var own map[string]json.RawMessage
	if json.Unmarshal(o.Metadata, &own) == nil {
		maps.Copy(all, own)
	}
	if joined, err := json.Marshal(all); err == nil {
		o.Metadata = joined
	}
}
