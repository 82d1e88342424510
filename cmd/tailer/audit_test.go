package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// auditReport is what `tailer audit --json` prints.
type auditReport struct {
	Langfuse struct{ Version, Project string }
	Hours    []struct {
		Hour        time.Time
		Requests    int
		Differences []struct{ Kind, ID, LogUser, User string }
	}
	Total struct {
		Requests, Found, Traces, Missing, Duplicate, Anonymous, Recent, Unexplained int
		DifferentUser                                                               int `json:"different_user"`
		WithoutUser                                                                 int `json:"without_user"`
		ByCallback                                                                  int `json:"by_callback"`
		CallbackLost                                                                int `json:"callback_lost"`
	}
	Repaired struct{ Delivered int }
	Notes    []string
}

// ids are what the report lists of one kind, sorted.
func (r *auditReport) ids(kind string) []string {
	var found []string
	for _, h := range r.Hours {
		for _, d := range h.Differences {
			if d.Kind == kind {
				found = append(found, d.ID)
			}
		}
	}
	slices.Sort(found)
	return found
}

var (
	payloadCall   = regexp.MustCompile(`"litellm_call_id": "([0-9a-f-]{36})"`)
	payloadAnswer = regexp.MustCompile(`"id": "(chatcmpl-[0-9a-f]+)"`)
	payloadTime   = regexp.MustCompile(`"(startTime|endTime|completionStartTime)": ([0-9.]+)`)
)

// payloads are documents of a capture that state a whole request each, with the
// headers of Open WebUI.
func payloads(t *testing.T) (payloads []string) {
	t.Helper()
	for _, text := range strings.Split(string(openCapture(t, "1.98.1/json-standard-payload").text(t, "proxy.log")), "\n{\n") {
		end := strings.Index(text, "\n}\n")
		if end > 0 && payloadCall.MatchString(text) && payloadAnswer.MatchString(text[:end]) && strings.Contains(text[:end], `"x-openwebui-user-email"`) && !strings.Contains(text[:end], "langfuse_") {
			text = text[:end]
			// Half of a payload is LiteLLM's price list, which nothing reads.
			if from := strings.Index(text, `"model_map_information": {`); from > 0 {
				const closing = "\n    }"
				to := from + strings.Index(text[from:], closing) + len(closing)
				text = text[:from] + `"model_map_information": null` + text[to:]
			}
			payloads = append(payloads, "{\n"+text+"\n}\n")
		}
	}
	if len(payloads) < 20 {
		t.Fatalf("only %d payloads", len(payloads))
	}
	return payloads
}

