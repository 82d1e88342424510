package main_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// native is one request of LiteLLM's own callback, as a capture keeps it.
type native struct {
	Body struct {
		Batch []struct {
			Type string
			Body struct {
				ID, TraceID, UserID, Level string
				StartTime, Timestamp       time.Time
			}
		}
		ResourceSpans []struct {
			ScopeSpans []struct {
				Scope struct{ Name string }
				Spans []callbackSpan
			}
		}
	}
}

// callbackSpan is a span as protobuf's JSON has it, enumerations as words.
type callbackSpan struct {
	span
	Kind   any `json:"kind"` // hides that of span
	Status any `json:"status"`
}

// replayCallback makes a server show what LiteLLM's callback wrote in a capture.
func replayCallback(t *testing.T, c capture, server *shiptest.Server) {
	t.Helper()
	n := 0
	server.Read(func(traces map[string]*shiptest.Trace, observations *[]*shiptest.Observation) {
		for line := range bytes.Lines(c.text(t, "native-langfuse.jsonl")) {
			var said native
			if err := json.Unmarshal(line, &said); err != nil {
				t.Fatal(err)
			}
			for _, event := range said.Body.Batch {
				b := event.Body
				if event.Type == "trace-create" {
					traces[b.ID] = &shiptest.Trace{ID: b.ID, Timestamp: b.Timestamp, UserID: &b.UserID}
					continue
				}
				n++
				kind := strings.ToUpper(strings.TrimSuffix(event.Type, "-create"))
				*observations = append(*observations, &shiptest.Observation{ID: b.ID, TraceID: b.TraceID, Type: kind, Level: b.Level, StartTime: b.StartTime})
			}
			for _, resource := range said.Body.ResourceSpans {
				for _, scope := range resource.ScopeSpans {
					for i := range scope.Spans {
						n++
						*observations = append(*observations, scope.Spans[i].observation(t, scope.Scope.Name))
					}
				}
			}
		}
	})
	if n < 20 {
		t.Fatalf("the callback wrote %d observations", n)
	}
}

func (s *callbackSpan) observation(t *testing.T, scope string) *shiptest.Observation {
	t.Helper()
	values := s.values()
	user := values["user.id"]
	start, err := strconv.ParseInt(s.Start, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return &shiptest.Observation{
		ID: s.SpanID, TraceID: s.TraceID, Type: strings.ToUpper(values["langfuse.observation.type"]), Level: values["langfuse.observation.level"],
		UserID: &user, StartTime: time.Unix(0, start).UTC(),
		Metadata: map[string]any{
			"scope": map[string]string{"name": scope}, "litellm_call_id": values["langfuse.observation.metadata.litellm_call_id"],
			"response_id": values["langfuse.observation.metadata.response_id"],
		},
	}
}

// TestAuditOfCallback judges what LiteLLM's own callback really wrote while a
// capture was made. What it lost was lost in truth: its requests to Langfuse name
// no generation for these calls.
func TestAuditOfCallback(t *testing.T) {
	for _, row := range []struct {
		capture, server string
		wrote           int // at least
		lost            []string
	}{
		{"1.61.20/docker-text", "3.225.4", 21, nil},
		// A streamed answer of /v1/responses has a trace without a generation.
		{"1.72.9/docker-text", "3.225.4", 21, []string{"69712690-8d1c-41b3-8c8e-774c01aced72"}},
		{"1.77.7/docker-text", "3.225.4", 21, []string{"87475c1b-27b5-4103-992b-fb886cc989c7"}},
		{"1.80.17/docker-text", "2.95.12", 22, nil},
		// A client that hung up has nothing.
		{"1.84.10/docker-json", "3.225.4", 21, []string{"2b42ad67-9ab6-4498-b407-69a17ff58978"}},
		{"1.98.1/text-detailed", "3.225.4", 94, nil},
		{"1.98.1/json-standard-payload", "3.225.4", 75, nil},
		{"1.109.1/docker-json", "4.16.0", 22, nil},
		{"1.109.1/json-detailed", "4.16.0", 94, nil},
		{"1.109.1/json-redacted", "4.16.0", 89, nil},
	} {
		t.Run(row.capture, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, row.capture)
			server := shiptest.New(row.server)
			defer server.Close()
			server.ShowAfter(0)
			replayCallback(t, c, server)
			log := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.text(t, "proxy.log"))
			r := command{args: append(append([]string{"audit", "--json", "--callback"}, c.flags()...), log), env: keys(server)}.run(t)
			var got auditReport
			if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
				t.Fatalf("%v: %s", err, r.stderr)
			}
			if lost := got.ids("callback lost"); !slices.Equal(lost, row.lost) || got.Total.ByCallback < row.wrote {
				t.Errorf("the callback wrote %d and lost %v, want at least %d and %v", got.Total.ByCallback, lost, row.wrote, row.lost)
			}
			// Failures in a log of payloads have no call id (1.98): nobody can tell.
			missing := slices.DeleteFunc(got.ids("missing"), func(id string) bool { return strings.HasPrefix(id, "trace ") })
			if !slices.Equal(missing, row.lost) || got.Total.Duplicate != 0 {
				t.Errorf("missing %v, %d duplicate", missing, got.Total.Duplicate)
			}
		})
	}
}
