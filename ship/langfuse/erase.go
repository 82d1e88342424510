package langfuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tailer/ship"
)

// DeleteBatch is how many traces are deleted by one request. Langfuse's FAQ on API
// limits (2026) advises against more than 30 to 50; on its cloud each request counts
// against a daily limit of 50 (Hobby), 200 (Core) or 1,000 (Pro, Team).
const DeleteBatch = 50

// A UserTrace is a trace that has something of a user's.
type UserTrace struct {
	ID     string
	Others bool // it also has something of somebody else's
}

// UserTraces calls each for every trace with something of user's, once. It looks
// into each trace that several requests may share, to see whose they are, where the
// server tells: on v2 and v3 a trace has one user.
func (r *Reader) UserTraces(ctx context.Context, user string, each func(UserTrace) error) error {
	mode, err := r.Mode(ctx)
	if err != nil {
		return err
	}
	if mode == Legacy {
		query := url.Values{"userId": {user}, "fields": {"core"}, "fromTimestamp": {milliseconds(time.UnixMilli(0))}}
		return r.traces(ctx, query, func(t *trace) error {
			if t.UserID != user {
				return nil
			}
			return each(UserTrace{ID: t.ID})
		})
	}
	seen := make(map[string]bool)
	query := url.Values{"userId": {user}, "fromStartTime": {milliseconds(time.UnixMilli(0))}}
	return r.rows(ctx, query, func(o *Observation) error {
		if o.User != user || seen[o.TraceID] {
			return nil
		}
		seen[o.TraceID] = true
		others, err := r.others(ctx, o.TraceID, user)
		if err != nil {
			return err
		}
		return each(UserTrace{ID: o.TraceID, Others: others})
	})
}

// others tells whether a trace has rows of another user.
func (r *Reader) others(ctx context.Context, trace, user string) (found bool, err error) {
	query := url.Values{"traceId": {trace}, "fromStartTime": {milliseconds(time.UnixMilli(0))}}
	err = r.rows(ctx, query, func(o *Observation) error {
		found = found || o.User != "" && o.User != user
		return nil
	})
	return found, err
}

// Delete deletes at most DeleteBatch traces with all that hangs on them. The server
// does it later, within about 15 minutes, and confirms nothing (Langfuse's page on
// data deletion). ErrCannotDelete is that of v2. A daily limit that is used up is a
// *ship.SendError of status 429, whose RetryAfter says when it ends.
func (r *Reader) Delete(ctx context.Context, ids []string) error {
	body, err := json.Marshal(map[string][]string{"traceIds": ids})
	if err != nil {
		return fmt.Errorf("encode trace ids: %w", err)
	}
	once := func() error {
		response, err := r.open(ctx, http.MethodDelete, "api/public/traces", bytes.NewReader(body))
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	err = r.retry(ctx, func() error {
		err := once()
		var failure *ship.SendError
		if errors.As(err, &failure) && failure.Status == http.StatusTooManyRequests && failure.RetryAfter > maxReadWait {
			return fmt.Errorf("daily limit: %w", &limited{failure})
		}
		return err
	})
	var daily *limited
	switch code := status(err); {
	case err == nil:
		return nil
	case errors.As(err, &daily):
		return fmt.Errorf("delete traces: %w", daily.failure)
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return ErrCannotDelete
	default:
		return fmt.Errorf("delete traces: %w", err)
	}
}

// limited is a refusal that time will not heal today, so that it is not retried.
type limited struct{ failure *ship.SendError }

func (l *limited) Error() string { return l.failure.Error() }
