package langfuse

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"tailer/ship"
	"tailer/ship/otlp"
)

// ingestionVersion selects the direct write on v4 and v4's bridge ("dual"), where
// spans without it show up ten minutes late. Servers before 3.154 ignore it.
const ingestionVersion = "4"

// Sink writes to one Langfuse project. It must not be used concurrently.
//
// Where a request fails without an answer, or with 5xx, nobody knows what the
// server kept, and SendError.Unknown says so. v2 and v3 fold equal ids. A v4
// server would count the spans twice, so there it is asked first: see Has.
type Sink struct {
	cfg     Config
	client  *client
	logger  *slog.Logger
	version string      // "" until the server was asked
	api     string      // the same
	beside  besideState // of modes other than ModeOwn

	onProject     func(project string) // nil: nobody wants to know
	introductions int                  // how often the server was asked for it
}

var _ ship.Sink = (*Sink)(nil)

// New returns a sink, without asking the server anything.
func New(cfg Config) (*Sink, error) {
	base, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: cfg.Timeout,
		}
	}
	s := &Sink{cfg: cfg, logger: cfg.Logger.With("component", "langfuse")}
	s.client = newClient(base, &s.cfg)
	return s, nil
}

// Name says which project this is: the server, and the public key, which is no
// secret.
func (s *Sink) Name() string { return nameOf(s.client.base.String(), s.cfg.PublicKey) }

// TellProject lets tell be called once, by Send, with the id of the project whose keys
// these are, as soon as the server says it. It must be called before Send is.
func (s *Sink) TellProject(tell func(project string)) { s.onProject = tell }

// Project asks the server whose keys these are. It must not be called while Send runs.
func (s *Sink) Project(ctx context.Context) (string, error) {
	p, err := s.client.project(ctx)
	return p.ID, err
}

// maxIntroductions is how often a server is asked for the project before it counts as
// one that does not say it, as behind a gateway that lets through what is written only.
const maxIntroductions = 10

// introduce tells the project. That the server does not say it is no reason not to send.
func (s *Sink) introduce(ctx context.Context) {
	if s.onProject == nil {
		return
	}
	id, err := s.Project(ctx)
	if err == nil && id != "" {
		s.onProject(id)
	}
	var failure *ship.SendError
	if errors.As(err, &failure) && (failure.Status == 0 || busy(failure.Status)) || ctx.Err() != nil {
		return // an outage says nothing
	}
	if s.introductions++; err == nil || s.introductions == maxIntroductions {
		s.onProject = nil
	}
}

// Send delivers items in one OTLP request, or in as many JSON ingestion requests
// as their size needs. See ship.Sink for its errors.
func (s *Sink) Send(ctx context.Context, items []*ship.Item) error {
	err := s.send(ctx, items)
	if !Refused(err) {
		s.introduce(ctx)
	}
	return err
}

func (s *Sink) send(ctx context.Context, items []*ship.Item) error {
	api, err := s.choose(ctx)
	if err != nil {
		return err
	}
	if s.cfg.Mode != ModeOwn {
		return s.sendBeside(ctx, api, items)
	}
	s.warnTwoWriters(items)
	return s.sendOwn(ctx, api, items)
}

func (s *Sink) sendOwn(ctx context.Context, api string, items []*ship.Item) error {
	if api == APIIngestion {
		return s.ingest(ctx, items)
	}
	return s.export(ctx, items)
}

// Flush does nothing: what Send delivered is with the server.
func (s *Sink) Flush(context.Context) error { return nil }

// Close lets go of idle connections.
func (s *Sink) Close() {
	s.client.http.CloseIdleConnections()
}

// export sends items as one OTLP request. The body of a success is a queue job
// (4.16), which says nothing.
func (s *Sink) export(ctx context.Context, items []*ship.Item) error {
	const path = "api/public/otel/v1/traces"
	payloads, err := s.payloads(items)
	if err != nil {
		return err
	}
	body, err := ship.Gzip(payloads)
	if err != nil {
		return err
	}
	answer, err := s.client.do(ctx, http.MethodPost, path, http.Header{
		"Content-Type":                 {"application/x-protobuf"},
		"Content-Encoding":             {"gzip"},
		"X-Langfuse-Ingestion-Version": {ingestionVersion},
		"X-Langfuse-Sdk-Name":          {"tailer"},
		"X-Langfuse-Sdk-Version":       {s.cfg.Version},
		"X-Langfuse-Public-Key":        {s.cfg.PublicKey},
	}, body)
	var failure *ship.SendError
	switch {
	case err == nil:
		failure = answer.failure()
	case !errors.As(err, &failure):
		return err
	}
	if failure == nil {
		return nil
	}
	s.elsewhere(failure, path)
	if failure.Unknown = ambiguous(failure); failure.Unknown {
		s.version = "" // an upgrade looks like this, and v4 does not fold what v3 did
	}
	return failure
}

// payloads are those of items, with what the configuration adds to them.
func (s *Sink) payloads(items []*ship.Item) ([]otlp.Payload, error) {
	if !s.stamps() {
		return ship.Payloads(items), nil
	}
	stamped := make([]otlp.Payload, len(items))
	for i, item := range items {
		var err error
		if stamped[i], err = otlp.PayloadOf(s.stamped(item)); err != nil {
			return nil, err
		}
	}
	return stamped, nil
}
