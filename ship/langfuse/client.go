package langfuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"tailer/ship"
)

const (
	maxAnswer = 8 << 20 // bytes of an answer: a 207 names every event
)

// client sends one request at a time and says what the answer means.
type client struct {
	base *url.URL
	cfg  *Config
	http *http.Client
}

func newClient(base *url.URL, cfg *Config) *client {
	return &client{base: base, cfg: cfg, http: &http.Client{
		Transport: cfg.Transport, Timeout: cfg.Timeout, CheckRedirect: sameServer,
	}}
}

// sameServer follows a redirect only where it changes neither the server, but
// for http becoming https, nor the method: keys must not go elsewhere, and a
// POST that became a GET would look delivered.
func sameServer(to *http.Request, via []*http.Request) error {
	const most = 3
	from := via[0]
	sameHost := to.URL.Scheme == from.URL.Scheme && to.URL.Host == from.URL.Host
	upgraded := from.URL.Scheme == "http" && to.URL.Scheme == "https" && to.URL.Hostname() == from.URL.Hostname()
	if len(via) > most || to.Method != from.Method || (!sameHost && !upgraded) {
		return http.ErrUseLastResponse
	}
	return nil
}

// reply is an answer that was read to its end or to maxAnswer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request to path, which is relative to the base URL and may have a
// query. The error is the context's own when that ended it, else
// a transient *ship.SendError: there was no answer.
func (c *client) do(ctx context.Context, method, path string, header http.Header, body []byte) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base.String()+"/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request %s: %w", path, err)
	}
	request.Header = header
	request.Header.Set("User-Agent", "tailer/"+c.cfg.Version)
	request.SetBasicAuth(c.cfg.PublicKey, string(c.cfg.SecretKey))
	response, err := c.http.Do(request)
	if err != nil {
		return nil, noAnswer(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // read-only: nothing is lost
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, noAnswer(ctx, err)
	}
	return &reply{status: response.StatusCode, header: response.Header, body: answer}, nil
}

// noAnswer tells the caller's own cancellation from a time-out of the client.
func noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &ship.SendError{Class: ship.Transient, Err: err}
}

// failure says what an answer means, nil if it is a success of Langfuse's.
func (r *reply) failure() *ship.SendError {
	f := &ship.SendError{Status: r.status, Err: r.reason()}
	switch {
	case r.isPage() || r.status/100 == 2 && r.isText():
		// Not Langfuse, but something in front of it: 413 is its limit, all else
		// its trouble, and none of the items' fault.
		f.Class = ship.Transient
		if r.status == http.StatusRequestEntityTooLarge {
			f.Class = ship.TooLarge
		}
	case r.status >= 200 && r.status < 300:
		return nil
	case r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity:
		f.Class = ship.Refused
	case r.status == http.StatusRequestEntityTooLarge:
		f.Class = ship.TooLarge
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		f.Class = ship.KeysRefused
	default: // 408, 429, 5xx; and 3xx, 404, 405, …, which only an operator can change
		f.Class = ship.Transient
	}
	f.RetryAfter = ship.RetryAfter(r.header.Get("Retry-After"))
	return f
}

// isPage tells whether a proxy or a web site answered.
func (r *reply) isPage() bool {
	return ship.IsPage(r.header.Get("Content-Type"))
}

// isText tells whether an answer is a text, as no success of Langfuse's is.
func (r *reply) isText() bool {
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	return strings.HasPrefix(kind, "text/")
}

// reason is what the server said, in short. Pages are not parsed.
func (r *reply) reason() error {
	if to := r.header.Get("Location"); to != "" && r.status >= 300 && r.status < 400 {
		host := "elsewhere"
		if target, err := url.Parse(to); err == nil && target.Host != "" {
			host = "to " + target.Scheme + "://" + target.Host
		}
		return fmt.Errorf("redirected %s: check the base URL", host)
	}
	if r.isPage() {
		return errors.New("an HTML page came instead of an answer: check the base URL and the proxy in front")
	}
	if r.status/100 == 2 && r.isText() {
		return errors.New("a text came that is none of Langfuse's answers: check the base URL and the proxy in front")
	}
	var said struct {
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(r.body, &said) == nil {
		for _, words := range []any{said.Message, said.Error} {
			if text, ok := words.(string); ok && text != "" {
				return errors.New(ship.OneLine(text))
			}
		}
	} else if text := ship.OneLine(string(r.body)); text != "" {
		return errors.New(text)
	}
	return errors.New(strings.ToLower(http.StatusText(r.status)))
}
