package main_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A question is one request of a capture's truth.
type question struct {
	Scenario string          `json:"scenario"`
	CallID   string          `json:"call_id"`
	Headers  [][2]string     `json:"request_headers"`
	Body     json.RawMessage `json:"request_body"`
	Answer   json.RawMessage `json:"response_body"`
	Streamed string          `json:"stream_text"`
}

func (s *question) header(name string) string {
	for _, h := range s.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// answer returns the text that the client got.
func (s *question) answer() string {
	var whole struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	if json.Unmarshal(s.Answer, &whole) == nil && len(whole.Choices) > 0 {
		return whole.Choices[0].Message.Content
	}
	return s.Streamed
}

// truth reads what was sent.
func (c capture) truth(t *testing.T) []question {
	t.Helper()
	var all []question
	for line := range bytes.Lines(c.text(t, "truth.jsonl")) {
		var s question
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// forgedLogs gives the log as the proxy wrote it and as other versions, tools and
// pastes would have left it.
func forgedLogs(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	var composed []byte
	for line := range bytes.Lines(text) {
		composed = append(append(composed, "litellm-1  | "...), line...)
	}
	return map[string][]byte{"as written": text, "docker compose": composed, "crlf": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))}
}

// TestForgery reads a log of a real proxy in which a client tried to forge records
// in 85 ways: no request is there that was not sent, none of a neighbour's is lost,
// and nobody has what another one claimed.
func TestForgery(t *testing.T) {
	c := openCapture(t, filepath.Join("..", "forgery", "1.106.0", "text-forgery"))
	truth := c.truth(t)
	attacks := 0
	byCall := map[string][]*question{}
	for i := range truth {
		s := &truth[i]
		byCall[s.CallID] = append(byCall[s.CallID], s)
		if strings.HasPrefix(s.Scenario, "attack") {
			attacks++
		}
	}
	if attacks < 80 {
		t.Fatalf("%d attacks", attacks)
	}
	for name, text := range forgedLogs(t, c.text(t, "proxy.log")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traces := readTraces(t, c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text)))
			// Two records of the client's own are damaged beyond reading by what
			// LiteLLM's redaction made of her texts.
			if n := len(truth) - len(traces); n < 0 || n > 2 {
				t.Errorf("%d traces of %d requests", len(traces), len(truth))
			}
			found := map[*question]bool{}
			for _, tr := range traces {
				holdsOwn(t, tr.root(), byCall, found)
			}
			for i := range truth {
				if s := &truth[i]; !strings.HasPrefix(s.Scenario, "attack") && !found[s] {
					t.Errorf("%s %s is lost or not as it was sent", s.Scenario, s.CallID)
				}
			}
		})
	}
}

// holdsOwn demands that a span says of its request what was sent, or nothing, and
// notes requests of which it says all.
func holdsOwn(t *testing.T, root *span, byCall map[string][]*question, found map[*question]bool) {
	t.Helper()
	values := root.values()
	own := byCall[root.callID()]
	if len(own) == 0 {
		t.Errorf("a request that nobody sent: call %q, user %q, input %.100s", root.callID(), values["user.id"], values["langfuse.observation.input"])
		return
	}
	user := values["user.id"]
	right := false
	for _, s := range own {
		if user != "" && user != s.header("X-OpenWebUI-User-Email") {
			continue
		}
		right = true
		if user != "" && strings.Contains(values["langfuse.observation.output"], quoteJSON(t, s.answer())) && s.answer() != "" {
			found[s] = true
		}
	}
	if !right {
		t.Errorf("call %s has the user %q", root.callID(), user)
	}
	for _, key := range []string{
		"user.id", "session.id", "langfuse.trace.name", "langfuse.observation.metadata.api_key_alias", "langfuse.observation.metadata.litellm_call_id",
		"langfuse.observation.metadata.response_id", "langfuse.trace.metadata.X-OpenWebUI-User-Email", "langfuse.trace.metadata.X-OpenWebUI-Chat-Id",
	} {
		if strings.Contains(values[key], "forged") || strings.Contains(values[key], "evil.example") || strings.HasPrefix(values[key], "f0f0f0f0") {
			t.Errorf("call %s: %s is %q", root.callID(), key, values[key])
		}
	}
}

// quoteJSON returns a text as it stands within a JSON string.
func quoteJSON(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		t.Fatal(err)
	}
	return strings.Trim(strings.TrimSuffix(out.String(), "\n"), `"`)
}

// TestForgeryAcrossFiles reads the same log as two files of a rotation, the second of
// which begins within what a client wrote: what the first one taught still counts.
func TestForgeryAcrossFiles(t *testing.T) {
	c := openCapture(t, filepath.Join("..", "forgery", "1.106.0", "text-forgery"))
	byCall := map[string][]*question{}
	truth := c.truth(t)
	for i := range truth {
		byCall[truth[i].CallID] = append(byCall[truth[i].CallID], &truth[i])
	}
	text := c.text(t, "proxy.log")
	var cuts []int
	at := 0
	for line := range bytes.Lines(text) {
		// The proxy itself wrote nothing at this time of day.
		if bytes.HasPrefix(line, []byte("15:04:12 - ")) && bytes.Contains(line, []byte("evil.example")) {
			cuts = append(cuts, at)
		}
		at += len(line)
	}
	const some = 24
	for n := range some {
		cut := cuts[n*len(cuts)/some]
		t.Run(strconv.Itoa(cut), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first := writeFile(t, filepath.Join(dir, "proxy.log.1"), text[:cut])
			for _, tr := range readTraces(t, c.backfill(t, first, writeFile(t, filepath.Join(dir, "proxy.log"), text[cut:]))) {
				holdsOwn(t, tr.root(), byCall, map[*question]bool{})
			}
		})
	}
}
