package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tailer/ship/shiptest"
)

// outboxOf is how many traces wait for each sink, as tailer state show says.
func outboxOf(t *testing.T, state string) map[string]int {
	t.Helper()
	var doc struct {
		Outbox []struct {
			Sink  string
			Items int
		}
	}
	if err := json.Unmarshal([]byte(command{args: []string{"state", "show", "--json", "--state", state}}.succeed(t).stdout), &doc); err != nil {
		t.Fatal(err)
	}
	waits := map[string]int{}
	for _, o := range doc.Outbox {
		waits[o.Sink] = o.Items
	}
	return waits
}

// TestNewKey follows a log with a key pair that is refused, until the log is gone, and
// then with a new one: what waited arrives, once. A backfill leaves it alone, and
// tells of it.
func TestNewKey(t *testing.T) {
	t.Parallel()
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	c := openCapture(t, "1.109.1/json-standard-payload")
	dir := t.TempDir()
	state, log := filepath.Join(dir, "state"), writeFile(t, filepath.Join(dir, "proxy.log"), nil)
	s := &running{t: t, dir: dir, args: []string{"--visible-after", "200ms", log}, env: []string{
		"LANGFUSE_HOST=" + server.URL, "LANGFUSE_PUBLIC_KEY=pk-lf-old", "LANGFUSE_SECRET_KEY=sk-lf-old",
	}}
	s.start()
	s.until("the log is followed", func() bool { return fileHas(filepath.Join(state, "checkpoint.json"), "proxy.log") })
	writeFile(t, log, c.text(t, "proxy.log"))
	s.until("a refusal", func() bool {
		for _, request := range server.Requests() {
			if request.Path != shiptest.Health {
				return true
			}
		}
		return false
	})
	s.signal(syscall.SIGKILL)
	s.wait()
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	former := "langfuse " + server.URL + " pk-lf-old"
	waits := outboxOf(t, state)
	if len(waits) != 1 || waits[former] == 0 {
		t.Fatalf("there waits %v", waits)
	}
	shown := command{args: []string{"state", "show", "--state", state}}.succeed(t).stdout
	if !strings.Contains(shown, former) {
		t.Errorf("state show says %s", shown)
	}

	other := writeFile(t, filepath.Join(dir, "other.log"), nil)
	told := command{args: []string{"backfill", "--state", state, other}, env: keys(server)}.succeed(t).stderr
	if !strings.Contains(told, "traces wait for a sink that is not configured") || !strings.Contains(told, "state show") || len(server.Spans()) > 0 {
		t.Errorf("%d spans came of a backfill, which says %s", len(server.Spans()), told)
	}

	s.env = []string{"LANGFUSE_HOST=" + server.URL, "LANGFUSE_PUBLIC_KEY=" + shiptest.PublicKey, "LANGFUSE_SECRET_KEY=" + shiptest.SecretKey}
	s.start()
	s.until("what waited", func() bool { return len(server.Spans()) >= waits[former] })
	s.signal(syscall.SIGTERM)
	s.wait()
	if !strings.Contains(s.stderr.String(), "go to the configured one") || strings.Contains(s.stderr.String(), "not configured") {
		t.Errorf("it says\n%s", s.stderr)
	}
	for id, n := range server.Spans() {
		if n != 1 {
			t.Errorf("span %s was stored %d times", id, n)
		}
	}
	if waits := outboxOf(t, state); len(waits) > 0 {
		t.Errorf("there still waits %v", waits)
	}
}

func fileHas(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && strings.Contains(string(b), text)
}
