package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// TestUsage shows mistakes on the command line: exit code 2, a message that says
// what is wrong, and nothing written.
func TestUsage(t *testing.T) {
	c := openCapture(t, "1.109.1/text-info")
	log := c.log("proxy.log")
	for _, test := range []struct {
		name string
		args []string
		env  map[string]string
		says string
	}{
		{name: "unknown flag", args: []string{"backfill", "--frobnicate", log}, says: "frobnicate"},
		{name: "unknown flag before the command", args: []string{"--frobnicate", "backfill", log}, says: "frobnicate"},
		{name: "flag after a file", args: []string{"backfill", log, "--dry-run"}, says: "flags come before the files: --dry-run"},
		{name: "flag after a file, short", args: []string{"backfill", log, "-x"}, says: "flags come before the files: -x"},
		{name: "a file without a command", args: []string{log}, says: "tailer backfill " + log},
		{name: "no input", args: []string{"backfill"}, says: "no log given"},
		{name: "missing file", args: []string{"backfill", "no-such.log"}, says: "no-such.log"},
		{name: "glob without a match", args: []string{"backfill", "*.nothing"}, says: "*.nothing"},
		{name: "no such day", args: []string{"backfill", "--date", "2026-02-30", log}, says: "--date"},
		{name: "no such zone", args: []string{"backfill", "--timezone", "Mars/Olympus", log}, says: "--timezone"},
		{name: "no such time", args: []string{"backfill", "--since", "yesterday", log}, says: "--since"},
		{name: "negative duration", args: []string{"backfill", "--give-up", "-1s", log}, says: "--give-up"},
		{name: "unknown sink", args: []string{"backfill", "--to", "kafka:x", log}, says: "kafka:x"},
		{name: "file sink without a path", args: []string{"backfill", "--to", "file:", log}, says: "file:"},
		{name: "langfuse without keys", args: []string{"backfill", "--to", "langfuse", log}, says: "LANGFUSE_PUBLIC_KEY"},
		{name: "no such env file", args: []string{"backfill", "--env-file", "no-such.env", log}, says: "no-such.env"},
		{
			name: "no such api", args: []string{"backfill", "--api", "grpc", log}, says: "grpc",
			env: map[string]string{"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_HOST": "http://127.0.0.1:1"},
		},
		{
			name: "host without a scheme", args: []string{"backfill", log}, says: "http://",
			env: map[string]string{"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_HOST": "127.0.0.1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := command{args: test.args, env: test.env, dir: dir}.exit(t, 2)
			if !strings.Contains(r.stderr, test.says) {
				t.Errorf("stderr does not say %q:\n%s", test.says, r.stderr)
			}
			if n := strings.Count(r.stderr, "\n"); n > 3 {
				t.Errorf("a mistake is told in %d lines:\n%s", n, r.stderr)
			}
			nothingWritten(t, dir)
		})
	}
}

// nothingWritten demands an empty folder.
func nothingWritten(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s was written", entry.Name())
	}
}

// TestHelp names the exit codes and every flag's default, on stdout.
func TestHelp(t *testing.T) {
	t.Parallel()
	r := command{args: []string{"--help"}}.succeed(t)
	for _, want := range []string{"backfill", "130", "12"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("help does not mention %q", want)
		}
	}
	r = command{args: []string{"backfill", "--help"}}.succeed(t)
	for _, want := range []string{"--to", "--dry-run", "--since", "--until", "--date", "--timezone", "--give-up", "--retry-for", "--dead-letters", "--json", "--env-file", "LANGFUSE_SECRET_KEY"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("help of backfill does not mention %q", want)
		}
	}
}

// TestPoison has the server refuse one trace. It becomes a dead letter; every
// other one is stored.
func TestPoison(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	var whole []trace
	var lines []string
	t.Run("without", func(t *testing.T) {
		output := c.backfill(t, c.log("proxy.log"))
		whole, lines = readTraces(t, output), strings.Split(string(output), "\n")
	})
	if len(whole) < 3 {
		t.Fatalf("%d traces", len(whole))
	}
	const sick = 2
	for _, version := range []string{"4.16.0", "3.225.4", "2.95.11"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := shiptest.New(version)
			defer server.Close()
			poisoned := whole[sick].root().TraceID
			server.Poison(poisoned, 400)
			dir := t.TempDir()
			args := append([]string{"backfill", "--json"}, c.flags()...)
			r := command{args: append(args, c.log("proxy.log")), env: keys(server), dir: dir}.exit(t, 3)
			var letter struct {
				Reason string          `json:"reason"`
				Status int             `json:"status"`
				Trace  json.RawMessage `json:"trace"`
			}
			letters := readFile(t, filepath.Join(dir, "dead-letters.jsonl"))
			if bytes.Count(letters, []byte("\n")) != 1 {
				t.Fatalf("want one dead letter:\n%s", letters)
			}
			if err := json.Unmarshal(letters, &letter); err != nil {
				t.Fatal(err)
			}
			if letter.Status != 400 || letter.Reason == "" || string(letter.Trace) != lines[sick] {
				t.Errorf("dead letter: status %d, reason %q, %s", letter.Status, letter.Reason, difference(lines[sick], string(letter.Trace)))
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
			for _, tr := range whole {
				if id := tr.root().TraceID; stored[id] == (id == poisoned) {
					t.Errorf("trace %s stored: %v", id, stored[id])
				}
			}
			told := readReport(t, r)
			if told["dead_lettered"] != 1.0 || told["delivered"] != float64(len(whole)-1) || told["pending"] != 0.0 {
				t.Errorf("report: %v dead-lettered, %v delivered, %v pending", told["dead_lettered"], told["delivered"], told["pending"])
			}
		})
	}
}

