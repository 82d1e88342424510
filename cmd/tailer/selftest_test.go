package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// fakeProxy answers as LiteLLM does, and writes a payload of a capture for each
// request, with the request's own headers, prompt, ids and times.
type fakeProxy struct {
	*httptest.Server
	mu      sync.Mutex // guards all below
	payload string
	log     *os.File
	n       int
	drops   []string // headers that do not reach the log
	status  int
	silent  bool // nothing is logged
}

var (
	loggedHeader  = regexp.MustCompile(`"(x-openwebui-[a-z-]+)": "([^"]*)"`)
	loggedSession = regexp.MustCompile(`"ws_[0-9a-f]+"`) // what LiteLLM takes for trace and session id
	loggedPrompt  = regexp.MustCompile(`"messages": \[\s*\{\s*"role": "user",\s*"content": ("[^"]*")`)
)

const proxyKey = "made-up-Proxy.Key.4711"

func newFakeProxy(t *testing.T, log string) *fakeProxy {
	t.Helper()
	p := &fakeProxy{status: http.StatusOK}
	for _, payload := range payloads(t) {
		if loggedPrompt.MatchString(payload) && strings.Contains(payload, `"/v1/chat/completions"`) {
			p.payload = payload
			break
		}
	}
	if p.payload == "" {
		t.Fatal("no payload of a chat")
	}
	var err error
	if p.log, err = os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.Close()
		_ = p.log.Close()
	})
	return p
}

func (p *fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var body struct {
		Messages []struct{ Content string }
	}
	if r.Header.Get("Authorization") != "Bearer "+proxyKey || json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Messages) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":{"message":"Authentication Error, Invalid proxy server token passed"}}`)
		return
	}
	p.n++
	call := fmt.Sprintf("5e1f7e57-0000-4000-8000-%012x", time.Now().UnixNano()&0xffffffffff|int64(p.n))
	w.Header().Set("x-litellm-call-id", call)
	w.WriteHeader(p.status)
	if p.silent {
		return
	}
	text := strings.ReplaceAll(p.payload, payloadCall.FindStringSubmatch(p.payload)[1], call)
	text = strings.ReplaceAll(text, payloadAnswer.FindStringSubmatch(text)[1], fmt.Sprintf("chatcmpl-%024x", p.n))
	text = strings.Replace(text, loggedPrompt.FindStringSubmatch(text)[1], fmt.Sprintf("%q", body.Messages[0].Content), 1)
	text = loggedHeader.ReplaceAllStringFunc(text, func(member string) string {
		name := loggedHeader.FindStringSubmatch(member)[1]
		for _, dropped := range p.drops {
			if dropped == name {
				return `"x-dropped": "yes"`
			}
		}
		return fmt.Sprintf("%q: %q", name, r.Header.Get(name))
	})
	text = loggedSession.ReplaceAllString(text, fmt.Sprintf("%q", r.Header.Get("X-OpenWebUI-Session-Id")))
	now := float64(time.Now().UnixMilli()) / 1000
	text = payloadTime.ReplaceAllStringFunc(text, func(member string) string {
		return fmt.Sprintf("%q: %.6f", payloadTime.FindStringSubmatch(member)[1], now)
	})
	_, _ = p.log.WriteString(text) // the test would not find it
}

// selftested is what `tailer selftest --json` prints.
type selftested struct {
	OK       bool
	Places   []string
	Requests []struct {
		Status                          int
		Log, Answer, Langfuse, Callback bool
		Fields                          []struct {
			Field   string
			Results []string
		}
	}
	Notes []string
}

// verdicts are the results of one place, by field.
func (s *selftested) verdicts(request, place int) map[string]string {
	all := map[string]string{}
	for _, line := range s.Requests[request].Fields {
		all[line.Field] = line.Results[place]
	}
	return all
}

