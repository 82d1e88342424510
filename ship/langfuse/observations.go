package langfuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// rowsPage is how many rows are asked for at once: the most that 4.16 gives.
const rowsPage = 1000

// rows calls each for the rows of a selection (v4), page by page. Metadata comes
// cut to 200 characters, but for what joins a row to its request.
func (r *Reader) rows(ctx context.Context, query url.Values, each func(*Observation) error) error {
	query.Set("fields", "core,basic,metadata,usage")
	query.Set("expandMetadata", "litellm_call_id,response_id")
	query.Set("limit", strconv.Itoa(rowsPage))
	for {
		n := 0
		meta, err := r.list(ctx, "api/public/v2/observations?"+query.Encode(), func(raw json.RawMessage) error {
			n++
			o, err := readObservation(raw)
			if err != nil {
				return err
			}
			return each(o)
		})
		if err != nil {
			return fmt.Errorf("read observations: %w", err)
		}
		if meta.Cursor == "" || n == 0 {
			return nil
		}
		query.Set("cursor", meta.Cursor)
	}
}

// totals is the only member that counts of a map of tokens or costs.
type totals struct {
	Total float64 `json:"total"`
}

// shown is an observation as either API writes it. Of a v4 row and of a v3
// observation the times are RFC 3339.
type shown struct {
	ID           string          `json:"id"`
	TraceID      string          `json:"traceId"`
	Parent       string          `json:"parentObservationId"`
	Type         string          `json:"type"`
	Level        string          `json:"level"`
	Name         string          `json:"name"`
	StartTime    string          `json:"startTime"`
	UserID       string          `json:"userId"`
	SessionID    string          `json:"sessionId"`
	Metadata     json.RawMessage `json:"metadata"`
	UsageDetails totals          `json:"usageDetails"`
	CostDetails  totals          `json:"costDetails"`
	Usage        totals          `json:"usage"` // v2
	TotalCost    float64         `json:"calculatedTotalCost"`
}

func readObservation(raw json.RawMessage) (*Observation, error) {
	var s shown
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("decode observation: %w", err)
	}
	o := &Observation{
		ID: s.ID, TraceID: s.TraceID, Parent: s.Parent, Type: s.Type, Level: s.Level, Name: s.Name,
		User: s.UserID, Session: s.SessionID, Metadata: s.Metadata,
		Tokens: max(s.UsageDetails.Total, s.Usage.Total), Cost: max(s.CostDetails.Total, s.TotalCost),
	}
	o.Start, _ = time.Parse(time.RFC3339Nano, s.StartTime) // zero is outside every range
	o.readMetadata()
	return o, nil
}

// readMetadata takes out of metadata what says whose request this is, and who
// wrote it. v4 may have flattened `scope` to `scope.name`.
func (o *Observation) readMetadata() {
	var m map[string]json.RawMessage
	if json.Unmarshal(o.Metadata, &m) != nil {
		return
	}
	o.CallID, o.ResponseID = text(m["litellm_call_id"]), text(m["response_id"])
	_, o.ByTailer = m["tailer.version"]
	o.Scope = text(m["scope.name"])
	var scope struct{ Name string }
	if o.Scope == "" && json.Unmarshal(unquoted(m["scope"]), &scope) == nil {
		o.Scope = scope.Name
	}
}

// text is the value of a JSON string, "" for anything else. Some servers keep
// metadata values as JSON inside strings.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	var inner string
	if len(s) > 1 && s[0] == '"' && json.Unmarshal([]byte(s), &inner) == nil {
		return inner
	}
	return s
}

// unquoted is the JSON that a string holds, or raw itself.
func unquoted(raw json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return json.RawMessage(s)
	}
	return raw
}
