package langfuse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"tailer/ship"
)

// The modes: what tailer writes when LiteLLM's own langfuse callback may write
// too.
const (
	ModeOwn      = "own"      // whole traces: tailer is the only writer
	ModeUpsert   = "upsert"   // user, session, tags and metadata, onto LiteLLM's own traces: v2, v3, v4's bridge
	ModeAnnotate = "annotate" // scores, on LiteLLM's own traces: v4, which changes no row
	ModeAuto     = "auto"     // for each request what its log and the server allow
)

// errNoUpsert says that the configured mode cannot work with this server.
var errNoUpsert = errors.New("mode upsert: this Langfuse v4 lets nobody add to a trace (events_only): " +
	"use mode own and take langfuse out of LiteLLM's callbacks, or mode annotate")

// besideState is what the sink has learned of the traces of LiteLLM's callback.
type besideState struct {
	asked  bool            // the server's write mode is known
	merges bool            // it merges writes onto a trace: v2, v3, v4's bridge
	seen   bool            // the server has traces of the callback
	looked int             // requests for which that was looked up
	minor  int             // the newest version of LiteLLM met, after the 1
	users  map[string]user // of traces that requests share
	told   map[string]bool // what was logged once
	counts BesideCounts
}

// user is whom a shared trace belongs to.
type user struct {
	id, session string
	by          ship.Key // the request that said so; zero: the server
}

// BesideCounts count requests by what was, or was not, added to LiteLLM's traces;
// one that was sent several times counts as often.
type BesideCounts struct {
	Upserted   int64 `json:"upserted"`
	Annotated  int64 `json:"annotated"`
	Own        int64 `json:"own"`
	Unknown    int64 `json:"trace_unknown"` // not added: which trace LiteLLM writes is not known
	SecondUser int64 `json:"second_user"`   // not added: the trace belongs to another user
	Shared     int64 `json:"shared"`        // not annotated: the trace is that of a session
}

// Beside returns the counts of modes other than ModeOwn. It must not be called
// while Send is.
func (s *Sink) Beside() BesideCounts { return s.beside.counts }

const (
	maxLooks  = 5      // requests whose traces are looked for before the callback is taken to be off
	maxShared = 10_000 // shared traces that are remembered
)

// tell logs once.
func (s *Sink) tell(message string, args ...any) {
	if s.beside.told == nil {
		s.beside.told = map[string]bool{}
	}
	if !s.beside.told[message] {
		s.beside.told[message] = true
		s.logger.Warn(message, args...)
	}
}

// warnTwoWriters speaks up when the log shows that LiteLLM writes whole traces too.
func (s *Sink) warnTwoWriters(items []*ship.Item) {
	for _, item := range items {
		b := item.Beside()
		refused := s.version != "" && major(s.version) >= 4 && b.Minor > 0 && b.Minor < firstHex
		if b.Callback && b.Minor > 0 && !refused {
			s.tell("LiteLLM's langfuse callback is on as well: in the same project each request is there twice, and its cost counts twice; "+
				"take langfuse out of its callbacks, or use mode auto", "trace_id", item.TraceID())
			return
		}
	}
}

// plan is the mode for one request.
func (s *Sink) plan(item *ship.Item) string {
	if s.cfg.Mode != ModeAuto {
		return s.cfg.Mode
	}
	b := item.Beside()
	switch {
	case !b.Callback && !s.beside.seen:
		return ModeOwn // LiteLLM does not write it
	case s.beside.merges:
		return ModeUpsert
	case b.Minor == 0 && s.beside.minor < firstHex, b.Minor > 0 && b.Minor < firstHex:
		return ModeOwn // what that callback writes is refused by v4
	default:
		return ModeAnnotate
	}
}

// sendBeside sends whole traces and additions apart.
func (s *Sink) sendBeside(ctx context.Context, api string, items []*ship.Item) error {
	if err := s.look(ctx, items); err != nil {
		return err
	}
	var own, additions []*ship.Item
	for _, item := range items {
		mode := s.plan(item)
		s.explain(mode, item)
		if mode == ModeOwn {
			own = append(own, item)
		} else {
			additions = append(additions, item)
		}
	}
	if err := s.learnUsers(ctx, additions); err != nil {
		return err
	}
	if len(own) > 0 {
		if err := s.sendOwn(ctx, api, own); err != nil {
			return first(err, own, additions)
		}
		s.beside.counts.Own += int64(len(own))
	}
	if len(additions) == 0 {
		return nil
	}
	err := s.ingest(ctx, additions)
	var failure *ship.SendError
	if errors.As(err, &failure) && len(own) > 0 {
		failed := map[*ship.Item]*ship.SendError{}
		for _, item := range additions {
			failed[item] = &ship.SendError{Status: failure.Status, RetryAfter: failure.RetryAfter, Err: failure.Err}
		}
		return &ship.PartialError{Failed: failed}
	}
	return err
}