// TestSelftest sends requests through a proxy that logs real records, and follows
// them into a server of each version.
func TestSelftest(t *testing.T) {
	for _, row := range []struct {
		name, version string
		prepare       func(*fakeProxy, *shiptest.Server)
		args          []string
		code          int
		want          string // verdict of every field in log and Langfuse, but for those below
		but           map[string]string
		note          string
	}{
		{name: "all is well", version: "4.16.0", args: []string{"--deliver"}, want: "ok"},
		{name: "v3", version: "3.225.4", args: []string{"--deliver"}, want: "ok"},
		{name: "v2", version: "2.95.12", args: []string{"--deliver"}, want: "ok"},
		{name: "a header is lost before the log", version: "4.16.0", args: []string{"--deliver"}, prepare: func(p *fakeProxy, _ *shiptest.Server) { p.drops = []string{"x-openwebui-user-role"} },
			code: 3, want: "ok", but: map[string]string{"X-OpenWebUI-User-Role": "missing"}},
		{name: "people are hidden", version: "4.16.0", args: []string{"--deliver", "--identity-mode", "drop"}, want: "hidden"},
		{name: "nobody delivers", version: "4.16.0", args: []string{"--wait", "2s"}, code: 3, note: "--deliver"},
		{name: "another log", version: "4.16.0", prepare: func(p *fakeProxy, _ *shiptest.Server) { p.silent = true }, code: 3, note: "is not in the log"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			log := filepath.Join(dir, "proxy.log")
			proxy := newFakeProxy(t, log)
			server := shiptest.New(row.version)
			defer server.Close()
			server.ShowAfter(0)
			if row.prepare != nil {
				proxy.mu.Lock() // another process asks it, which orders nothing
				row.prepare(proxy, server)
				proxy.mu.Unlock()
			}
			env := keys(server)
			env["LITELLM_API_KEY"] = proxyKey
			args := append([]string{"selftest", "--proxy", proxy.URL, "--model", "gpt-4o-mini", "--timezone", "UTC", "--wait", "20s", "--json"}, row.args...)
			r := command{args: append(args, log), env: env, dir: dir}.exit(t, row.code)
			var got selftested
			if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
				t.Fatalf("%v: %s", err, r.stderr)
			}
			if got.OK != (row.code == 0) || len(got.Requests) != 2 {
				t.Fatalf("%+v", got)
			}
			if strings.Contains(r.stdout+r.stderr, proxyKey) {
				t.Error("the key is told")
			}
			if row.note != "" && !strings.Contains(strings.Join(got.Notes, "\n"), row.note) {
				t.Errorf("notes %q", got.Notes)
			}
			for i := range got.Requests {
				if row.want == "" {
					continue
				}
				if q := got.Requests[i]; !q.Log || !q.Answer || !q.Langfuse || q.Callback || q.Status != 200 {
					t.Errorf("request %d: %+v", i+1, q)
				}
				for place := range 2 {
					verdicts := got.verdicts(i, place)
					if len(verdicts) != 10 {
						t.Fatalf("%d fields", len(verdicts))
					}
					for field, verdict := range verdicts {
						want := row.want
						if other, there := row.but[field]; there {
							want = other
						}
						if verdict != want {
							t.Errorf("request %d, %s, %s: %s, want %s", i+1, got.Places[place], field, verdict, want)
						}
					}
				}
			}
		})
	}
}

// TestSelftestText shows the table, and refuses what cannot be meant.
func TestSelftestText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "proxy.log")
	proxy := newFakeProxy(t, log)
	args := []string{"selftest", "--proxy", proxy.URL, "--model", "gpt-4o-mini", "--key", proxyKey, log}
	r := command{args: args, dir: dir}.succeed(t)
	for _, line := range []string{"X-OpenWebUI-User-Email   selftest-", "All fields arrived.", "only the log was looked at", "the proxy answered 200"} {
		if !strings.Contains(r.stdout, line) {
			t.Errorf("no %q in\n%s", line, r.stdout)
		}
	}
	args[6] = "wrong-key-0815"
	r = command{args: args, dir: dir}.exit(t, 3)
	if !strings.Contains(r.stdout, "answered 401") || strings.Contains(r.stdout+r.stderr, "wrong-key") {
		t.Errorf("%s", r.stdout)
	}
	for _, bad := range [][]string{
		{"selftest", log}, {"selftest", "--proxy", proxy.URL, log}, {"selftest", "--proxy", "x", "--model", "m", log},
		{"selftest", "--proxy", proxy.URL, "--model", "m", "none.log"}, {"selftest", "--proxy", proxy.URL, "--model", "m", log, log},
		{"selftest", "--proxy", proxy.URL, "--model", "m", "--deliver", log},
	} {
		command{args: bad, dir: dir}.exit(t, 2)
	}
	command{args: []string{"selftest", "--proxy", "http://127.0.0.1:1", "--model", "m", log}, dir: dir}.exit(t, 1)
}
