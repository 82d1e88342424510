package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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

// TestOtherProject follows a log with keys of one project, whose server then fails. What
// waits is not for another project, nor for one that is not known, but for a new key pair
// of the same one.
func TestOtherProject(t *testing.T) {
	t.Parallel()
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	server.AddKey("pk-lf-other", "project-2")
	server.AddKey("pk-lf-new", "project-1")
	c := openCapture(t, "1.109.1/json-standard-payload")
	dir := t.TempDir()
	state, log := filepath.Join(dir, "state"), writeFile(t, filepath.Join(dir, "proxy.log"), c.text(t, "proxy.log"))
	s := &running{t: t, dir: dir, args: []string{"--visible-after", "200ms", log}}
	start := func(public string) {
		s.env = []string{"LANGFUSE_HOST=" + server.URL, "LANGFUSE_PUBLIC_KEY=" + public, "LANGFUSE_SECRET_KEY=" + shiptest.SecretKey}
		s.start()
	}
	stop := func(signal syscall.Signal) {
		s.signal(signal)
		s.wait()
	}
	server.Fail(shiptest.Fault{Path: shiptest.Traces, Status: 503, Times: -1})
	start(shiptest.PublicKey)
	former := "langfuse " + server.URL + " " + shiptest.PublicKey
	s.until("a failure after the project is known", func() bool {
		requests := server.Requests()
		asked := slices.IndexFunc(requests, func(r shiptest.Request) bool { return r.Path == shiptest.Projects })
		return asked >= 0 && slices.ContainsFunc(requests[asked:], func(r shiptest.Request) bool { return r.Path == shiptest.Traces })
	})
	stop(syscall.SIGKILL)
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	server.Heal()
	waits := outboxOf(t, state)[former]
	if waits == 0 {
		t.Fatal("nothing waits")
	}

	server.Fail(shiptest.Fault{Path: shiptest.Projects, Status: 503, Times: -1})
	for _, step := range []struct{ says, public string }{
		{"does not say now", "pk-lf-new"}, {"of another project", "pk-lf-other"},
	} {
		before := len(server.Requests())
		start(step.public)
		s.until("a question for the project", func() bool {
			return slices.ContainsFunc(server.Requests()[before:], func(r shiptest.Request) bool { return r.Path == shiptest.Projects })
		})
		stop(syscall.SIGTERM)
		if said := s.stderr.String(); !strings.Contains(said, step.says) || strings.Contains(said, "go to the configured one") {
			t.Errorf("it does not say %q but\n%s", step.says, said)
		}
		if n := outboxOf(t, state)[former]; n != waits || len(server.Spans()) > 0 {
			t.Errorf("%s: %d of %d still wait, %d spans came", step.says, n, waits, len(server.Spans()))
		}
		server.Heal()
	}
	start("pk-lf-new")
	s.until("what waited", func() bool { return len(server.Spans()) >= waits })
	stop(syscall.SIGTERM)
	if waits := outboxOf(t, state); len(waits) > 0 {
		t.Errorf("there still waits %v", waits)
	}
}

func fileHas(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && strings.Contains(string(b), text)
}
