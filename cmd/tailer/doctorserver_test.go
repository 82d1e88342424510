package main_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailer/ship/shiptest"
)

// TestDoctorServer asks servers of all versions. The log is four days old.
func TestDoctorServer(t *testing.T) {
	c := openCapture(t, "1.109.1/json-standard-payload")
	for _, test := range []struct {
		name, version string
		server        func(*shiptest.Server)
		env           map[string]string
		config        string
		want          string // besides the advice on the log; "": nothing
	}{
		{"v4", "4.16.0", nil, nil, "", ""},
		{"v3", "3.225.4", nil, nil, "", ""},
		{"v2", "2.95.12", nil, nil, "", "langfuse-version"},
		{"wrong keys", "4.16.0", nil, map[string]string{"LANGFUSE_SECRET_KEY": "sk-lf-wrong"}, "", "langfuse-keys"},
		{"nobody there", "4.16.0", (*shiptest.Server).Close, nil, "", "langfuse-unreachable"},
		{"retention of a day", "4.16.0", func(s *shiptest.Server) { s.Keep(1) }, nil, "", "langfuse-retention"},
		{"long retention", "4.16.0", func(s *shiptest.Server) { s.Keep(10000) }, nil, "", ""},
		{"ingestion into v4", "4.16.0", nil, nil, "langfuse:\n  api: ingestion\n", "langfuse-write-mode"},
		{"ingestion into dual v4", "4.16.0", (*shiptest.Server).MakeDual, nil, "langfuse:\n  api: ingestion\n", ""},
		{"upsert into v4", "4.16.0", nil, nil, "langfuse:\n  mode: upsert\n", "langfuse-write-mode"},
		{"no keys", "4.16.0", nil, map[string]string{"LANGFUSE_SECRET_KEY": ""}, "sinks: [{to: langfuse}]\n", "langfuse-no-keys"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := shiptest.New(test.version)
			defer server.Close()
			if test.server != nil {
				test.server(server)
			}
			env := keys(server)
			maps.Copy(env, test.env)
			run := command{dir: t.TempDir(), env: env}
			if test.config != "" {
				run.args = []string{"--config", writeFile(t, filepath.Join(run.dir, "tailer.yaml"), []byte(test.config))}
			}
			run.args = append(run.args, append(c.flags(), c.log("proxy.log"))...)
			want := []string{"log-payload-no-failures"}
			if test.want != "" {
				want = []string{test.want, "log-payload-no-failures"}
			}
			got := consult(t, run).ids()
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", got, want)
			}
			if n := len(server.Spans()) + len(server.Events()); n > 0 {
				t.Errorf("doctor wrote %d things", n)
			}
		})
	}
}

// TestDoctorServerTwice finds requests that LiteLLM and tailer have both written.
func TestDoctorServerTwice(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	server := shiptest.New("3.225.4")
	defer server.Close()
	command{args: append(append([]string{"backfill"}, c.flags()...), c.log("proxy.log")), env: keys(server)}.succeed(t)
	ask := command{args: append(c.flags(), c.log("proxy.log")), env: keys(server)}
	if got := consult(t, ask).ids(); slices.Contains(got, "langfuse-both-write") {
		t.Errorf("found %v before LiteLLM wrote", got)
	}
	server.Read(func(_ map[string]*shiptest.Trace, observations *[]*shiptest.Observation) {
		for _, o := range slices.Clone(*observations) {
			theirs := *o
			theirs.ID = "l" + o.ID[1:]
			theirs.Metadata = maps.Clone(o.Metadata)
			delete(theirs.Metadata, "tailer.version")
			*observations = append(*observations, &theirs)
		}
	})
	if got := consult(t, ask).ids(); !slices.Contains(got, "langfuse-both-write") {
		t.Errorf("found %v after LiteLLM wrote", got)
	}
}

// Whether Langfuse was asked is told: silence would look like health.
func TestDoctorTellsWhetherItAsked(t *testing.T) {
	t.Parallel()
	server := shiptest.New("4.16.0")
	defer server.Close()
	capture := openCapture(t, "1.98.1/json-standard-payload")
	for _, test := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"keys", keys(server), nil, "Langfuse: " + server.URL + " was asked\n"},
		{"no keys", nil, nil, "Langfuse: not asked, for no keys are set;"},
		{"offline", keys(server), []string{"--offline"}, "Langfuse: not asked (--offline)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append(append([]string{"doctor"}, test.args...), capture.log("proxy.log"))
			r := command{args: args, env: test.env, dir: t.TempDir()}.run(t)
			if !strings.Contains(r.stdout, test.want) {
				t.Errorf("%s\n%s", r.stdout, r.stderr)
			}
		})
	}
}
