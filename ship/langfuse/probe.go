package langfuse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tailer/ship"
)

// WriteMode is what a server does with what it is sent.
type WriteMode string

// The write modes. v4 calls them so itself (LANGFUSE_MIGRATION_V4_WRITE_MODE).
const (
	Legacy     WriteMode = "legacy"      // v2 and v3: writes are merged into traces and observations
	Dual       WriteMode = "dual"        // v4's bridge: both
	EventsOnly WriteMode = "events_only" // v4: every span is a row for ever
)

// Health is what a server says of itself without keys.
type Health struct {
	Version string        // "" if it does not tell
	Status  string        // "OK"
	Took    time.Duration // from asking to the end of the answer
	Date    time.Time     // the server's clock, to the second; zero if it does not tell
}

// Health asks once, without repeating: a caller who wants to know whether the
// server is there wants to know now. The error is that of the request.
func (r *Reader) Health(ctx context.Context) (Health, error) {
	began := time.Now()
	answer, err := r.client.do(ctx, http.MethodGet, "api/public/health", http.Header{}, nil)
	if err != nil {
		return Health{}, fmt.Errorf("ask langfuse for its health: %w", err)
	}
	h := Health{Took: time.Since(began)}
	h.Date, _ = http.ParseTime(answer.header.Get("Date")) // zero says so
	var said struct{ Status, Version string }
	if !answer.isPage() && json.Unmarshal(answer.body, &said) == nil {
		h.Status, h.Version = said.Status, said.Version
	}
	if failure := answer.failure(); failure != nil {
		return h, fmt.Errorf("ask langfuse for its health: %w", failure)
	}
	if h.Version == "" && h.Status == "" {
		return h, errors.New("ask langfuse for its health: something answers that is not Langfuse: check the base URL")
	}
	return h, nil
}

// Project is what the keys open.
type Project struct {
	ID, Name      string
	Organization  string
	RetentionDays int // 0: kept for ever, or the server does not tell
}

// Project asks, once, whose keys these are. Refused keys are ship.ErrKeysRefused.
func (r *Reader) Project(ctx context.Context) (Project, error) { return r.client.project(ctx) }

func (c *client) project(ctx context.Context) (Project, error) {
	var said struct {
		Data []struct {
			ID, Name      string
			RetentionDays int
			Organization  struct{ Name string }
		}
	}
	answer, err := c.do(ctx, http.MethodGet, "api/public/projects", http.Header{}, nil)
	if err != nil {
		return Project{}, fmt.Errorf("ask langfuse for the project: %w", err)
	}
	if failure := answer.failure(); failure != nil {
		return Project{}, fmt.Errorf("ask langfuse for the project: %w", failure)
	}
	if err := json.Unmarshal(answer.body, &said); err != nil || len(said.Data) == 0 {
		return Project{}, errors.New("ask langfuse for the project: the answer names none")
	}
	p := said.Data[0]
	return Project{ID: p.ID, Name: p.Name, Organization: p.Organization.Name, RetentionDays: p.RetentionDays}, nil
}

// Mode finds out, once, in which mode the server writes. The version does not
// tell: v4 runs in either. The old read API answers 404 where rows are all there is.
func (r *Reader) Mode(ctx context.Context) (WriteMode, error) {
	if r.mode != "" {
		return r.mode, nil
	}
	old, err := r.has(ctx, "api/public/traces?limit=1&fields=core&fromTimestamp="+url.QueryEscape(milliseconds(time.Now().Add(-time.Hour))))
	if err != nil {
		return "", err
	}
	now := milliseconds(time.Now())
	rows, err := r.has(ctx, "api/public/v2/observations?limit=1&fields=core&fromStartTime="+now+"&toStartTime="+now)
	if err != nil {
		return "", err
	}
	switch {
	case old && rows:
		r.mode = Dual
	case rows:
		r.mode = EventsOnly
	case old:
		r.mode = Legacy
	default:
		return "", ErrNoReadAPI
	}
	return r.mode, nil
}

// has asks whether the server has an end point.
func (r *Reader) has(ctx context.Context, path string) (bool, error) {
	err := r.retry(ctx, func() error {
		answer, err := r.client.do(ctx, http.MethodGet, path, http.Header{}, nil)
		if err != nil {
			return err
		}
		if failure := answer.failure(); failure != nil {
			return failure
		}
		return nil
	})
	switch code := status(err); {
	case err == nil:
		return true, nil
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return false, nil
	default:
		return false, fmt.Errorf("ask langfuse how it can be read: %w", err)
	}
}

// API is the way to write that tailer would choose for a version, if the
// configuration leaves it the choice.
func API(version, configured string) string {
	if configured != "" && configured != APIAuto {
		return configured
	}
	return apiFor(version)
}

// Refused tells whether an error says that the keys are wrong.
func Refused(err error) bool { return errors.Is(err, ship.ErrKeysRefused) }
