package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"tailer/ship/ledger"
	"tailer/ship/shiptest"
)

const deliveredCapture = "1.109.1/docker-json"

// onceEach demands that a server keeps so many spans, each stored once.
func onceEach(t *testing.T, server *shiptest.Server, spans int) {
	t.Helper()
	for id, n := range server.Spans() {
		if n != 1 {
			t.Errorf("span %s was stored %d times", id, n)
		}
	}
	if len(server.Spans()) != spans || spans == 0 {
		t.Errorf("%d spans, want %d", len(server.Spans()), spans)
	}
}

// The same log twice, a copy of it, and a new ledger: v4 gets each request once.
func TestSentOnce(t *testing.T) {
	t.Parallel()
	c := openCapture(t, deliveredCapture)
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	dir, other := t.TempDir(), t.TempDir()
	backfill := func(dir string, more ...string) map[string]any {
		t.Helper()
		args := append(append([]string{"backfill", "--json"}, c.flags()...), more...)
		return readReport(t, command{args: args, env: keys(server), dir: dir}.succeed(t))
	}
	log := c.log("proxy.log")
	first := backfill(dir, log)
	spans := len(server.Spans())
	copied := writeFile(t, filepath.Join(dir, "copy.log"), c.text(t, "proxy.log"))
	for name, told := range map[string]map[string]any{
		"again": backfill(dir, log), "another file": backfill(dir, copied), "another ledger": backfill(other, log),
	} {
		if told["delivered"] != 0.0 || told["duplicates_avoided"] != first["delivered"] || told["duplicates_changed"] != 0.0 {
			t.Errorf("%s: %v delivered, %v avoided, %v changed; first %v delivered", name,
				told["delivered"], told["duplicates_avoided"], told["duplicates_changed"], first["delivered"])
		}
	}
	onceEach(t, server, spans)
	if told := backfill(t.TempDir(), "--reconcile=false", log); told["delivered"] != first["delivered"] {
		t.Errorf("without reconciling: %v delivered", told["delivered"])
	}
}

// A file with a ledger gets each request once, and all of them again once it was
// removed.
func TestFileWithLedger(t *testing.T) {
	t.Parallel()
	c := openCapture(t, deliveredCapture)
	dir := t.TempDir()
	out := filepath.Join(dir, "out.jsonl")
	want := c.backfill(t, c.log("proxy.log"))
	args := append([]string{"backfill", "--state", filepath.Join(dir, "state"), "--to", "file:" + out}, c.flags()...)
	for i, remove := range []bool{false, false, true} {
		if remove {
			if err := os.Remove(out); err != nil {
				t.Fatal(err)
			}
		}
		command{args: append(args, c.log("proxy.log"))}.succeed(t)
		if !bytes.Equal(readFile(t, out), want) {
			t.Errorf("run %d: the file is not as without a ledger", i+1)
		}
	}
}

