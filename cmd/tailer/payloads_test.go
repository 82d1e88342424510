package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// storedPayload is one payload that a proxy printed.
type storedPayload struct {
	text []byte // compact
	id   string // of the response; the lab's providers give some twice, hence a number
	at   time.Time
}

// payloadsOf returns the payloads that a log holds, each once: up to 1.80 they
// are printed twice.
func payloadsOf(t *testing.T, log []byte) []storedPayload {
	t.Helper()
	var all []storedPayload
	seen := map[string]bool{}
	for rest := log; ; {
		begin := bytes.Index(rest, []byte("{\n    \"id\": \""))
		if begin < 0 {
			return all
		}
		rest = rest[begin:]
		length := bytes.Index(rest, []byte("\n}")) + len("\n}")
		var p struct {
			ID     string
			Status string
			Start  float64 `json:"startTime"`
		}
		var text bytes.Buffer
		if json.Unmarshal(rest[:length], &p) == nil && json.Compact(&text, rest[:length]) == nil {
			if key := fmt.Sprint(p.ID, p.Start, p.Status); !seen[key] {
				seen[key] = true
				all = append(all, storedPayload{text.Bytes(), fmt.Sprintf("%.60s-%d", p.ID, len(all)), time.UnixMicro(int64(p.Start * 1e6)).UTC()})
			}
		}
		rest = rest[length:]
	}
}

// layouts are how LiteLLM's callbacks store payloads, and what people make of
// them.
var layouts = []struct {
	name  string
	write func(t *testing.T, dir string, all []storedPayload)
}{
	{"s3", func(t *testing.T, dir string, all []storedPayload) { // integrations/s3.py, s3_v2.py: get_s3_object_key
		for _, p := range all {
			name := p.at.Format("2006-01-02/time-15-04-05-") + fmt.Sprintf("%06d_%s.json", p.at.Nanosecond()/1000, p.id)
			writeFile(t, filepath.Join(dir, "litellm", "team-a", name), p.text)
		}
	}},
	{"gcs_bucket", func(t *testing.T, dir string, all []storedPayload) { // integrations/gcs_bucket: <day>/<response id>
		for _, p := range all {
			writeFile(t, filepath.Join(dir, p.at.Format("2006-01-02"), p.id), p.text)
		}
	}},
	{"azure_storage", func(t *testing.T, dir string, all []storedPayload) { // one JSON object and a newline
		for _, p := range all {
			writeFile(t, filepath.Join(dir, fmt.Sprintf("%s.json", p.id)), append(slices.Clone(p.text), '\n'))
		}
	}},
	{"gzip of each", func(t *testing.T, dir string, all []storedPayload) {
		for _, p := range all {
			writeFile(t, filepath.Join(dir, "2026", fmt.Sprintf("%s.json.gz", p.id)), gzipped(t, p.text))
		}
	}},
	{"JSONL", func(t *testing.T, dir string, all []storedPayload) {
		writeFile(t, filepath.Join(dir, "payloads.jsonl"), joined(all, "", "\n", "\n"))
	}},
	{"JSONL with CRLF and a byte order mark", func(t *testing.T, dir string, all []storedPayload) {
		writeFile(t, filepath.Join(dir, "payloads.jsonl"), joined(all, "\xef\xbb\xbf", "\r\n", "\r\n"))
	}},
	{"one after the other", func(t *testing.T, dir string, all []storedPayload) {
		writeFile(t, filepath.Join(dir, "payloads"), joined(all, "", "", ""))
	}},
	{"array", func(t *testing.T, dir string, all []storedPayload) {
		writeFile(t, filepath.Join(dir, "payloads.json"), joined(all, "[", ",", "]"))
	}},
	{"pretty array", func(t *testing.T, dir string, all []storedPayload) {
		writeFile(t, filepath.Join(dir, "payloads.json"), indented(t, joined(all, "[", ",", "]"), "  "))
	}},
	{"pretty", func(t *testing.T, dir string, all []storedPayload) {
		var text []byte
		for _, p := range all {
			text = append(append(text, indented(t, p.text, "\t")...), "\n\n"...)
		}
		writeFile(t, filepath.Join(dir, "payloads.json"), text)
	}},
	{"pretty, one a file", func(t *testing.T, dir string, all []storedPayload) {
		for _, p := range all {
			writeFile(t, filepath.Join(dir, "day", fmt.Sprintf("%s.json", p.id)), indented(t, p.text, "    "))
		}
	}},
}

func joined(all []storedPayload, before, between, after string) []byte {
	var texts [][]byte
	for _, p := range all {
		texts = append(texts, p.text)
	}
	return []byte(before + string(bytes.Join(texts, []byte(between))) + after)
}

func indented(t *testing.T, text []byte, indent string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", indent); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPayloadFiles reads payloads as they are stored. Each layout gives the same
// spans, those of the log that printed them but for what other records tell.
func TestPayloadFiles(t *testing.T) {
	for _, name := range []string{"1.109.1/json-standard-payload", "1.98.1/json-standard-payload", "1.77.7/text-standard-payload-nocb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			all := payloadsOf(t, c.text(t, "proxy.log"))
			if len(all) < 70 {
				t.Fatalf("%d payloads", len(all))
			}
			var want []string
			for _, layout := range layouts {
				dir := t.TempDir()
				layout.write(t, dir, all)
				got := sortedLines(c.backfill(t, dir))
				if want == nil {
					want = got
					c.alikeInContent(t, got)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: other spans than of %s: %d lines, want %d", layout.name, layouts[0].name, len(got), len(want))
				}
			}
		})
	}
}

// alikeInContent holds the spans of payload files against those of their log: who
// asked, what was asked and what was answered.
func (c capture) alikeInContent(t *testing.T, lines []string) {
	t.Helper()
	contents := func(output []byte) map[string]int {
		found := map[string]int{}
		for _, tr := range readTraces(t, output) {
			values := tr.root().values()
			found[fmt.Sprint(values["user.id"], values["session.id"], values["langfuse.observation.input"], values["langfuse.observation.output"],
				values["langfuse.observation.usage_details"], values["langfuse.observation.cost_details"])]++
		}
		return found
	}
	bare := contents(c.backfill(t, c.log("proxy.log")))
	stored := contents([]byte(strings.Join(lines, "\n") + "\n"))
	for content, n := range stored {
		if bare[content] < n {
			t.Errorf("%d traces with this content, the log has %d: %.300s", n, bare[content], content)
		}
	}
}

func sortedLines(output []byte) []string {
	lines := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// TestPayloadFolder reads only what belongs to a folder: logs in it, payloads
// below it too, and in a dry run says what it found.
func TestPayloadFolder(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	all := payloadsOf(t, c.text(t, "proxy.log"))
	dir := t.TempDir()
	layouts[0].write(t, dir, all[:3])
	writeFile(t, filepath.Join(dir, "archive", "old.log"), c.text(t, "proxy.log"))
	writeFile(t, filepath.Join(dir, "litellm", ".hidden.json"), all[3].text)
	writeFile(t, filepath.Join(dir, "litellm", "report.json"), []byte(`{"id": "a", "total": 3}`))
	if n := len(readTraces(t, c.backfill(t, dir))); n != 3 {
		t.Errorf("%d traces, want 3", n)
	}
	r := command{args: []string{"backfill", "--dry-run", "--timezone", "UTC", dir}, dir: dir}.succeed(t)
	for _, want := range []string{"Would send 3 traces", "unpacked from: payload files", "dates from times inside records"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the dry run does not say %q:\n%s", want, r.stdout)
		}
	}
}
