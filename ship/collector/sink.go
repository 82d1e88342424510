package collector

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer/ship"
)

const (
	tracesPath     = "/v1/traces"
	defaultTimeout = 10 * time.Second // as in OpenTelemetry's exporters
	maxAnswer      = 1 << 20          // bytes
)

// Config is where the back end is.
type Config struct {
	URL       string            // http(s)://host[:port][/path]; "/v1/traces" is added to one without a path
	Headers   http.Header       // sent with every request, such as Authorization; may hold secrets
	Version   string            // tailer's own
	Timeout   time.Duration     // of one request; 0: 10 s
	Transport http.RoundTripper // nil: the sink's own
	Logger    *slog.Logger      // nil: silent
}

// Sink sends to one back end. It must not be used concurrently.
type Sink struct {
	url  string
	name string
	cfg  Config
	http *http.Client
}

var _ ship.Sink = (*Sink)(nil)

// New returns a sink, without asking the back end anything. Errors hold nothing
// of the URL, in which there may be a password.
func New(cfg Config) (*Sink, error) {
	at, err := url.Parse(cfg.URL)
	switch {
	case err != nil:
		return nil, errors.New("URL cannot be parsed")
	case (at.Scheme != "http" && at.Scheme != "https") || at.Host == "":
		return nil, errors.New("URL must start with http:// or https:// and name a host")
	case at.Fragment != "":
		return nil, errors.New("URL must not hold a fragment")
	case cfg.Timeout < 0:
		return nil, errors.New("timeout must not be negative")
	}
	if strings.Trim(at.Path, "/") == "" {
		at.Path = tracesPath
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: cfg.Timeout,
		}
	}
	s := &Sink{url: at.String(), name: "otlp:" + at.Scheme + "://" + at.Host + at.Path, cfg: cfg}
	s.cfg.Logger = cfg.Logger.With("component", "collector")
	s.http = &http.Client{Transport: cfg.Transport, Timeout: cfg.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a header may hold a key, and a POST may not become a GET
	}}
	return s, nil
}

// Name is the back end's URL without user, password and query.
func (s *Sink) Name() string { return s.name }

// Flush does nothing: what Send delivered is with the back end.
func (s *Sink) Flush(context.Context) error { return nil }

// Close lets go of idle connections.
func (s *Sink) Close() { s.http.CloseIdleConnections() }

// Send delivers items in one request. See ship.Sink for its errors.
func (s *Sink) Send(ctx context.Context, items []*ship.Item) error {
	body, err := ship.Gzip(ship.Payloads(items))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("build OTLP request") // err would print the URL
	}
	for name, values := range s.cfg.Headers {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "gzip")
	request.Header.Set("User-Agent", "tailer/"+s.cfg.Version)
	response, err := s.http.Do(request)
	if err != nil {
		return noAnswer(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // read-only: nothing is lost
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return noAnswer(ctx, err)
	}
	return s.judge(response, answer, items)
}

func noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // url.Error prints the URL
	}
	var network *net.OpError
	unreached := errors.As(err, &network) && network.Op == "dial"
	return &ship.SendError{Class: ship.Transient, Unknown: !unreached, Err: err}
}

// judge says what an answer means.
func (s *Sink) judge(r *http.Response, body []byte, items []*ship.Item) error {
	f := &ship.SendError{Status: r.StatusCode, Err: reason(r, body), RetryAfter: ship.RetryAfter(r.Header.Get("Retry-After"))}
	switch {
	case r.StatusCode >= 200 && r.StatusCode < 300 && !ship.IsPage(r.Header.Get("Content-Type")):
		return s.rejects(r, body, items)
	case r.StatusCode == http.StatusRequestEntityTooLarge:
		f.Class = ship.TooLarge
	case ship.IsPage(r.Header.Get("Content-Type")):
		f.Class = ship.Transient
	case r.StatusCode == http.StatusBadRequest || r.StatusCode == http.StatusUnprocessableEntity:
		f.Class = ship.Refused
	case r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden:
		f.Class = ship.KeysRefused
	default:
		f.Class, f.Unknown = ship.Transient, r.StatusCode >= http.StatusInternalServerError
	}
	return f
}

// rejects reads from a success what was not one. The back end does not say which
// spans it means, and the others must not come again (OTLP 1.x): only an item
// that was alone can be set aside.
func (s *Sink) rejects(r *http.Response, body []byte, items []*ship.Item) error {
	rejected, why := partial(r, body)
	switch {
	case rejected == 0:
		return nil
	case len(items) == 1:
		return &ship.SendError{Class: ship.Refused, Status: r.StatusCode, Err: errors.New(why)}
	}
	s.cfg.Logger.Warn("back end rejected spans and does not say which", "spans", rejected, "err", why)
	return nil
}

// partial reads an ExportTraceServiceResponse: member 1 is partial_success, in
// which member 1 counts rejected spans and member 2 says why (OTLP 1.x).
func partial(r *http.Response, body []byte) (rejected uint64, why string) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-protobuf" {
		return 0, ""
	}
	inner := member(body, 1)
	for len(inner) > 0 {
		number, kind, n := protowire.ConsumeTag(inner)
		if n < 0 {
			break
		}
		inner = inner[n:]
		switch {
		case number == 1 && kind == protowire.VarintType:
			rejected, n = protowire.ConsumeVarint(inner)
		case number == 2 && kind == protowire.BytesType:
			var text []byte
			text, n = protowire.ConsumeBytes(inner)
			why = ship.OneLine(string(text))
		default:
			n = protowire.ConsumeFieldValue(number, kind, inner)
		}
		if n < 0 {
			break
		}
		inner = inner[n:]
	}
	if why == "" {
		why = "rejected by the back end"
	}
	return rejected, why
}

// member returns the first value of a member that is a message, nil for none.
func member(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if number == wanted && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			return value
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}

// reason is what the back end said, in short.
func reason(r *http.Response, body []byte) error {
	switch {
	case ship.IsPage(r.Header.Get("Content-Type")):
		return errors.New("an HTML page came instead of an answer: check the URL and the proxy in front")
	case r.StatusCode >= 300 && r.StatusCode < 400:
		return errors.New("redirected: give the URL that it leads to")
	case r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusMethodNotAllowed:
		return errors.New("no OTLP end point there: check the URL")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/x-protobuf" { // a google.rpc.Status: member 2 is its message
		body = member(body, 2)
	}
	if text := ship.OneLine(string(body)); text != "" {
		return errors.New(text)
	}
	return errors.New(strings.ToLower(http.StatusText(r.StatusCode)))
}