// A second tailer with the same ledger does not start.
func TestLedgerInUse(t *testing.T) {
	t.Parallel()
	c := openCapture(t, deliveredCapture)
	server := shiptest.New("4.16.0")
	defer server.Close()
	dir := t.TempDir()
	db, err := ledger.Open(filepath.Join(dir, "ledger.db"), ledger.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	args := append([]string{"backfill", "--state", dir}, c.flags()...)
	r := command{args: append(args, c.log("proxy.log")), env: keys(server)}.exit(t, 11)
	if !strings.Contains(r.stderr, "ledger.db") || len(server.Spans()) > 0 {
		t.Errorf("%d spans sent, told %s", len(server.Spans()), r.stderr)
	}
}

// Several sinks at once take the same spans, and OTLP goes anywhere, with headers.
func TestSeveralSinks(t *testing.T) {
	t.Parallel()
	c := openCapture(t, deliveredCapture)
	server := shiptest.New("4.16.0")
	defer server.Close()
	var requests, authorized atomic.Int64
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.URL.Path == "/v1/traces" && r.Header.Get("Authorization") == "Bearer a b" && r.Header.Get("X-Tenant") == "t" {
			authorized.Add(1)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer back.Close()
	dir := t.TempDir()
	env := keys(server)
	env["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20a%20b,x-tenant=none"
	args := append([]string{"backfill", "--to", "langfuse", "--to", "otlp:" + back.URL, "--to", "file:out.jsonl", "--header", "x-tenant=t", "--json"}, c.flags()...)
	told := readReport(t, command{args: append(args, c.log("proxy.log")), env: env, dir: dir}.succeed(t))
	onceEach(t, server, len(server.Spans()))
	out := readFile(t, filepath.Join(dir, "out.jsonl"))
	if !bytes.Equal(out, c.backfill(t, c.log("proxy.log"))) {
		t.Error("the file differs from that of a backfill into a file alone")
	}
	if requests.Load() == 0 || requests.Load() != authorized.Load() {
		t.Errorf("%d requests, %d with the headers", requests.Load(), authorized.Load())
	}
	if told["delivered"] != float64(bytes.Count(out, []byte("\n"))) {
		t.Errorf("%v delivered", told["delivered"])
	}
}

// Beside LiteLLM's callback tailer adds to its traces, and counts.
func TestModeAuto(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.98.1/text-detailed")
	for version, want := range map[string]string{"3.225.4": "upserted", "4.16.0": "own"} {
		server := shiptest.New(version)
		defer server.Close()
		args := append([]string{"backfill", "--mode", "auto", "--json"}, c.flags()...)
		told := readReport(t, command{args: append(args, c.log("proxy.log")), env: keys(server)}.succeed(t))
		beside, _ := told["beside_callback"].(map[string]any)
		if n, _ := beside[want].(float64); n == 0 {
			t.Errorf("%s: %v", version, beside)
		}
	}
}

// Where nothing was ever rejected there is no file, and that is well; a file that
// was named must be there.
func TestNoDeadLetters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := command{args: []string{"deadletter", "list", "--state", dir}, dir: dir}.succeed(t)
	if r.stdout != "" || !strings.HasPrefix(r.stderr, "No dead letters") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	command{args: []string{"deadletter", "list", filepath.Join(dir, "mistyped.jsonl")}, dir: dir}.exit(t, 1)
}

// A dead letter is listed with its reason, and leaves the file once it is taken.
func TestDeadLetterCommand(t *testing.T) {
	t.Parallel()
	c := openCapture(t, deliveredCapture)
	whole := readTraces(t, c.backfill(t, c.log("proxy.log")))
	for _, version := range []string{"4.16.0", "2.95.11"} {
		t.Run(version, func(t *testing.T) {
			server := shiptest.New(version)
			defer server.Close()
			poisoned, other := whole[1].root().TraceID, whole[2].root().TraceID
			server.Poison(poisoned, 400)
			server.Poison(other, 400)
			dir := t.TempDir()
			letters := filepath.Join(dir, "dead-letters.jsonl")
			args := append([]string{"backfill"}, c.flags()...)
			command{args: append(args, c.log("proxy.log")), env: keys(server), dir: dir}.exit(t, 3)
			r := command{args: []string{"deadletter", "list", letters}, dir: dir}.succeed(t)
			if strings.Count(r.stdout, "\n") != 2 || !strings.Contains(r.stdout, poisoned+"  400  langfuse ") {
				t.Errorf("list: %s", r.stdout)
			}
			command{args: append(args, c.log("proxy.log")), env: keys(server), dir: dir}.succeed(t) // what is refused is known
			server.Poison(poisoned, 0)
			r = command{args: []string{"deadletter", "retry", letters}, env: keys(server), dir: dir}.exit(t, 3)
			if !strings.Contains(r.stderr, "1 letter taken, 1 refused again") {
				t.Errorf("retry: %s", r.stderr)
			}
			r = command{args: []string{"deadletter", "list", "--json", letters}, dir: dir}.succeed(t)
			var letter struct {
				Trace string `json:"trace_id"`
			}
			if err := json.Unmarshal([]byte(r.stdout), &letter); err != nil || letter.Trace != other {
				t.Errorf("left: %s, %v", r.stdout, err)
			}
			server.Poison(other, 0)
			r = command{args: []string{"deadletter", "retry", "--json", letters}, env: keys(server), dir: dir}.succeed(t)
			if want := `{"known_to_be_there":0,"refused_again":0,"taken":1}`; strings.TrimSpace(r.stdout) != want {
				t.Errorf("retry --json: %s, want %s", r.stdout, want)
			}
			if info, err := os.Stat(letters); err != nil || info.Size() != 0 {
				t.Errorf("letters are left: %v", err)
			}
			stored := map[string]bool{}
			for id := range server.Spans() {
				stored[id[:32]] = true
			}
			for _, event := range server.Bodies() {
				if id, ok := event.Body["traceId"].(string); ok {
					stored[id] = true
				}
			}
			if len(stored) != len(whole) {
				t.Errorf("%d traces are stored, want %d", len(stored), len(whole))
			}
		})
	}
}
