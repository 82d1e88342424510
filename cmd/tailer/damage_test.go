package main_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNotALog reads what holds no record. That is no failure: the notes say what
// was found, and the counters that nothing was.
func TestNotALog(t *testing.T) {
	random := make([]byte, 8<<20)
	source := rand.NewChaCha8([32]byte{1, 2, 3})
	if _, err := source.Read(random); err != nil {
		t.Fatal(err)
	}
	png := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
		"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")
	for _, test := range []struct {
		name, says string
		text       []byte
	}{
		{"empty", "empty", nil},
		{"random bytes", "does not look like a log", random},
		{"PNG", "does not look like a log", png},
		{"NULs", "does not look like a log", make([]byte, 1<<20)},
		{"another program's log", "no LiteLLM record among 3 lines", []byte("one\ntwo\nthree\n")},
		{"only access lines", "2>&1", []byte(strings.Repeat("INFO:     127.0.0.1:37866 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK\n", 3))},
	} {
		for _, way := range []string{"file", "pipe"} {
			t.Run(test.name+"/"+way, func(t *testing.T) {
				t.Parallel()
				run := command{args: []string{"backfill", "--json", "--to", "file:spans.jsonl"}, dir: t.TempDir()}
				if way == "pipe" {
					run.args, run.stdin = append(run.args, "-"), bytes.NewReader(test.text)
				} else {
					run.args = append(run.args, writeFile(t, filepath.Join(t.TempDir(), "x.log"), test.text))
				}
				r := run.succeed(t)
				told := readReport(t, r)
				if told["requests"] != 0.0 || told["bytes"] != float64(len(test.text)) {
					t.Errorf("%v requests in %v bytes", told["requests"], told["bytes"])
				}
				if notes := fmt.Sprint(told["notes"]); !strings.Contains(notes, test.says) {
					t.Errorf("notes do not say %q: %s", test.says, notes)
				}
				if spans := readFile(t, filepath.Join(run.dir, "spans.jsonl")); len(spans) > 0 {
					t.Errorf("spans: %.300s", spans)
				}
			})
		}
	}
}

// TestEmptyFolder is a mistake of the user's: nothing can be read there.
func TestEmptyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "logs", ".hidden"), []byte("x"))
	r := command{args: []string{"backfill", "logs"}, dir: dir}.exit(t, 2)
	if !strings.Contains(r.stderr, "logs") {
		t.Errorf("stderr does not name the folder:\n%s", r.stderr)
	}
}

// TestDamagedGzip delivers what stands before the damage, and says so.
func TestDamagedGzip(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	text := c.text(t, "proxy.log")
	packed := gzipped(t, text)
	whole := map[string]string{}
	for _, tr := range strings.Split(string(c.backfill(t, c.log("proxy.log"))), "\n") {
		whole[tr] = tr
	}
	for _, test := range []struct {
		name   string
		packed []byte
	}{
		{"cut off", packed[:len(packed)*3/4]},
		{"a byte changed", flipped(packed, len(packed)*3/4)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := writeFile(t, filepath.Join(dir, "proxy.log.gz"), test.packed)
			args := append([]string{"backfill", "--json", "--to", "file:spans.jsonl"}, c.flags()...)
			r := command{args: append(args, path), dir: dir}.exit(t, 3)
			if !strings.Contains(r.stderr, "damaged") || readReport(t, r)["inputs_damaged"] != 1.0 {
				t.Errorf("damage is not told: %s%s", r.stderr, r.stdout)
			}
			spans := readFile(t, filepath.Join(dir, "spans.jsonl"))
			checkForm(t, spans)
			lines := strings.Split(strings.TrimSpace(string(spans)), "\n")
			same := 0
			for _, line := range lines {
				if whole[line] != "" {
					same++
				}
			}
			if same < len(lines)-1 || same < len(whole)/3 {
				t.Errorf("%d of %d traces are those of the whole log, which has %d", same, len(lines), len(whole)-1)
			}
		})
	}
}

func flipped(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 0xff
	return b
}