// amplified makes a log of count requests from the payloads of a capture: each with
// ids of its own, nine seconds after the last.
func amplified(t *testing.T, count int) []byte {
	t.Helper()
	payloads := payloads(t)
	var log strings.Builder
	const base = 1795425600 // 2026-11-23T09:20:00Z
	for n := range count {
		text := payloads[n%len(payloads)]
		call, answer := payloadCall.FindStringSubmatch(text)[1], payloadAnswer.FindStringSubmatch(text)[1]
		text = strings.ReplaceAll(text, call, fmt.Sprintf("7a9abb74-2934-421c-9b75-%012x", n))
		text = strings.ReplaceAll(text, answer, fmt.Sprintf("chatcmpl-%024x", n))
		start := 0.0
		log.WriteString(payloadTime.ReplaceAllStringFunc(text, func(member string) string {
			found := payloadTime.FindStringSubmatch(member)
			at, err := strconv.ParseFloat(found[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			if start == 0 {
				start = at
			}
			return fmt.Sprintf("%q: %.6f", found[1], at-start+float64(base+9*n))
		}))
	}
	return []byte(log.String())
}

// TestAudit sends a log of 2,000 requests (of 500 to servers that are read as another
// one is) to each version, plants differences, and
// demands that exactly these are found; then that --repair heals what is missing.
func TestAudit(t *testing.T) {
	for version, count := range map[string]int{"2.95.12": 500, "3.225.4": 2000, "4.16.0": 2000, "4.16.0 dual": 500} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			number, bridge, _ := strings.Cut(version, " ")
			server := shiptest.New(number)
			defer server.Close()
			server.ShowAfter(0)
			if bridge != "" {
				server.MakeDual()
			}
			dir := t.TempDir()
			log := writeFile(t, filepath.Join(dir, "proxy.log"), amplified(t, count))
			flags := []string{"--timezone", "UTC"}
			command{args: append(append([]string{"backfill"}, flags...), log), env: keys(server), dir: dir}.succeed(t)

			want := plantDifferences(t, server, number[0] == '4')
			show := func(code int, more ...string) (result, auditReport) {
				t.Helper()
				args := append(append([]string{"audit"}, flags...), more...)
				r := command{args: append(args, log), env: keys(server), dir: dir}.exit(t, code)
				var report auditReport
				if slices.Contains(more, "--json") {
					if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
						t.Fatalf("%v: %.500s", err, r.stdout)
					}
				}
				return r, report
			}
			_, got := show(3, "--json", "--csv", "audit.csv")
			for _, kind := range []string{"missing", "duplicate", "different user", "without user"} {
				if ids := got.ids(kind); !slices.Equal(ids, want[kind]) {
					t.Errorf("%s: %d %v, want %d %v", kind, len(ids), ids, len(want[kind]), want[kind])
				}
			}
			if n := got.Total; n.Requests != count || n.Missing != 20 || n.Duplicate != 5 || n.DifferentUser != 7 || n.WithoutUser != 3 || n.Recent != 0 || n.ByCallback != 0 {
				t.Errorf("%+v", n)
			}
			checkAuditCSV(t, string(readFile(t, filepath.Join(dir, "audit.csv"))), want)

			early, _ := show(3, "--repair")
			if line := "20 missing traces not sent again: "; !strings.Contains(early.stdout, line) {
				t.Errorf("no %q in\n%s", line, early.stdout)
			}
			text, _ := show(3, "--repair", "--settle", "1ms")
			for _, line := range []string{"35 differences.", "20 missing traces sent.", "… and 15 more", want["missing"][0]} {
				if !strings.Contains(text.stdout, line) {
					t.Errorf("no %q in\n%s", line, text.stdout)
				}
			}
			_, after := show(3, "--json")
			if n := after.Total; n.Missing != 0 || n.Duplicate != 5 || n.DifferentUser != 7 || n.WithoutUser != 3 {
				t.Errorf("after the repair: %+v", n)
			}
		})
	}
}

// plantDifferences changes what server shows: 20 requests missing, 5 twice, 7
// under another user, 3 under none. It returns their call ids.
func plantDifferences(t *testing.T, server *shiptest.Server, rows bool) map[string][]string {
	t.Helper()
	want := map[string][]string{}
	server.Read(func(traces map[string]*shiptest.Trace, observations *[]*shiptest.Observation) {
		var kept []*shiptest.Observation
		gone := map[string]bool{}
		n := 0
		for _, o := range *observations {
			if o.Parent != nil || traces[o.TraceID].UserID == nil {
				if !gone[o.TraceID] {
					kept = append(kept, o)
				}
				continue
			}
			call, _ := o.Metadata["litellm_call_id"].(string)
			note := func(kind string) { want[kind] = append(want[kind], call) }
			again := *o
			switch n++; {
			case n%13 == 1 && len(want["missing"]) < 20:
				note("missing")
				gone[o.TraceID] = true
				delete(traces, o.TraceID)
				continue
			case n%13 == 2 && len(want["duplicate"]) < 5:
				note("duplicate")
				if again.StartTime = o.StartTime.Add(time.Millisecond); !rows {
					again.ID = "f" + o.ID[1:] // a row of the same id would be folded
				}
				kept = append(kept, &again)
			case n%13 == 3 && len(want["different user"]) < 7:
				note("different user")
				other := fmt.Sprintf("somebody-%d@example.net", n)
				o.UserID, traces[o.TraceID].UserID = &other, &other
			case n%13 == 4 && len(want["without user"]) < 3:
				note("without user")
				o.UserID, traces[o.TraceID].UserID = nil, nil
			}
			kept = append(kept, o)
		}
		*observations = kept
	})
	for kind, least := range map[string]int{"missing": 20, "duplicate": 5, "different user": 7, "without user": 3} {
		if len(want[kind]) != least {
			t.Fatalf("planted %d of %s, want %d", len(want[kind]), kind, least)
		}
		slices.Sort(want[kind])
	}
	return want
}

func checkAuditCSV(t *testing.T, text string, want map[string][]string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for kind, ids := range want {
		name := strings.ReplaceAll(kind, " ", "_")
		sum, column, list := 0, slices.Index(rows[0], name), slices.Index(rows[0], name+"_ids")
		var found []string
		for _, row := range rows[1:] {
			n, err := strconv.Atoi(row[column])
			if err != nil {
				t.Fatal(err)
			}
			sum += n
			found = append(found, strings.Fields(row[list])...)
		}
		slices.Sort(found)
		if sum != len(ids) || !slices.Equal(found, ids) {
			t.Errorf("CSV: %s: %d, %v", kind, sum, found)
		}
	}
}

