package main_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// consulted is what `tailer doctor --json` prints.
type consulted struct {
	Findings []struct{ ID, Severity, Title, Where, Says, Change, Page string }
	Logs     []struct {
		LiteLLM  string
		Requests int
		WithUser int `json:"requests_with_user"`
	}
	Corrected []struct{ Name, Text string }
}

// consult runs doctor and reads its answer. It must end with 3 exactly where it
// tells of a problem.
func consult(t *testing.T, c command) consulted {
	t.Helper()
	c.args = append([]string{"doctor", "--json"}, c.args...)
	r := c.run(t)
	var told consulted
	if err := json.Unmarshal([]byte(r.stdout), &told); err != nil {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	want := 0
	for _, f := range told.Findings {
		if f.Severity != "advice" {
			want = 3
		}
		if f.Says == "" || f.Title == "" || f.Where == "" || f.Page != "docs/findings.md#"+f.ID {
			t.Errorf("incomplete finding: %+v", f)
		}
	}
	if r.code != want {
		t.Errorf("exit code %d, want %d\n%s", r.code, want, r.stderr)
	}
	return told
}

// ids returns the ids of what was found, sorted; several of one once.
func (c consulted) ids() []string {
	seen := map[string]bool{}
	for _, f := range c.Findings {
		seen[f.ID] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// TestDoctorOverCaptures knows of each capture what is wrong with how it was
// made. Nothing else may be found.
func TestDoctorOverCaptures(t *testing.T) {
	secrets, verbose, noFailures, unnamed, forgeable := "log-secrets", "log-set-verbose", "log-payload-no-failures", "log-refused-unnamed", "log-forgeable"
	for name, want := range map[string]struct {
		version string
		ids     []string
	}{
		"1.109.1/docker-json":                 {"1.109.1", []string{verbose}},
		"1.109.1/doctor-corrected":            {"1.109.1", nil},
		"1.109.1/json-detailed":               {"1.109.1", []string{unnamed, verbose}},
		"1.109.1/json-detailed-nocb":          {"1.99 or later", []string{"log-answers-untied"}},
		"1.109.1/json-redacted":               {"1.109.1", []string{unnamed, verbose}},
		"1.109.1/json-standard-payload":       {"1.99 or later", []string{noFailures}},
		"1.109.1/text-info":                   {"1.99 or later", []string{"log-level-info"}},
		"1.109.1/text-standard-payload-nocb":  {"1.99 or later", []string{forgeable, noFailures}},
		"1.61.20/docker-text":                 {"1.61.20", []string{secrets, verbose}},
		"1.61.20/text-standard-payload-debug": {"1.61.20", []string{unnamed, secrets}},
		"1.72.9/docker-text":                  {"1.72.9", []string{secrets, verbose}},
		"1.77.7/docker-text":                  {"1.77.7", []string{secrets, verbose}},
		"1.77.7/json-standard-payload":        {"before 1.84", nil},
		"1.77.7/text-standard-payload-nocb":   {"before 1.84", []string{forgeable}},
		"1.80.17/docker-text":                 {"1.80.17", []string{secrets, verbose}},
		"1.84.10/docker-json":                 {"1.84.10", []string{secrets, "log-session-collapse", verbose}},
		"1.98.1/doctor-named":                 {"1.98.1", []string{"log-session-collapse"}},
		"1.98.1/json-standard-payload":        {"1.98 to 1.108", []string{noFailures, "log-session-collapse"}},
		"1.98.1/text-detailed":                {"1.98.1", []string{unnamed, secrets, "log-session-collapse", verbose}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			told := consult(t, command{args: append(c.flags(), c.log("proxy.log"))})
			if got := told.ids(); !slices.Equal(got, want.ids) {
				t.Errorf("found %v, want %v", got, want.ids)
			}
			if got := told.Logs[0].LiteLLM; got != want.version {
				t.Errorf("LiteLLM %q, want %q", got, want.version)
			}
		})
	}
}

// TestDoctorOverOtherSettings reads logs that a proxy wrote in settings made for
// this test.
func TestDoctorOverOtherSettings(t *testing.T) {
	for name, want := range map[string][]string{
		"plain":                {"log-level-default"},
		"set-verbose":          {"log-set-verbose-only"},
		"debug-variable":       {"log-core-logger-off", "log-secrets"},
		"payload-noenterprise": {"log-payload-headers"},
		"owui-off":             {"log-payload-no-failures", "owui-forward-off"},
		"owui-renamed":         {"log-payload-no-failures", "owui-header-renamed"},
		"owui-jwt":             {"log-payload-no-failures", "owui-jwt"},
		"owui-jwt-debug":       {"log-answers-untied", "owui-jwt-redacted"},
		"key-header":           {"log-key-header"},
		"owui-no-chat-id":      {"log-payload-no-failures", "owui-no-chat-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := doctorCapture(t, name)
			told := consult(t, command{args: []string{"--date", "2026-11-27", "--timezone", "UTC", path}})
			if got := told.ids(); !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", got, want)
			}
		})
	}
}

