package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A scoring is what a capture must reach.
type scoring struct {
	name  string
	pairs int // mostRight for a share of what the log states with certainty
	allow []tolerated
}

// mostRight asks for 97 % of the pairs that the requests' own records state with certainty.
const mostRight = -1

// scored are the captures with how many requests must at least come out with
// prompt, answer and user all right, in each form of the log.
var scored = []scoring{
	{name: "1.109.1/docker-json", pairs: 21},
	{name: "1.109.1/json-detailed", pairs: 91},
	{name: "1.109.1/json-detailed-nocb", pairs: 61},
	{name: "1.109.1/json-redacted", pairs: 87},
	{name: "1.109.1/json-standard-payload", pairs: 72, allow: []tolerated{systemPrompt}},
	{name: "1.109.1/text-info"},
	{name: "1.109.1/text-standard-payload-nocb", pairs: 72},
	// The original configuration as doctor corrects it, 16 in flight. 1.109 logs no
	// header of a request without a key.
	{name: "1.98.1/doctor-named", pairs: 92},
	{name: "1.109.1/doctor-corrected", pairs: 91},
	// Captured by make capture, 16 in flight. What is missing are users of requests
	// whose key or body was refused: no record of such a request names anybody.
	{name: "1.90.7/json-detailed", pairs: 88},
	{name: "1.82.6/json-standard-payload", pairs: 71},
	{name: "1.61.20/docker-text", pairs: 20},
	{name: "1.61.20/text-standard-payload-debug", pairs: 86},
	{name: "1.72.9/docker-text", pairs: 21},
	{name: "1.77.7/docker-text", pairs: 21},
	{name: "1.77.7/json-standard-payload", pairs: 81, allow: []tolerated{tracePrefix, earlyStamp41, earlyStamp43}},
	{name: "1.77.7/text-standard-payload-nocb", pairs: 80, allow: []tolerated{tracePrefix}},
	{name: "1.80.17/docker-text", pairs: 21},
	{name: "1.84.10/docker-json", pairs: 20},
	{name: "1.98.1/json-standard-payload", pairs: 72, allow: []tolerated{systemPrompt}},
	{name: "1.98.1/text-detailed", pairs: 91},
}

// tolerated is a value that the scorer calls wrong although it is what the log
// tells, by sequence number, scenario and field.
type tolerated string

const (
	// The scorer takes the longest text of a request for its own, here a system
	// prompt that a request 7 s earlier (scenario system-prompt) sent as well. So
	// it believes that the log first mentions the request before it began. The
	// payload's startTime is the earliest time that the log states of it.
	systemPrompt tolerated = "seq 40 messages: wrong: start"

	// Payloads of 1.77 are prints without a stamp, and the scorer dates them by
	// the last stamped line above them: 09:23:36.078, before either client had
	// sent anything (.259 and .562). Again startTime is all that the log states.
	earlyStamp41 tolerated = "seq 41 messages-stream: wrong: start"
	earlyStamp43 tolerated = "seq 43 responses-stream: wrong: start"

	// The client's langfuse_trace_id, 43b29075-3262-5e9b-9c0a-49b146882657, is in
	// no payload of 1.77, which holds x- headers only. What the scorer finds is the
	// beginning of another request's metadata.trace_id, which ends in "-body".
	tracePrefix tolerated = "seq 30 langfuse-headers: wrong: trace id"
)

// TestCaptures reads every log of every capture twice and holds the spans against
// their form and, with Python on the path, against the truth.
func TestCaptures(t *testing.T) {
	for _, test := range matrix(t) {
		c := openCapture(t, test.name)
		for _, name := range logNames {
			log := c.log(name)
			if log == "" {
				continue
			}
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				spans := c.backfill(t, log)
				if again := c.backfill(t, log); !bytes.Equal(spans, again) {
					t.Error("a second reading gave other bytes")
				}
				checkForm(t, spans)
				t.Run("score", func(t *testing.T) { c.score(t, name, spans, test.pairs, test.allow) })
			})
		}
	}
}

// matrix is every capture there is, those of the table and those that `make
// capture` added since.
func matrix(t *testing.T) []scoring {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "*", "*", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []scoring
	for _, path := range folders {
		dir := filepath.Dir(path)
		row := scoring{name: filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir), pairs: mostRight, allow: []tolerated{systemPrompt}}
		if i := slices.IndexFunc(scored, func(s scoring) bool { return s.name == row.name }); i >= 0 {
			row = scored[i]
		}
		rows = append(rows, row)
	}
	if len(rows) < len(scored) {
		t.Errorf("%d captures, %d rows", len(rows), len(scored))
	}
	return rows
}

var (
	scoreWrong = regexp.MustCompile(`^  (seq \d+ [^:]*: (?:wrong: [^:]*|duplicate)|-: [^:]*):`)
	scoreTotal = regexp.MustCompile(`(?m)^pairs (?P<pairs>\d+)/.*own (?P<right>\d+)/(?P<sure>\d+)\).*wrong (?P<wrong>\d+) .*leaks (?P<leaks>\d+)`)
)

// score runs the scorer over spans and demands nothing false and nothing leaked.
func (c capture) score(t *testing.T, log string, spans []byte, pairs int, allow []tolerated) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on the path: the values are not held against the truth")
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("..", "..", "testdata", "score", "score.py"),
		c.dir, writeFile(t, filepath.Join(t.TempDir(), "spans.jsonl"), spans), "--log", log, "--details", "100000")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // its exit code says again what it prints
	total := scoreTotal.FindSubmatch(out)
	if total == nil {
		t.Fatalf("scorer:\n%s%s", out, stderr.Bytes())
	}
	tolerable := 0
	for line := range strings.Lines(string(out)) {
		found := scoreWrong.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		if slices.Contains(allow, tolerated(found[1])) {
			tolerable++
			continue
		}
		t.Error(strings.TrimSpace(line))
	}
	figure := func(name string) int { return number(t, total[scoreTotal.SubexpIndex(name)]) }
	if n := figure("pairs"); n < pairs {
		t.Errorf("%d pairs, want at least %d", n, pairs)
	}
	if right, sure := figure("right"), figure("sure"); pairs == mostRight && 100*right < 97*sure {
		t.Errorf("%d of %d sure pairs, want 97 %%", right, sure)
	}
	if n := figure("wrong"); n != tolerable {
		t.Errorf("%d values are wrong, %d of them tolerable", n, tolerable)
	}
	if n := figure("leaks"); n != 0 {
		t.Errorf("%d leaks: %s", n, total[0])
	}
}

// TestUncertainAttempts: absent children are no statement where the root says so,
// and the scorer takes them for none.
func TestUncertainAttempts(t *testing.T) {
	t.Parallel()
	const id = "39aac7d1-b880-40c4-bc4a-f888c78ce625" // seq 55
	c := openCapture(t, "1.109.1/text-standard-payload-nocb")
	for _, tr := range readTraces(t, c.backfill(t, c.log("proxy.log"))) {
		if root := tr.root(); root.callID() == id {
			said := root.values()["langfuse.observation.metadata.tailer.incomplete"]
			if len(tr) == 1 && !strings.Contains(said, "attempts uncertain") {
				t.Errorf("no attempts, and incomplete says %q", said)
			}
			return
		}
	}
	t.Errorf("no trace of %s", id)
}

func number(t *testing.T, text []byte) int {
	t.Helper()
	n, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