// first makes an error about some items one about all: the others were not sent,
// and come again.
func first(err error, sent, rest []*ship.Item) error {
	var failure *ship.SendError
	var partial *ship.PartialError
	switch {
	case len(rest) == 0:
		return err
	case errors.As(err, &partial):
		for _, item := range rest {
			partial.Failed[item] = &ship.SendError{Err: errors.New("not sent yet")}
		}
		return partial
	case errors.As(err, &failure) && failure.Class == ship.Transient:
		failed := map[*ship.Item]*ship.SendError{}
		for _, item := range sent {
			failed[item] = failure
		}
		for _, item := range rest {
			failed[item] = &ship.SendError{Err: failure.Err, RetryAfter: failure.RetryAfter}
		}
		return &ship.PartialError{Failed: failed}
	}
	return err // halved or refused as a whole: what is sent twice is the same
}

// explain tells once for each mode why it was chosen.
func (s *Sink) explain(mode string, item *ship.Item) {
	if s.cfg.Mode != ModeAuto {
		return
	}
	why := map[string]string{
		ModeOwn:      "LiteLLM's langfuse callback does not write to this Langfuse, so whole traces are written",
		ModeUpsert:   "LiteLLM's langfuse callback is on and Langfuse merges, so user, session, tags and metadata are added to its traces",
		ModeAnnotate: "LiteLLM's langfuse callback is on and Langfuse v4 changes no row, so user and session become scores on its traces",
	}[mode]
	if s.beside.told == nil {
		s.beside.told = map[string]bool{}
	}
	if !s.beside.told["auto "+mode] {
		s.beside.told["auto "+mode] = true
		s.logger.Info("mode chosen", "mode", mode, "why", why, "langfuse", s.version, "litellm_minor", item.Beside().Minor)
	}
}

// look finds out, for ModeAuto, whether the server merges, and whether LiteLLM's
// callback writes to it although the log does not show it.
func (s *Sink) look(ctx context.Context, items []*ship.Item) error {
	if s.cfg.Mode != ModeAuto {
		return nil
	}
	if !s.beside.asked {
		status, _, err := s.get(ctx, "api/public/traces?limit=1")
		if err != nil {
			return err
		}
		s.beside.asked, s.beside.merges = true, status == http.StatusOK
	}
	for _, item := range items {
		s.beside.minor = max(s.beside.minor, item.Beside().Minor)
	}
	for _, item := range items {
		id := item.Beside().TraceID
		if s.beside.seen || s.beside.looked == maxLooks {
			return nil
		}
		if id == "" || item.Beside().Callback {
			continue
		}
		there, err := s.wrote(ctx, item, id)
		if err != nil {
			return err
		}
		s.beside.looked++
		s.beside.seen = there
	}
	return nil
}

// wrote tells whether somebody else wrote a trace for item.
func (s *Sink) wrote(ctx context.Context, item *ship.Item, id string) (bool, error) {
	if s.beside.merges {
		status, _, err := s.get(ctx, "api/public/traces/"+url.PathEscape(id))
		return status == http.StatusOK, err
	}
	own, others := keysOf(item), false
	err := s.rows(ctx, url.Values{"traceId": {id}}, func(row rowKey) { others = others || !slices.Contains(own, row) })
	return others, err
}

// get reads one thing. Errors are transient: what is not there is a status.
func (s *Sink) get(ctx context.Context, path string) (int, []byte, error) {
	answer, err := s.client.do(ctx, http.MethodGet, path, http.Header{}, nil)
	if err != nil {
		return 0, nil, err
	}
	failure := answer.failure()
	if failure != nil && (busy(failure.Status) || failure.Class == ship.KeysRefused || answer.isPage()) {
		failure.Err = fmt.Errorf("look at langfuse: %w", failure.Err)
		return 0, nil, failure
	}
	return answer.status, answer.body, nil
}
