package langfuse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"tailer/ship"
)

const (
	maxPage      = 256 << 20 // bytes of one page: a hundred observations with all that was said in them
	readWait     = time.Second
	maxReadWait  = time.Minute
	readPatience = 15 * time.Minute
)

// ErrNoReadAPI says that the server has neither of the two ways to read back.
var ErrNoReadAPI = errors.New("langfuse has no read API that tailer knows")

// ErrCannotDelete says that the server has no way to delete traces (Langfuse 2).
var ErrCannotDelete = errors.New("langfuse cannot delete traces by its API")

// Reader reads one project back, and deletes from it. It knows two ways: v4 shows
// rows by GET /v2/observations; v2, v3 and v4's bridge show traces and observations
// by GET /traces and /observations. It must not be used concurrently.
//
// A server that is busy (429, 408, 5xx, no answer) is asked again, after as long as
// its Retry-After says or after a second, doubling, up to a minute; the error after
// Patience is ship.ErrGaveUp. Refused keys are ship.ErrKeysRefused.
type Reader struct {
	Patience time.Duration // for one request and its repetitions; 0: 15 min

	client *client
	cfg    Config
	logger *slog.Logger
	mode   WriteMode         // "" until the server was asked
	users  map[string]person // of traces read before, by id: see traces.go
}

// person is whom a trace belongs to.
type person struct{ user, session string }

// NewReader returns a reader, without asking the server anything.
func NewReader(cfg Config) (*Reader, error) {
	sink, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &Reader{client: sink.client, cfg: sink.cfg, logger: sink.logger}, nil
}

// Close lets go of idle connections.
func (r *Reader) Close() { r.client.http.CloseIdleConnections() }

// An Observation is what an auditor needs to know of one.
type Observation struct {
	ID, TraceID, Parent string // Parent is "" for a root
	Type, Level         string // in capitals: GENERATION, SPAN, …; DEFAULT, ERROR, …
	Name                string
	Start               time.Time
	User, Session       string  // of the observation (v4), or of its trace
	CallID, ResponseID  string  // as its metadata says
	Scope               string  // OpenTelemetry's scope, such as "tailer" or "langfuse-sdk"; "" if it does not say
	ByTailer            bool    // its metadata has tailer's mark
	Tokens, Cost        float64 // in total; cost in USD; 0 if it does not say
	Metadata            json.RawMessage
}

// Between calls each for all observations that began from the one time on and
// before the other. Their order is the server's; pages of a server that is written
// to meanwhile may hold one twice. An error of each ends it and is returned as it is.
func (r *Reader) Between(ctx context.Context, from, to time.Time, each func(*Observation) error) error {
	mode, err := r.Mode(ctx)
	if err != nil {
		return err
	}
	if mode == EventsOnly || mode == Dual {
		return r.rows(ctx, url.Values{"fromStartTime": {milliseconds(from)}, "toStartTime": {milliseconds(to)}}, each)
	}
	return r.observations(ctx, from, to, each)
}

// page is how both read APIs end an answer.
type page struct {
	Cursor     string `json:"cursor"`
	TotalPages int    `json:"totalPages"`
	TotalItems int    `json:"totalItems"`
}

// list asks for one page and calls each for every element of its data, one at a
// time, so that memory is bounded by the largest element.
func (r *Reader) list(ctx context.Context, path string, each func(json.RawMessage) error) (page, error) {
	var meta page
	err := r.retry(ctx, func() error {
		response, err := r.open(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }() // read-only: nothing is lost
		meta, err = readPage(io.LimitReader(response.Body, maxPage), each)
		var stop *stopped
		if err != nil && !errors.As(err, &stop) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return &ship.SendError{Status: response.StatusCode, Err: fmt.Errorf("read page: %w", err)}
		}
		return err
	})
	var stop *stopped
	if errors.As(err, &stop) {
		err = stop.err
	}
	return meta, err
}

// stopped carries an error of the caller's own function through.
type stopped struct{ err error }

func (s *stopped) Error() string { return s.err.Error() }

// readPage walks `{"data":[…],"meta":{…}}`. Elements before a damage were seen: a
// page that is asked for again repeats them.
func readPage(body io.Reader, each func(json.RawMessage) error) (meta page, err error) {
	in := json.NewDecoder(body)
	if err := delim(in, '{'); err != nil {
		return meta, err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return meta, err
		}
		switch name {
		case "data":
			err = readData(in, each)
		case "meta":
			err = in.Decode(&meta)
		default:
			var other json.RawMessage
			err = in.Decode(&other)
		}
		if err != nil {
			return meta, err
		}
	}
	return meta, delim(in, '}')
}

func readData(in *json.Decoder, each func(json.RawMessage) error) error {
	if err := delim(in, '['); err != nil {
		return err
	}
	for in.More() {
		var element json.RawMessage
		if err := in.Decode(&element); err != nil {
			return err
		}
		if err := each(element); err != nil {
			return &stopped{err}
		}
	}
	return delim(in, ']')
}

func delim(in *json.Decoder, want json.Delim) error {
	got, err := in.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%v in place of %v", got, want)
	}
	return nil
}

// open sends one request and returns its answer if it is a success; the caller
// closes the body. Else the error is a *ship.SendError or the context's.
func (r *Reader) open(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.client.base.String()+"/"+path, body)
	if err != nil {
		return nil, fmt.Errorf("build request %s: %w", path, err)
	}
	request.Header.Set("User-Agent", "tailer/"+r.cfg.Version)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.SetBasicAuth(r.cfg.PublicKey, string(r.cfg.SecretKey))
	response, err := r.client.http.Do(request)
	if err != nil {
		return nil, noAnswer(ctx, err)
	}
	said := &reply{status: response.StatusCode, header: response.Header}
	if said.failure() == nil {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	if said.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err != nil {
		return nil, noAnswer(ctx, err)
	}
	return nil, said.failure()
}

// retry repeats ask while the server is busy.
func (r *Reader) retry(ctx context.Context, ask func() error) error {
	patience := r.Patience
	if patience == 0 {
		patience = readPatience
	}
	began, wait, told := time.Now(), readWait, false
	for {
		err := ask()
		var failure *ship.SendError
		if err == nil || !errors.As(err, &failure) || failure.Status != 0 && failure.Status/100 != 2 && !busy(failure.Status) {
			return err
		}
		pause := max(wait, failure.RetryAfter)
		if time.Since(began)+pause > patience {
			return fmt.Errorf("%w: %w", ship.ErrGaveUp, err)
		}
		if !told {
			r.logger.Warn("langfuse is busy; asking again", "wait_ms", pause.Milliseconds(), "status", failure.Status, "err", failure.Err)
			told = true
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		wait = min(2*wait, maxReadWait)
	}
}

// rest waits, or until the context ends: then its cause is the error.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// status is the HTTP status of a refusal, 0 for anything else.
func status(err error) int {
	var failure *ship.SendError
	if errors.As(err, &failure) {
		return failure.Status
	}
	return 0
}