// doctorCapture returns the log of a capture that was made for doctor.
func doctorCapture(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "doctor", name, "proxy.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// stdoutOf returns what a container's standard output alone held.
func (c capture) stdoutOf(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(c.text(t, "docker-json.log")) {
		var entry struct{ Log, Stream string }
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Stream == "stdout" {
			out.WriteString(entry.Log)
		}
	}
	return out.Bytes()
}

// TestDoctorOverWrongInput reads logs in a way in which they should not be read.
func TestDoctorOverWrongInput(t *testing.T) {
	text := func(name, file string) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return openCapture(t, name).text(t, file) }
	}
	stdout := func(name string) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return openCapture(t, name).stdoutOf(t) }
	}
	for _, test := range []struct {
		name  string
		text  func(*testing.T) []byte
		flags []string
		want  []string
	}{
		{"nothing", func(*testing.T) []byte { return nil }, nil, []string{"log-empty"}},
		{"a picture", func(*testing.T) []byte { return bytes.Repeat([]byte("\x89PNG\r\n\x1a\n\x00\x00\xff\xfe\n"), 100) }, nil, []string{"log-not-a-log"}},
		{"another program", func(*testing.T) []byte { return bytes.Repeat([]byte("nginx: all is well\n"), 10) }, nil, []string{"log-not-litellm"}},
		{"stdout alone, text, 1.61", stdout("1.61.20/docker-text"), nil, []string{"log-stdout-only"}},
		{"stdout alone, text, 1.77", stdout("1.77.7/docker-text"), nil, []string{"log-stdout-only"}},
		{"stdout alone, JSON, 1.84", stdout("1.84.10/docker-json"), nil, []string{"log-stdout-only"}},
		{"stdout alone, JSON, 1.109", stdout("1.109.1/docker-json"), nil, []string{"log-stderr-missing"}},
		{"another zone", text("1.109.1/json-standard-payload", "proxy.log"), []string{"--timezone", "America/New_York"}, []string{"log-clock-skew", "log-payload-no-failures"}},
		{"no date", text("1.109.1/text-info", "proxy.log"), nil, []string{"log-date-guessed", "log-level-info"}},
		{"newest first", func(t *testing.T) []byte {
			lines := bytes.SplitAfter(text("1.109.1/docker-json", "cri.log")(t), []byte("\n"))
			slices.Reverse(lines)
			return bytes.Join(lines, nil)
		}, nil, []string{"log-newest-first"}},
		{"journal without --all", func(t *testing.T) []byte {
			return journal(t, text("1.109.1/json-standard-payload", "proxy.log")(t))
		}, nil, []string{"log-lines-withheld", "log-payload-no-failures"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--timezone", "UTC"}, append(test.flags, "-")...)
			told := consult(t, command{args: args, stdin: bytes.NewReader(test.text(t))})
			for _, id := range test.want {
				if !slices.Contains(told.ids(), id) {
					t.Errorf("found %v, not %v", told.ids(), id)
				}
			}
		})
	}
}

