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
	"time"

	"tailer/ship/shiptest"
)

// TestPrecedence sets the address of Langfuse in several places. Flags win over
// the environment, and that over the .env file.
func TestPrecedence(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	const file, environment, flag = 0, 1, 2
	for _, test := range []struct {
		name   string
		places []int
		ask    bool // for the file by its name
		wins   int
	}{
		{"file", []int{file}, false, file},
		{"file by name", []int{file}, true, file},
		{"environment", []int{environment}, false, environment},
		{"flag", []int{flag}, false, flag},
		{"environment over file", []int{file, environment}, false, environment},
		{"environment over file by name", []int{file, environment}, true, environment},
		{"flag over file", []int{file, flag}, false, flag},
		{"flag over environment", []int{environment, flag}, false, flag},
		{"all three", []int{file, environment, flag}, false, flag},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			servers := map[int]*shiptest.Server{}
			run := command{args: append([]string{"backfill"}, c.flags()...), dir: dir, env: map[string]string{}}
			for _, place := range test.places {
				server := shiptest.New("4.16.0")
				defer server.Close()
				servers[place] = server
				switch place {
				case file:
					name := ".env"
					if test.ask {
						name = "production.env"
						run.args = append(run.args, "--env-file", name)
					}
					text := "# where traces go\nLANGFUSE_HOST=" + server.URL + "\nLANGFUSE_PUBLIC_KEY=\"" + shiptest.PublicKey +
						"\"\nexport LANGFUSE_SECRET_KEY='" + shiptest.SecretKey + "'\n"
					writeFile(t, filepath.Join(dir, name), []byte(text))
				case environment:
					maps.Copy(run.env, keys(server))
				case flag:
					run.args = append(run.args, "--host", server.URL, "--public-key", shiptest.PublicKey, "--secret-key", shiptest.SecretKey)
				}
			}
			run.args = append(run.args, c.log("proxy.log"))
			run.succeed(t)
			for place, server := range servers {
				if got := len(server.Spans()) > 0; got != (place == test.wins) {
					t.Errorf("place %d got spans: %v", place, got)
				}
			}
			if exists(filepath.Join(dir, "traces.otlp.jsonl")) {
				t.Error("a file was written as well")
			}
		})
	}
}

// TestKeyFiles takes secrets from files, as container secrets come.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	server := shiptest.New("4.16.0")
	defer server.Close()
	secret := writeFile(t, filepath.Join(t.TempDir(), "secret"), []byte(shiptest.SecretKey+"\n"))
	command{args: append(append([]string{"backfill"}, c.flags()...), c.log("proxy.log")), env: map[string]string{
		"LANGFUSE_BASE_URL": server.URL, "LANGFUSE_PUBLIC_KEY": shiptest.PublicKey, "LANGFUSE_SECRET_KEY_FILE": secret,
	}}.succeed(t)
	if len(server.Spans()) == 0 {
		t.Error("no spans arrived")
	}
}

// TestDefaultOutput writes to a file in the working folder where no Langfuse is
// configured, readable by its owner only, and says so.
func TestDefaultOutput(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	dir := t.TempDir()
	r := command{args: append(append([]string{"backfill"}, c.flags()...), c.log("proxy.log")), dir: dir}.succeed(t)
	path := filepath.Join(dir, "traces.otlp.jsonl")
	if !bytes.Equal(readFile(t, path), c.backfill(t, c.log("proxy.log"))) {
		t.Error("the default file holds something else")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
	if !strings.Contains(r.stderr, "traces.otlp.jsonl") || !strings.Contains(r.stderr, "22 traces") {
		t.Errorf("stderr does not tell what was written where:\n%s", r.stderr)
	}
}

// TestToFileOverKeys sends nothing where the user asked for a file.
func TestToFileOverKeys(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	server := shiptest.New("4.16.0")
	defer server.Close()
	args := append([]string{"backfill", "--to", "file:spans.jsonl"}, c.flags()...)
	command{args: append(args, c.log("proxy.log")), env: keys(server)}.succeed(t)
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests to Langfuse", n)
	}
}

// TestAppend adds to an output that is there.
func TestAppend(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	dir := t.TempDir()
	path := writeFile(t, filepath.Join(dir, "spans.jsonl"), []byte("{}\n"))
	args := append([]string{"backfill", "--to", "file:" + path}, c.flags()...)
	command{args: append(args, c.log("proxy.log")), dir: dir}.succeed(t)
	if want := append([]byte("{}\n"), c.backfill(t, c.log("proxy.log"))...); !bytes.Equal(readFile(t, path), want) {
		t.Error("the file does not hold what it held, then the spans")
	}
}

// TestDryRun sends nothing and writes nothing, whatever is configured.
func TestDryRun(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	server := shiptest.New("4.16.0")
	defer server.Close()
	for _, sink := range []string{"", "langfuse", "file:spans.jsonl"} {
		dir := t.TempDir()
		args := append([]string{"backfill", "--dry-run"}, c.flags()...)
		if sink != "" {
			args = append(args, "--to", sink)
		}
		r := command{args: append(args, c.log("proxy.log")), env: keys(server), dir: dir}.succeed(t)
		nothingWritten(t, dir)
		for _, want := range []string{
			"Would send 22 traces (nothing was sent)", "dates from log stamps", "21 of 22 with a user",
			"header:x-openwebui-user-email", "taro.yamada@example.jp", "Trace 3 of 3", "X-OpenWebUI-Chat-Id",
		} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("--to %q: stdout does not say %q:\n%s", sink, want, r.stdout)
			}
		}
		if strings.Contains(r.stdout, "\x1b") {
			t.Error("stdout holds a control sequence")
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests to Langfuse", n)
	}
}

