package main_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// span is one span as a `file:` sink writes it.
type span struct {
	TraceID    string `json:"traceId"`
	SpanID     string `json:"spanId"`
	Parent     string `json:"parentSpanId"`
	Name       string `json:"name"`
	Kind       int    `json:"kind"`
	Start      string `json:"startTimeUnixNano"`
	End        string `json:"endTimeUnixNano"`
	Attributes []struct {
		Key   string                     `json:"key"`
		Value map[string]json.RawMessage `json:"value"`
	} `json:"attributes"`
	Status *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
}

func (s *span) id() string { return s.TraceID + "/" + s.SpanID }

// values returns the attributes, each as the JSON text of its value; strings
// without their quotes.
func (s *span) values() map[string]string {
	found := map[string]string{}
	for _, a := range s.Attributes {
		for _, value := range a.Value {
			var text string
			if json.Unmarshal(value, &text) != nil {
				text = string(value)
			}
			found[a.Key] = text
		}
	}
	return found
}

// callID is LiteLLM's id of the request, "" when the log has none.
func (s *span) callID() string { return s.values()["langfuse.observation.metadata.litellm_call_id"] }

// trace is one line: the spans of one request.
type trace []span

func (tr trace) root() *span {
	for i := range tr {
		if tr[i].Parent == "" {
			return &tr[i]
		}
	}
	return &span{}
}

// export is one line's JSON, an ExportTraceServiceRequest.
type export struct {
	ResourceSpans []struct {
		ScopeSpans []struct {
			Scope struct{ Name, Version string } `json:"scope"`
			Spans []span                         `json:"spans"`
		} `json:"scopeSpans"`
	} `json:"resourceSpans"`
}

// readTraces reads the output of a `file:` sink.
func readTraces(t *testing.T, output []byte) []trace {
	t.Helper()
	var traces []trace
	for line := range bytes.Lines(output) {
		var e export
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("output is not JSON: %v: %.200s", err, line)
		}
		var tr trace
		for _, resource := range e.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				if scope.Scope.Name != "tailer" {
					t.Errorf("scope %q, want tailer", scope.Scope.Name)
				}
				tr = append(tr, scope.Spans...)
			}
		}
		traces = append(traces, tr)
	}
	return traces
}

// checkForm holds the output against what every reader may rely on: section 9 of
// the span contract.
func checkForm(t *testing.T, output []byte) {
	t.Helper()
	if len(output) > 0 && output[len(output)-1] != '\n' {
		t.Error("the last line has no newline")
	}
	ids, calls := map[string]bool{}, map[string]bool{}
	for i, tr := range readTraces(t, output) {
		for _, problem := range formProblems(tr, ids, calls) {
			t.Errorf("line %d: %s", i+1, problem)
		}
	}
}

func formProblems(tr trace, ids, calls map[string]bool) []string {
	var problems []string
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	here, roots := map[string]bool{}, 0
	for i := range tr {
		here[tr[i].id()] = true
		if tr[i].Parent == "" {
			roots++
		}
	}
	bad(roots != 1, "%d root spans", roots)
	for i := range tr {
		s := &tr[i]
		bad(!isHex(s.TraceID, 16) || !isHex(s.SpanID, 8), "ids %q %q", s.TraceID, s.SpanID)
		bad(ids[s.id()], "span %s came before", s.id())
		ids[s.id()] = true
		bad(s.Parent != "" && !here[s.TraceID+"/"+s.Parent], "parent %q is on another line", s.Parent)
		bad(s.Parent != "" && s.Name != "attempt", "a child is called %q", s.Name)
		bad(s.Kind != 1 || s.Name == "", "kind %d, name %q", s.Kind, s.Name)
		start, end := nanoseconds(s.Start), nanoseconds(s.End)
		bad(start == 0 || end < start, "start %q, end %q", s.Start, s.End)
		problems = append(problems, attributeProblems(s)...)
	}
	if id := tr.root().callID(); id != "" && !clientChose(tr.root(), id) {
		bad(calls[id], "call id %s came before", id)
		calls[id] = true
	}
	return problems
}

func attributeProblems(s *span) []string {
	var problems []string
	seen := map[string]bool{}
	for _, a := range s.Attributes {
		if seen[a.Key] {
			problems = append(problems, "attribute twice: "+a.Key)
		}
		seen[a.Key] = true
		kinds := slices.Collect(maps.Keys(a.Value))
		if len(kinds) != 1 || len(a.Value[kinds[0]]) == 0 {
			problems = append(problems, "attribute without one value: "+a.Key)
			continue
		}
		want := "stringValue"
		switch {
		case a.Key == "langfuse.trace.tags":
			want = "arrayValue"
		case a.Key == "gen_ai.usage.cost":
			want = "doubleValue"
		case strings.HasPrefix(a.Key, "gen_ai.usage."):
			want = "intValue"
		}
		if kinds[0] != want {
			problems = append(problems, fmt.Sprintf("attribute %s is a %s, not a %s", a.Key, kinds[0], want))
		}
		switch strings.TrimSpace(string(a.Value[kinds[0]])) {
		case `""`, "null", "{}", `{"values":[]}`:
			problems = append(problems, "attribute is empty: "+a.Key)
		}
	}
	level, incomplete := s.values()["langfuse.observation.level"], s.values()["langfuse.observation.metadata.tailer.incomplete"]
	switch {
	case level == "" && incomplete != "": // the log does not tell the outcome, and the span says so
	case !slices.Contains([]string{"DEFAULT", "WARNING", "ERROR"}, level):
		problems = append(problems, fmt.Sprintf("level %q, incomplete %q", level, incomplete))
	}
	isError := level == "ERROR"
	if hasError := s.Status != nil && s.Status.Code == 2; s.Parent == "" && hasError != isError {
		problems = append(problems, fmt.Sprintf("level ERROR: %v, status ERROR: %v", isError, hasError))
	}
	return append(problems, jsonProblems(s)...)
}

// jsonProblems checks the strings that hold JSON.
func jsonProblems(s *span) []string {
	var problems []string
	for key, value := range s.values() {
		switch strings.TrimPrefix(key, "langfuse.observation.") {
		case "input", "output", "model.parameters", "usage_details", "cost_details", "completion_start_time":
			if !json.Valid([]byte(value)) {
				problems = append(problems, fmt.Sprintf("%s is not JSON: %.80s", key, value))
			}
		}
	}
	return problems
}

// clientChose reports whether the client set the call id itself, so that it may
// come again.
func clientChose(s *span, id string) bool {
	return strings.Contains(s.values()["langfuse.trace.metadata.request_headers"], `"x-litellm-call-id":"`+id)
}

func isHex(s string, size int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == size && s == strings.ToLower(s) && strings.Trim(s, "0") != ""
}

func nanoseconds(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