// journal writes a log as `journalctl -o json` does, which puts null in place of
// what is longer than 4096 bytes.
func journal(t *testing.T, text []byte) []byte {
	t.Helper()
	const longest = 4096
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	for line := range bytes.Lines(text) {
		entry := map[string]any{"__REALTIME_TIMESTAMP": "1795426800000000", "_SYSTEMD_UNIT": "litellm.service", "MESSAGE": nil}
		if line = bytes.TrimSuffix(line, []byte("\n")); len(line) <= longest {
			entry["MESSAGE"] = string(line)
		}
		if err := e.Encode(entry); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// TestDoctorOverSeed looks at the configuration that tailer was first asked for,
// and at the one that doctor makes of it.
func TestDoctorOverSeed(t *testing.T) {
	c := openCapture(t, "1.98.1/text-detailed")
	told := consult(t, command{args: append(c.flags(), "--litellm-config", filepath.Join(c.dir, "config.yaml"), c.log("proxy.log"))})
	for _, id := range []string{
		"config-detailed-debug", "config-json-logs", "config-set-verbose", "config-tag-headers-case", "config-user-api-key-alias",
		"config-user-header-name", "owui-header-never-sent",
	} {
		if !slices.Contains(told.ids(), id) {
			t.Errorf("found %v, not %s", told.ids(), id)
		}
	}
	if len(told.Corrected) != 1 {
		t.Fatalf("%d corrected files, want 1", len(told.Corrected))
	}
	text := told.Corrected[0].Text
	for _, gone := range []string{"user_api_key_alias", "detailed_debug:", "set_verbose", "user_header_name", "X-OpenWebUI-Title"} {
		if strings.Contains(text, gone) {
			t.Errorf("the corrected configuration still has %s", gone)
		}
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "config.yaml"), []byte(text))
	if again := consult(t, command{args: []string{"--litellm-config", path}}); len(again.Findings) != 0 {
		t.Errorf("the corrected configuration has findings: %+v", again.Findings)
	}
}

// TestDoctorEnvironment looks at a configuration beside logs that show what the
// proxy's environment says.
func TestDoctorEnvironment(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "config.yaml"), []byte("model_list: []\nlitellm_settings:\n  num_retries: 1\n"))
	for _, row := range []struct {
		name string
		logs []string
		want []string
	}{
		{"none", nil, []string{"config-json-logs", "config-no-callback"}},
		{"payloads, JSON", []string{"1.109.1/json-standard-payload"}, nil},
		{"payloads, text", []string{"1.109.1/text-standard-payload-nocb"}, []string{"config-json-logs"}},
		{"debug, JSON", []string{"1.109.1/json-detailed-nocb"}, []string{"config-no-callback"}},
		{"both", []string{"1.109.1/json-standard-payload", "1.109.1/text-standard-payload-nocb"}, []string{"config-json-logs"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--offline", "--timezone", "UTC", "--litellm-config", path}
			for _, name := range row.logs {
				args = append(args, openCapture(t, name).log("proxy.log"))
			}
			var got []string
			for _, id := range consult(t, command{args: args}).ids() {
				if strings.HasPrefix(id, "config-") {
					got = append(got, id)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, row.want) {
				t.Errorf("found %v, want %v", got, row.want)
			}
		})
	}
}

// TestDoctorText reads what people read.
func TestDoctorText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "webui.env"), []byte("# people\nWEBUI_NAME=Chat\nENABLE_FORWARD_USER_INFO_HEADERS=1\n"))
	r := command{args: []string{"doctor", "--openwebui-env", "webui.env"}, dir: dir}.exit(t, 3)
	for _, want := range []string{
		"1 problem, 0 pieces of advice", "ERROR: no request names its user", "webui.env:3: It is set, but only the word true",
		"docs/findings.md#owui-forward-off", "# ---- webui.env, corrected ----\n# people\nWEBUI_NAME=Chat\nENABLE_FORWARD_USER_INFO_HEADERS=true\n",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("not said: %q\n%s", want, r.stdout)
		}
	}
	if r.stderr != "" {
		t.Errorf("stderr: %s", r.stderr)
	}
	command{args: []string{"doctor"}}.exit(t, 2)
	command{args: []string{"doctor", "--litellm-version", "two", "x"}}.exit(t, 2)
}

// TestDoctorHost looks at this machine: a log that others can read, a state
// folder that is a file, no Docker.
func TestDoctorHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openCapture(t, "1.109.1/json-standard-payload")
	log := writeFile(t, filepath.Join(dir, "proxy.log"), c.text(t, "proxy.log"))
	state := writeFile(t, filepath.Join(dir, "state"), nil)
	if err := os.Chmod(log, 0o644); err != nil {
		t.Fatal(err)
	}
	config := "sources:\n  - file: " + log + "\n  - docker: litellm\n    socket: " + filepath.Join(dir, "docker.sock") + "\n  - file: " +
		filepath.Join(dir, "gone.log") + "\nstate_dir: " + state + "\n"
	writeFile(t, filepath.Join(dir, "tailer.yaml"), []byte(config))
	told := consult(t, command{args: []string{"--config", "tailer.yaml", "--offline"}, dir: dir})
	want := []string{"host-docker-socket", "host-log-unreadable", "host-log-world", "host-state", "log-payload-no-failures"}
	if got := told.ids(); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