// readReport reads the JSON line at the end of a run.
func readReport(t *testing.T, r result) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	var told map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &told); err != nil {
		t.Fatalf("report is not JSON: %v: %s", err, r.stdout)
	}
	return told
}

// TestWrongKeys stops at once: no retry helps.
func TestWrongKeys(t *testing.T) {
	for _, version := range []string{"4.16.0", "3.225.4", "2.95.11"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, "1.109.1/docker-json")
			server := shiptest.New(version)
			defer server.Close()
			env, dir := keys(server), t.TempDir()
			env["LANGFUSE_SECRET_KEY"] = "sk-lf-of-another-project"
			env["XDG_STATE_HOME"] = t.TempDir()
			args := append([]string{"backfill"}, c.flags()...)
			r := command{args: append(args, c.log("proxy.log")), env: env, dir: dir}.exit(t, 12)
			if strings.Contains(r.stderr+r.stdout, env["LANGFUSE_SECRET_KEY"]) {
				t.Error("the key is told")
			}
			posts := 0
			for _, request := range server.Requests() {
				if request.Path != shiptest.Health {
					posts++
				}
			}
			if posts != 1 {
				t.Errorf("%d requests with wrong keys, want 1", posts)
			}
			nothingWritten(t, dir)
		})
	}
}

// TestFailures ends with exit code 1 what neither the user nor the server caused.
func TestFailures(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	flags := append([]string{"backfill", "--retry-for", "50ms"}, c.flags()...)
	t.Run("output folder missing", func(t *testing.T) {
		t.Parallel()
		r := command{args: append(flags[:len(flags):len(flags)], "--to", "file:no-such/spans.jsonl", c.log("proxy.log"))}.exit(t, 1)
		if !strings.Contains(r.stderr, "no-such/spans.jsonl") {
			t.Errorf("stderr does not name the file:\n%s", r.stderr)
		}
	})
	t.Run("disk full", func(t *testing.T) {
		t.Parallel()
		if !exists("/dev/full") {
			t.Skip("no /dev/full on this system")
		}
		r := command{args: append(flags[:len(flags):len(flags)], "--to", "file:/dev/full", c.log("proxy.log"))}.exit(t, 1)
		if !strings.Contains(r.stderr, "no space left") {
			t.Errorf("stderr does not say why:\n%s", r.stderr)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		server := shiptest.New("4.16.0")
		env := keys(server)
		server.Close()
		command{args: append(flags[:len(flags):len(flags)], c.log("proxy.log")), env: env}.exit(t, 1)
	})
	t.Run("input not readable", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() == 0 {
			t.Skip("root may read everything")
		}
		path := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), nil)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		command{args: []string{"backfill", path}}.exit(t, 1)
	})
}

// TestInterrupt sends SIGINT to a program that waits for the rest of a pipe. All
// that it has read by then is delivered from standard input, which cannot be
// read again.
func TestInterrupt(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	text := c.text(t, "proxy.log")
	for _, test := range []struct {
		name  string
		stdin bool
	}{{"standard input", true}, {"named pipe", false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fifo, out := filepath.Join(dir, "pipe"), filepath.Join(dir, "spans.jsonl")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Skipf("no named pipes here: %v", err)
			}
			pipe, err := os.OpenFile(fifo, os.O_RDWR, 0) // waits for no reader, and keeps the pipe open
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = pipe.Close() }()
			run := command{args: append([]string{"backfill", "--to", "file:" + out}, c.flags()...), dir: dir, limit: 15 * time.Second}
			if test.stdin {
				run.args, run.stdin = append(run.args, "-"), pipe
			} else {
				run.args = append(run.args, fifo)
			}
			var interrupted time.Time
			run.started = func(p *os.Process) {
				if _, err := pipe.Write(text); err != nil { // returns when all but a pipe's buffer was read
					t.Error(err)
				}
				interrupted = time.Now()
				if err := p.Signal(os.Interrupt); err != nil {
					t.Error(err)
				}
			}
			run.exit(t, 130)
			if took := time.Since(interrupted); took > 10*time.Second {
				t.Errorf("ended %v after the signal", took)
			}
			output := readFile(t, out)
			checkForm(t, output)
			if test.stdin && len(output) == 0 {
				t.Error("nothing was delivered")
			}
		})
	}
}
