package parse_test

import (
	"bytes"
	"strings"
	"testing"

	"tailer"
)

// TestNoiseDoesNotAllocate reads records that are of no interest, which most are,
// without a single allocation.
func TestNoiseDoesNotAllocate(t *testing.T) {
	long := strings.Repeat("some words, \\n an escape, and 'quotes' ", 500)
	for _, test := range []struct{ name, line string }{
		{"JSON record", `{"message": "LiteLLM: ` + long + `", "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163"}`},
		{"JSON record that begins like one of interest", `{"message": "Langfuse Layer Logging - success ` + long + `", "level": "INFO", "timestamp": "2026-11-23T09:13:09.058163"}`},
		{"JSON record with lifted members", `{"message": "x", "level": "INFO", "timestamp": "2026-11-23T09:13:09.058163", "metadata": {"a": [1, "b"]}}`},
		{"text record", "\x1b[92m09:13:09 - LiteLLM:DEBUG\x1b[0m: utils.py:348 - " + long},
		{"text record without colours", "09:13:09 - LiteLLM Router:INFO: router.py:1 - " + long},
		{"access line of a GET", `INFO:     127.0.0.1:37866 - "GET /health HTTP/1.1" 200 OK`},
		{"print", long},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, line := newParser(), &tailer.Line{Bytes: []byte(test.line)}
			p.Feed(line) // buffers grow once
			got := testing.AllocsPerRun(100, func() {
				if len(p.Feed(line)) > 0 {
					t.Fatal("a record came of it")
				}
			})
			if got > 0 {
				t.Errorf("%v allocations for a line", got)
			}
		})
	}
}

// TestAllocations guards what whole logs cost: unlike time, allocations are the
// same on every machine. A limit is some tenths above what was measured; lower
// it when a change allows.
func TestAllocations(t *testing.T) {
	for _, test := range []struct {
		version, variant string
		perRecord        float64
	}{
		{"1.109.1", "json-detailed", 20},
		{"1.98.1", "text-detailed", 25},
		{"1.98.1", "json-standard-payload", 22},
	} {
		t.Run(test.version+" "+test.variant, func(t *testing.T) {
			lines := bytes.Split(captured(t, test.version, test.variant), []byte("\n"))
			records := 0
			allocs := testing.AllocsPerRun(2, func() {
				p := newParser()
				records = 0
				for _, line := range lines {
					records += len(p.Feed(&tailer.Line{Bytes: line}))
				}
			})
			if got := allocs / float64(records); got > test.perRecord {
				t.Errorf("%.1f allocations for each of %d records, more than %.0f", got, records, test.perRecord)
			} else {
				t.Logf("%.1f allocations for each of %d records", got, records)
			}
		})
	}
}