// TestRange keeps what began from --since on and before --until, in every form
// that a time may have.
func TestRange(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	var starts []time.Time
	for _, tr := range readTraces(t, c.backfill(t, c.log("proxy.log"))) {
		starts = append(starts, time.Unix(0, nanoseconds(tr.root().Start)).UTC())
	}
	slices.SortFunc(starts, time.Time.Compare)
	third := starts[3]
	for _, test := range []struct {
		name        string
		flags       []string
		from, until time.Time // what must come out; zero is open
	}{
		{"since, to the ns", []string{"--since", third.Format(time.RFC3339Nano)}, third, time.Time{}},
		{"until, to the ns", []string{"--until", third.Format(time.RFC3339Nano)}, time.Time{}, third},
		{"both", []string{"--since", third.Format(time.RFC3339Nano), "--until", starts[9].Format(time.RFC3339Nano)}, third, starts[9]},
		{"a second", []string{"--since", "2026-11-23T09:39:05"}, at(9, 39, 5), time.Time{}},
		{"with a blank", []string{"--since", "2026-11-23 09:39:05"}, at(9, 39, 5), time.Time{}},
		{"another zone", []string{"--since", "2026-11-23T10:39:05+01:00"}, at(9, 39, 5), time.Time{}},
		{"a minute", []string{"--until", "2026-11-23T09:40"}, time.Time{}, at(9, 40, 0)},
		{"a day", []string{"--since", "2026-11-23", "--until", "2026-11-24"}, at(0, 0, 0), time.Time{}},
		{"tomorrow", []string{"--since", "2026-11-24"}, at(23, 59, 59), time.Time{}},
		{"long ago", []string{"--since", "876000h"}, time.Time{}, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := 0
			for _, start := range starts {
				if !start.Before(test.from) && (test.until.IsZero() || start.Before(test.until)) {
					want++
				}
			}
			dir := t.TempDir()
			args := append(append([]string{"backfill", "--json", "--to", "file:spans.jsonl"}, c.flags()...), test.flags...)
			r := command{args: append(args, c.log("proxy.log")), dir: dir}.succeed(t)
			if got := bytes.Count(readFile(t, filepath.Join(dir, "spans.jsonl")), []byte("\n")); got != want {
				t.Errorf("%d traces, want %d", got, want)
			}
			told := readReport(t, r)
			if told["requests"] != float64(want) || told["requests_out_of_range"] != float64(len(starts)-want) {
				t.Errorf("report: %v requests, %v out of range; want %d and %d", told["requests"], told["requests_out_of_range"], want, len(starts)-want)
			}
		})
	}
}

// at is a time on the day of the capture.
func at(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 23, hour, minute, second, 0, time.UTC)
}

// TestReport reads the JSON line that ends a run.
func TestReport(t *testing.T) {
	c := openCapture(t, "1.109.1/docker-json")
	for _, test := range []struct {
		name string
		args []string
		out  func(r result) string
	}{
		{"spans to a file", []string{"--to", "file:spans.jsonl"}, func(r result) string { return r.stdout }},
		{"spans to stdout", []string{"--to", "-"}, func(r result) string { return r.stderr }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := append(append([]string{"backfill", "--json"}, c.flags()...), test.args...)
			r := command{args: append(args, c.log("proxy.log"))}.succeed(t)
			text := test.out(r)
			if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
				t.Fatalf("not one line: %q", text)
			}
			var told map[string]any
			if err := json.Unmarshal([]byte(text), &told); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{
				"inputs", "inputs_damaged", "bytes", "lines", "lines_cut", "records_torn", "records_damaged", "redactions_repaired",
				"requests", "requests_out_of_range", "requests_incomplete", "refusals_unidentified", "attempts_failed",
				"request_sides_unclaimed", "errors_unmatched", "delivered", "dead_lettered", "pending", "secrets_redacted", "seconds",
			} {
				if _, isNumber := told[key].(float64); !isNumber {
					t.Errorf("%s is %v, want a number", key, told[key])
				}
			}
			for _, key := range []string{"records", "users_by_source", "sessions_by_source"} {
				if _, isObject := told[key].(map[string]any); !isObject {
					t.Errorf("%s is %v, want an object", key, told[key])
				}
			}
			if told["requests"] != 22.0 || told["delivered"] != 22.0 || told["inputs"] != 1.0 || told["pending"] != 0.0 {
				t.Errorf("report: %s", text)
			}
		})
	}
}

// TestSeveralInputs tells of each input what is to be told, and reads on after
// one that holds nothing.
func TestSeveralInputs(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a-empty.log"), nil)
	writeFile(t, filepath.Join(dir, "b-noise.log"), []byte("hello\n"))
	writeFile(t, filepath.Join(dir, "c-proxy.log"), c.text(t, "proxy.log"))
	args := append([]string{"backfill", "--json", "--to", "file:spans.jsonl"}, c.flags()...)
	r := command{args: append(args, "c-proxy.log", "a-empty.log", "b-noise.log"), dir: dir}.succeed(t)
	told := readReport(t, r)
	notes, _ := told["notes"].([]any)
	if told["inputs"] != 3.0 || len(notes) != 2 {
		t.Errorf("inputs %v, notes %v", told["inputs"], notes)
	}
	sameLines(t, c.backfill(t, c.log("proxy.log")), readFile(t, filepath.Join(dir, "spans.jsonl")))
}
