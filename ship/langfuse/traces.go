package langfuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	tracesPage = 100    // the most that v2 and v3 give at once
	maxPeople  = 50_000 // traces whose user is remembered
	// lateTrace is how long after its generation a trace may be stamped: LiteLLM up
	// to 1.103 stamps it at the end of the request.
	lateTrace = 15 * time.Minute
)

// trace is what the old API says of one.
type trace struct {
	ID        string `json:"id"`
	UserID    string `json:"userId"`
	SessionID string `json:"sessionId"`
}

// observations calls each for the observations of a time range (v2, v3), each with
// the user and the session of its trace.
func (r *Reader) observations(ctx context.Context, from, to time.Time, each func(*Observation) error) error {
	if len(r.users) > maxPeople || r.users == nil {
		r.users = make(map[string]person)
	}
	query := url.Values{
		"fromTimestamp": {milliseconds(from)}, "toTimestamp": {milliseconds(to.Add(lateTrace))},
		"fields": {"core"}, // 3.80 and later; older ones send all
	}
	if err := r.traces(ctx, query, func(t *trace) error {
		r.users[t.ID] = person{t.UserID, t.SessionID}
		return nil
	}); err != nil {
		return err
	}
	query = url.Values{"fromStartTime": {milliseconds(from)}, "toStartTime": {milliseconds(to)}}
	err := r.pages(ctx, "api/public/observations", query, func(raw json.RawMessage) error {
		o, err := readObservation(raw)
		if err != nil {
			return err
		}
		owner, err := r.owner(ctx, o.TraceID)
		if err != nil {
			return err
		}
		o.User, o.Session = owner.user, owner.session
		return each(o)
	})
	if err != nil {
		return fmt.Errorf("read observations: %w", err)
	}
	return nil
}

// owner returns whose a trace is. One that began long before its observation, as
// a trace that many requests share, is asked for by itself, once.
func (r *Reader) owner(ctx context.Context, id string) (person, error) {
	if p, known := r.users[id]; known || id == "" {
		return p, nil
	}
	var t trace
	err := r.get(ctx, "api/public/traces/"+url.PathEscape(id)+"?fields=core", &t)
	if err != nil && status(err) != http.StatusNotFound {
		return person{}, fmt.Errorf("read trace: %w", err)
	}
	p := person{t.UserID, t.SessionID}
	r.users[id] = p
	return p, nil
}

// traces calls each for the traces of a selection.
func (r *Reader) traces(ctx context.Context, query url.Values, each func(*trace) error) error {
	err := r.pages(ctx, "api/public/traces", query, func(raw json.RawMessage) error {
		var t trace
		if err := json.Unmarshal(raw, &t); err != nil {
			return fmt.Errorf("decode trace: %w", err)
		}
		return each(&t)
	})
	if err != nil {
		return fmt.Errorf("read traces: %w", err)
	}
	return nil
}

// pages calls each for every element of all pages of a selection.
func (r *Reader) pages(ctx context.Context, path string, query url.Values, each func(json.RawMessage) error) error {
	query.Set("limit", strconv.Itoa(tracesPage))
	for number := 1; ; number++ {
		query.Set("page", strconv.Itoa(number))
		n := 0
		meta, err := r.list(ctx, path+"?"+query.Encode(), func(raw json.RawMessage) error {
			n++
			return each(raw)
		})
		if err != nil {
			return err
		}
		if n == 0 || number >= meta.TotalPages {
			return nil
		}
	}
}

// get asks for one object.
func (r *Reader) get(ctx context.Context, path string, into any) error {
	return r.retry(ctx, func() error {
		answer, err := r.client.do(ctx, http.MethodGet, path, http.Header{}, nil)
		if err != nil {
			return err
		}
		if failure := answer.failure(); failure != nil {
			return failure
		}
		if err := json.Unmarshal(answer.body, into); err != nil {
			return fmt.Errorf("decode answer: %w", err)
		}
		return nil
	})
}
