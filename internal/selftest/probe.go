package selftest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Field is one header that Open WebUI can be made to forward, and its value as
// people would read it.
type Field struct {
	Name, Value string
}

// escaped are the headers whose values Open WebUI (0.6.16 and later) sends
// percent-encoded.
var escaped = map[string]bool{"X-OpenWebUI-User-Name": true, "X-OpenWebUI-Title": true}

// A Probe is one made-up request.
type Probe struct {
	Run    string // random id of the run, 8 hex digits
	Number int    // of the request in its run, from 1
	Model  string
	Stream bool
	Fields []Field // in Open WebUI's order
}

// NewRun returns a random id.
func NewRun() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// NewProbe returns the number-th request of a run.
func NewProbe(run string, number int, model string, stream bool) *Probe {
	id := func(what string) string { return fmt.Sprintf("selftest-%s-%s-%d", what, run, number) }
	return &Probe{Run: run, Number: number, Model: model, Stream: stream, Fields: []Field{
		{"X-OpenWebUI-User-Name", fmt.Sprintf("Tailer Sélftest %s", run)},
		{"X-OpenWebUI-User-Id", id("user")},
		{"X-OpenWebUI-User-Email", fmt.Sprintf("selftest-%s@tailer.invalid", run)},
		{"X-OpenWebUI-User-Role", "user"},
		{"X-OpenWebUI-Session-Id", id("session")},
		{"X-OpenWebUI-Chat-Id", id("chat")},
		{"X-OpenWebUI-Message-Id", id("message")},
		{"X-OpenWebUI-Title", fmt.Sprintf("Self-test %s: does it arrive?", run)},
	}}
}

// An Answer is what the proxy answered.
type Answer struct {
	Status int
	CallID string // LiteLLM's x-litellm-call-id; "" if something else answered
	Took   time.Duration
	Reason string // first words of an answer that is no success
}

const (
	maxAnswer = 1 << 20 // bytes
	maxReason = 200     // characters
)

// Send sends the request to a proxy's base URL with a key, and reads the answer to
// its end. The error says that nothing answered; it never holds the key.
func (p *Probe) Send(ctx context.Context, client *http.Client, proxy, key string) (Answer, error) {
	body, err := json.Marshal(map[string]any{
		"model": p.Model, "stream": p.Stream, "max_tokens": 16,
		"messages": []map[string]string{{"role": "user", "content": fmt.Sprintf("Self-test %s, request %d. Answer with one word.", p.Run, p.Number)}},
	})
	if err != nil {
		return Answer{}, fmt.Errorf("encode request: %w", err)
	}
	target, err := Endpoint(proxy)
	if err != nil {
		return Answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Answer{}, errors.New("build request: the proxy's URL cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "tailer-selftest")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for _, f := range p.Fields {
		value := f.Value
		if escaped[f.Name] {
			value = url.PathEscape(value)
		}
		request.Header.Set(f.Name, value)
	}
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("ask the proxy: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read-only: nothing is lost
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the proxy's answer: %w", err)
	}
	a := Answer{Status: response.StatusCode, CallID: response.Header.Get("X-Litellm-Call-Id"), Took: time.Since(began)}
	if response.StatusCode/100 != 2 {
		a.Reason = strings.Join(strings.Fields(string([]rune(string(text))[:min(maxReason, len([]rune(string(text))))])), " ")
	}
	return a, nil
}

// Endpoint is where a proxy takes chats: its base URL may end in /v1 or not.
func Endpoint(proxy string) (string, error) {
	u, err := url.Parse(strings.TrimRight(proxy, "/"))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", errors.New("the proxy's URL must start with http:// or https:// and name a host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("the proxy's URL must not hold a user, a query or a fragment")
	}
	u.Path = strings.TrimSuffix(u.Path, "/v1") + "/v1/chat/completions"
	return u.String(), nil
}
