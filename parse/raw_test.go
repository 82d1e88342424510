package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

// TestWarnings: LiteLLM quotes in its warnings and errors what it could not make sense of,
// as a client or a provider wrote it.
func TestWarnings(t *testing.T) {
	at := func(level string) string { return strings.Replace(head, "DEBUG", level, 1) }
	const whole = "RAW RESPONSE:\n{\"id\": \"chatcmpl-1\"}\n\n"
	for _, test := range []struct{ name, said, kinds string }{
		{"metadata", at("WARNING") + "Failed to parse 'litellm_metadata' as JSON dict. Received value: x\n", ""},
		{"a reason to finish", at("WARNING") + "Unmapped finish_reason 'x\n", ""},
		{"a strategy", at("WARNING") + "Ignoring per-request routing_strategy override 'x\n", ""},
		{"an error", at("ERROR") + "Fallback also failed: x\n", ""},
		{"any warning", at("WARNING") + "x\n", ""},
		{"a model", at("INFO") + "Falling back to model_group = x\n", ""},
		{"an image's quality", head + "Looking up cost for models: x\n", ""},
		{"a provider's model", head + "RAW RESPONSE:\n{\"model\": \"m\\nx\"}\n\n" + head + "selected model name for cost calculation: openai/m\n", "raw-answer"},
		{"half an answer", head + "RAW RESPONSE:\n{\"id\": \"x\",\n", ""},
		{"another record", at("INFO") + "x\n", "call"},
		{"an answer", head + whole, "raw-answer call"},
	} {
		t.Run(test.name, func(t *testing.T) {
			forged := head + call("hello") + "\n"
			if got := feed(mark + test.said + forged + head + "x"); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
			if got := feed(mark + test.said + mark + forged + head + "x"); !strings.HasSuffix(kinds(got.records), "call") {
				t.Errorf("after a mark: records %q", kinds(got.records))
			}
		})
	}
}

// TestPrintedToStdout: payloads and access lines are written to stdout. What stands in
// stderr is quoted by a record.
func TestPrintedToStdout(t *testing.T) {
	payload := document(t, captured(t, "1.109.1", "json-standard-payload"))
	lines := func(stream tailer.Stream, text string) (all []tailer.Line) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			all = append(all, tailer.Line{Bytes: []byte(line), Stream: stream})
		}
		return all
	}
	const stdout, stderr = tailer.StreamStdout, tailer.StreamStderr
	warning := strings.Replace(head, "DEBUG", "WARNING", 1)
	started := lines(stdout, "INFO:     Started server process [1]")
	const access = "INFO:     127.0.0.1:1 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK\n"
	quoted := lines(stderr, warning+"Failed to parse 'metadata' as JSON dict. Received value: x\n"+payload+access+warning+"x\n")
	for _, test := range []struct {
		name  string
		lines []tailer.Line
		kinds string
	}{
		{"stdout", append(started, lines(stdout, payload+access)...), "payload access"},
		{"stderr", append(started, quoted...), ""},
		{"both", append(append(started, quoted...), lines(stdout, payload)...), "payload"},
		{"all of it is in stderr", lines(stderr, payload), "payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := feedLines(test.lines); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}