// TestGarbageBetweenRecords puts lines that are no records between those of a
// log. Nothing that was there before may change.
func TestGarbageBetweenRecords(t *testing.T) {
	random := make([]byte, 1<<20)
	source := rand.NewChaCha8([32]byte{4, 5, 6})
	if _, err := source.Read(random); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.109.1/docker-json", "1.84.10/docker-json", "1.109.1/json-standard-payload"} {
		for _, test := range []struct {
			name    string
			garbage []byte
		}{
			{"random bytes", random},
			{"a long line", bytes.Repeat([]byte("x"), 20<<20)},
			{"many short lines", bytes.Repeat([]byte("x\n"), 1<<20)},
			{"torn record", []byte(`{"message": "litellm.acompletion(model='gpt-4o', messages=[{'role': 'user', 'content': 'what`)},
			{"braces", bytes.Repeat([]byte("{\n"), 1000)},
			{"unfinished payload", []byte("{\n    \"id\": \"chatcmpl-1\",\n    \"trace_id\": \"x\",")},
		} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				c := openCapture(t, name)
				text := c.text(t, "proxy.log")
				i := len(text) / 2
				for !bytes.HasPrefix(text[i:], []byte("\n{\"message\": \"")) {
					i++
				}
				damaged := bytes.Join([][]byte{text[:i], test.garbage, text[i+1:]}, []byte("\n"))
				want := c.backfill(t, c.log("proxy.log"))
				sameLines(t, want, c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), damaged)))
			})
		}
	}
}

// everyByte cuts at each byte in TestCutLog instead of at every 97th.
const everyByte = "TAILER_TEST_EVERY_BYTE"

// TestCutLog ends a log at many places of its last 64 KiB. What ended before the
// cut line must be there as if the log ended before that line; only the request
// that the cut line tells of may come out in another way.
func TestCutLog(t *testing.T) {
	step := 97
	if os.Getenv(everyByte) != "" {
		step = 1
	}
	for _, name := range []string{"1.109.1/docker-json", "1.98.1/text-detailed", "1.77.7/json-standard-payload"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			text := c.text(t, "proxy.log")
			text = text[recordStart(text, max(0, len(text)-300<<10)):]
			tail := min(len(text), 64<<10)
			whole := c.linesOf(t, text)
			cleanly := map[int]map[string]bool{} // what a log gives that ends with the line before this one
			failed := -1
			for end := len(text) - tail; end < len(text); end += step {
				start := bytes.LastIndexByte(text[:end], '\n') + 1
				if start == failed {
					continue // one report for each line is enough
				}
				if cleanly[start] == nil {
					cleanly[start] = c.linesOf(t, text[:start])
				}
				for _, problem := range cutProblems(t, cleanly[start], whole, c.linesOf(t, text[:end])) {
					t.Errorf("cut at %d bytes before the end, in %.60q: %s", len(text)-end, text[start:end], problem)
					failed = start
				}
			}
		})
	}
}

// linesOf returns the traces of a log, each as it is written.
func (c capture) linesOf(t *testing.T, text []byte) map[string]bool {
	t.Helper()
	dir := t.TempDir()
	defer func() { _ = os.RemoveAll(dir) }()
	args := append([]string{"backfill", "--to", "-"}, c.flags()...)
	r := command{args: append(args, writeFile(t, filepath.Join(dir, "proxy.log"), text)), dir: dir}.succeed(t)
	lines := map[string]bool{}
	for line := range strings.Lines(r.stdout) {
		lines[line] = true
	}
	return lines
}

// cutProblems holds the traces of a cut log against those of the log without the
// cut line, and of the whole one.
func cutProblems(t *testing.T, before, whole, got map[string]bool) []string {
	t.Helper()
	var problems []string
	known, changed := map[string]bool{}, map[string]bool{}
	for line := range got {
		id := rootOf(line)
		known[id] = true
		if before[line] || whole[line] {
			continue
		}
		changed[id] = true
		for _, problem := range formProblems(readTraces(t, []byte(line))[0], map[string]bool{}, map[string]bool{}) {
			problems = append(problems, problem+fmt.Sprintf(": %.400s", line))
		}
	}
	if len(changed) > 1 {
		problems = append(problems, fmt.Sprintf("%d traces are like neither", len(changed)))
	}
	for line := range before {
		if id := rootOf(line); !known[id] {
			problems = append(problems, "trace "+id+" is lost")
		}
	}
	return problems
}

// rootOf returns the ids of a line's first span, which is the root.
func rootOf(line string) string {
	_, ids, _ := strings.Cut(line, `"traceId":"`)
	ids, _, _ = strings.Cut(ids, `"name"`)
	return ids
}
