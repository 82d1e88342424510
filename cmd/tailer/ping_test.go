package main_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// pinged is what `tailer ping --json` prints.
type pinged struct {
	OK    bool
	Steps []struct{ Name, State, Detail string }
}

func (p *pinged) step(name string) (state, detail string) {
	for _, s := range p.Steps {
		if s.Name == name {
			return s.State, s.Detail
		}
	}
	return "", ""
}

// TestPing looks at servers of each version, well and ill.
func TestPing(t *testing.T) {
	for _, row := range []struct {
		name, version string
		prepare       func(*shiptest.Server)
		args          []string
		secret        string
		code          int
		want          map[string]string // by step: its state, and a word of its detail
	}{
		{name: "v2", version: "2.95.12", args: []string{"--canary"}, want: map[string]string{"version": "ok 2.95.12", "keys": `ok "test"`, "write mode": "ok legacy", "way": "ok ingestion", "retention": "ok no limit", "canary": "ok whole"}},
		{name: "v3", version: "3.225.4", args: []string{"--canary"}, want: map[string]string{"write mode": "ok legacy", "way": "ok otlp", "canary": "ok whole"}},
		{name: "v4", version: "4.16.0", args: []string{"--canary"}, want: map[string]string{"write mode": "ok events_only", "way": "ok otlp", "canary": "ok whole"}},
		{name: "v4's bridge", version: "4.16.0", prepare: (*shiptest.Server).MakeDual, want: map[string]string{"write mode": "ok dual"}},
		{name: "retention", version: "4.16.0", prepare: func(s *shiptest.Server) { s.Keep(14) }, want: map[string]string{"retention": "warning 14 days"}},
		{name: "wrong keys", version: "4.16.0", secret: "sk-lf-wrong-key", code: 12, want: map[string]string{"version": "ok 4.16.0", "keys": "failed Invalid credentials", "write mode": ""}},
		{name: "ingestion into v4", version: "4.16.0", args: []string{"--api", "ingestion"}, code: 1, want: map[string]string{"way": "failed otlp"}},
		{name: "unhealthy", version: "3.225.4", prepare: func(s *shiptest.Server) { s.Fail(shiptest.Fault{Path: shiptest.Health, Status: 503, Times: -1}) }, code: 1, want: map[string]string{"server": "failed 503", "keys": ""}},
		{name: "a web site", version: "3.225.4", prepare: func(s *shiptest.Server) {
			s.Fail(shiptest.Fault{Path: shiptest.Health, Status: 200, Times: -1, ContentType: "text/html", Body: "<html>"})
		}, code: 1, want: map[string]string{"server": "failed base URL"}},
		{name: "canary refused", version: "4.16.0", args: []string{"--canary"}, prepare: func(s *shiptest.Server) { s.Fail(shiptest.Fault{Path: shiptest.Traces, Status: 500, Times: -1}) }, code: 1, want: map[string]string{"canary": "failed 500"}},
		{name: "canary lost", version: "4.16.0", args: []string{"--canary", "--wait", "2s"}, prepare: func(s *shiptest.Server) { s.ShowAfter(time.Hour) }, code: 1, want: map[string]string{"canary": "failed worker"}},
		{name: "canary without user", version: "3.225.4", args: []string{"--canary", "--wait", "5s"}, prepare: func(s *shiptest.Server) { s.Forget("userId") }, want: map[string]string{"canary": "warning without user"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := shiptest.New(row.version)
			defer server.Close()
			server.ShowAfter(0)
			if row.prepare != nil {
				row.prepare(server)
			}
			env := keys(server)
			if row.secret != "" {
				env["LANGFUSE_SECRET_KEY"] = row.secret
			}
			r := command{args: append([]string{"ping", "--json"}, row.args...), env: env}.exit(t, row.code)
			var got pinged
			if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
				t.Fatal(err)
			}
			for name, want := range row.want {
				state, detail := got.step(name)
				wantState, word, _ := strings.Cut(want, " ")
				if state != wantState || !strings.Contains(detail, word) {
					t.Errorf("%s: %s %s, want %s", name, state, detail, want)
				}
			}
			if got.OK != (row.code == 0) {
				t.Errorf("ok %v", got.OK)
			}
			if row.secret != "" && strings.Contains(r.stdout+r.stderr, row.secret) {
				t.Error("the key is told")
			}
			text := command{args: append([]string{"ping"}, row.args...), env: env}.run(t)
			if state, _ := got.step("server"); !strings.Contains(text.stdout, state+" ") || text.code != row.code {
				t.Errorf("text, exit code %d:\n%s", text.code, text.stdout)
			}
		})
	}
	command{args: []string{"ping"}}.exit(t, 2)
	command{args: []string{"ping", "x"}}.exit(t, 2)
	command{args: []string{"ping", "--host", "http://127.0.0.1:1", "--public-key", "a", "--secret-key", "b"}}.exit(t, 1)
}