func TestAuditClean(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	command{args: append(append([]string{"backfill"}, c.flags()...), c.log("proxy.log")), env: keys(server)}.succeed(t)
	args := append([]string{"audit"}, c.flags()...)
	r := command{args: append(args, c.log("proxy.log")), env: keys(server)}.succeed(t)
	if !strings.Contains(r.stdout, "No difference.") {
		t.Errorf("%s", r.stdout)
	}
	// Another zone: nothing is where the log says.
	r = command{args: []string{"audit", "--timezone", "Asia/Tokyo", "--date", "2020-01-01", c.log("proxy.log")}, env: keys(server)}.run(t)
	if r.code != 0 && !strings.Contains(r.stdout, "--timezone") {
		t.Errorf("exit code %d: %s", r.code, r.stdout)
	}
	// A user's own privacy flags decide whose a trace should be.
	env := keys(server)
	env["TAILER_HASH_KEY"] = "0123456789abcdef"
	r = command{args: append(append(args[:len(args):len(args)], "--json", "--identity-mode", "hash"), c.log("proxy.log")), env: env}.exit(t, 3)
	var report auditReport
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || report.Total.DifferentUser < 50 {
		t.Errorf("%+v, %v", report.Total, err)
	}
}

// TestAuditWithFile takes keys, zone and the hash of users from the daemon's file.
func TestAuditWithFile(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	dir := t.TempDir()
	key := writeFile(t, filepath.Join(dir, "hash-key"), []byte("a-made-up-key-of-some-length\n"))
	secret := writeFile(t, filepath.Join(dir, "secret-key"), []byte(shiptest.SecretKey+"\n"))
	file := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
		"timezone: %s\nstate_dir: %s\nidentity:\n  mode: hash\n  hash_key_file: %s\nlangfuse:\n  base_url: %s\n  public_key: %s\n  secret_key_file: %s\n",
		c.zone, filepath.Join(dir, "state"), key, server.URL, shiptest.PublicKey, secret))
	env := keys(server)
	env["TAILER_HASH_KEY_FILE"] = key
	command{args: append(append([]string{"backfill", "--identity-mode", "hash"}, c.flags()...), c.log("proxy.log")), env: env, dir: dir}.succeed(t)
	r := command{args: []string{"audit", "--config", file, c.log("proxy.log")}, dir: dir}.succeed(t)
	if !strings.Contains(r.stdout, "No difference.") {
		t.Errorf("%s", r.stdout)
	}
	command{args: []string{"ping", "--config", file}, dir: dir}.succeed(t)
	r = command{args: []string{"erase", "--config", file, "--user", "joerg.mueller@example.com"}, dir: dir}.succeed(t)
	if !strings.Contains(r.stdout, "Langfuse") || strings.Contains(r.stdout, " 0 traces would go") {
		t.Errorf("%s", r.stdout)
	}
}

func TestAuditRefuses(t *testing.T) {
	t.Parallel()
	server := shiptest.New("4.16.0")
	defer server.Close()
	log := openCapture(t, "1.109.1/json-detailed").log("proxy.log")
	wrong := keys(server)
	wrong["LANGFUSE_SECRET_KEY"] = "sk-lf-wrong-key"
	for _, row := range []struct {
		name string
		env  map[string]string
		args []string
		code int
	}{
		{"wrong keys", wrong, []string{log}, 12},
		{"no keys", nil, []string{log}, 2},
		{"no log", keys(server), nil, 2},
		{"repair of a pipe", keys(server), []string{"--repair", "-"}, 2},
		{"two writers of stdout", keys(server), []string{"--json", "--csv", "-", log}, 2},
		{"no server", map[string]string{"LANGFUSE_HOST": "http://127.0.0.1:1", "LANGFUSE_PUBLIC_KEY": "a", "LANGFUSE_SECRET_KEY": "b"}, []string{log}, 1},
	} {
		r := command{args: append([]string{"audit"}, row.args...), env: row.env}.run(t)
		if r.code != row.code || strings.Contains(r.stderr+r.stdout, "sk-lf-wrong-key") {
			t.Errorf("%s: exit code %d, want %d: %s", row.name, r.code, row.code, r.stderr)
		}
	}
}
