package main_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"tailer/ship/shiptest"
)

// keys are the environment that points at a server.
func keys(server *shiptest.Server) map[string]string {
	return map[string]string{
		"LANGFUSE_HOST": server.URL, "LANGFUSE_PUBLIC_KEY": shiptest.PublicKey, "LANGFUSE_SECRET_KEY": shiptest.SecretKey,
	}
}

// sent are captures that hold between them every route, failures, attempts and
// payloads without a call id.
var sent = []string{"1.109.1/json-detailed", "1.77.7/json-standard-payload", "1.98.1/text-detailed"}

// TestOTLP sends captures to the double of a server that takes OTLP, and demands
// the very spans that a file: sink writes.
func TestOTLP(t *testing.T) {
	for _, version := range []string{"4.16.0", "3.225.4"} {
		for _, name := range sent {
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := openCapture(t, name)
				server := shiptest.New(version)
				defer server.Close()
				command{args: append(append([]string{"backfill"}, c.flags()...), c.log("proxy.log")), env: keys(server)}.succeed(t)
				got := storedSpans(server)
				want := map[string]map[string]string{}
				for _, tr := range readTraces(t, c.backfill(t, c.log("proxy.log"))) {
					for i := range tr {
						want[tr[i].id()] = attributesOf(&tr[i])
					}
				}
				sameFacts(t, want, got)
				for id, n := range server.Spans() {
					if n != 1 {
						t.Errorf("span %s was stored %d times", id, n)
					}
				}
			})
		}
	}
}

// attributesOf returns all that a span says, its times included.
func attributesOf(s *span) map[string]string {
	said := s.values()
	said["start"], said["end"], said["name"], said["parent"] = s.Start, s.End, s.Name, s.Parent
	if tags, there := said["langfuse.trace.tags"]; there {
		said["langfuse.trace.tags"] = strings.Join(tagsIn(tags), ",")
	}
	if cost, there := said["gen_ai.usage.cost"]; there {
		said["gen_ai.usage.cost"] = canonicalNumber(cost)
	}
	return said
}

// tagsIn returns the texts in the JSON of an arrayValue.
func tagsIn(array string) []string {
	var list struct {
		Values []struct {
			Text string `json:"stringValue"`
		} `json:"values"`
	}
	if json.Unmarshal([]byte(array), &list) != nil {
		return nil
	}
	var tags []string
	for _, value := range list.Values {
		tags = append(tags, value.Text)
	}
	return tags
}

func canonicalNumber(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// storedSpans returns what the server's spans say, by id.
func storedSpans(server *shiptest.Server) map[string]map[string]string {
	stored := map[string]map[string]string{}
	for _, resource := range server.Stored() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				said := map[string]string{
					"start": strconv.FormatUint(s.GetStartTimeUnixNano(), 10), "end": strconv.FormatUint(s.GetEndTimeUnixNano(), 10),
					"name": s.GetName(), "parent": hex.EncodeToString(s.GetParentSpanId()),
				}
				for _, a := range s.GetAttributes() {
					said[a.GetKey()] = anyText(a.GetValue())
				}
				stored[hex.EncodeToString(s.GetTraceId())+"/"+hex.EncodeToString(s.GetSpanId())] = said
			}
		}
	}
	return stored
}

func anyText(v *commonpb.AnyValue) string {
	switch value := v.GetValue().(type) {
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(value.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(value.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_ArrayValue:
		var texts []string
		for _, element := range value.ArrayValue.GetValues() {
			texts = append(texts, element.GetStringValue())
		}
		return strings.Join(texts, ",")
	}
	return v.GetStringValue()
}

// TestIngestion sends captures to the double of a server that takes JSON batches
// and reads every root span's facts back from the events.
func TestIngestion(t *testing.T) {
	for _, test := range []struct{ version, api string }{{"2.95.11", "auto"}, {"3.21.0", "auto"}, {"3.225.4", "ingestion"}} {
		for _, name := range sent {
			t.Run(test.version+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := openCapture(t, name)
				server := shiptest.New(test.version)
				defer server.Close()
				args := append([]string{"backfill", "--api", test.api}, c.flags()...)
				command{args: append(args, c.log("proxy.log")), env: keys(server)}.succeed(t)
				want := map[string]map[string]string{}
				for _, tr := range readTraces(t, c.backfill(t, c.log("proxy.log"))) {
					want[tr.root().id()] = factsOf(t, tr.root())
				}
				sameFacts(t, want, eventFacts(t, server))
			})
		}
	}
}

// facts names what is compared, by the attribute of the span contract, the event
// that holds it and the member there.
var facts = []struct{ attribute, event, member string }{
	{"user.id", "trace-create", "userId"},
	{"session.id", "trace-create", "sessionId"},
	{"langfuse.trace.name", "trace-create", "name"},
	{"langfuse.trace.tags", "trace-create", "tags"},
	{"langfuse.observation.input", "trace-create", "input"},
	{"langfuse.observation.output", "trace-create", "output"},
	{"langfuse.observation.input", "generation-create", "input"},
	{"langfuse.observation.output", "generation-create", "output"},
	{"langfuse.observation.level", "generation-create", "level"},
	{"langfuse.observation.status_message", "generation-create", "statusMessage"},
	{"langfuse.observation.usage_details", "generation-create", "usageDetails"},
	{"langfuse.observation.cost_details", "generation-create", "costDetails"},
	{"langfuse.observation.model.parameters", "generation-create", "modelParameters"},
	{"langfuse.observation.completion_start_time", "generation-create", "completionStartTime"},
	{"start", "trace-create", "timestamp"},
	{"start", "generation-create", "startTime"},
	{"end", "generation-create", "endTime"},
}

// metadataOf are the prefixes of attributes that become metadata, by event.
var metadataOf = map[string]string{
	"trace-create": "langfuse.trace.metadata.", "generation-create": "langfuse.observation.metadata.",
}

// factsOf returns the facts of a root span as its events should state them.
func factsOf(t *testing.T, s *span) map[string]string {
	t.Helper()
	values := s.values()
	values["start"], values["end"] = s.Start, s.End
	said := map[string]string{}
	for _, fact := range facts {
		value, there := values[fact.attribute]
		if !there {
			continue
		}
		switch fact.attribute {
		case "start", "end":
			value = time.Unix(0, nanoseconds(value)).UTC().Format("2006-01-02T15:04:05.000Z")
		case "langfuse.trace.tags":
			value = canonical(t, tagsIn(value))
		case "langfuse.observation.completion_start_time":
			value = strings.Trim(value, `"`)
		}
		said[fact.event+" "+fact.member] = jsonOr(t, value)
	}
	for event, prefix := range metadataOf {
		for key, value := range values {
			if name, found := strings.CutPrefix(key, prefix); found {
				said[event+" metadata "+name] = jsonOr(t, value)
			}
		}
	}
	return said
}

// jsonOr is JSON in one spelling, or the text itself when it is none.
func jsonOr(t *testing.T, text string) string {
	t.Helper()
	var value any
	if !strings.ContainsAny(text[:min(len(text), 1)], "{[") || json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return canonical(t, value)
}

func canonical(t *testing.T, value any) string {
	t.Helper()
	if text, ok := value.(string); ok {
		return jsonOr(t, text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// eventFacts returns the facts that the server's events state, by root span. A
// root's own trace-create comes right before it: clients may have asked for
// several roots in one trace.
func eventFacts(t *testing.T, server *shiptest.Server) map[string]map[string]string {
	t.Helper()
	roots := map[string]map[string]string{}
	var trace string
	var said map[string]string
	for _, event := range server.Bodies() {
		id, _ := event.Body["id"].(string)
		switch event.Type {
		case "trace-create":
			trace, said = id, map[string]string{}
		case "generation-create":
			if event.Body["traceId"] != trace {
				t.Errorf("generation %s of trace %v follows trace %s", id, event.Body["traceId"], trace)
				continue
			}
			roots[trace+"/"+id] = said
		default:
			continue
		}
		for _, fact := range facts {
			if value, there := event.Body[fact.member]; there && fact.event == event.Type {
				said[fact.event+" "+fact.member] = canonical(t, value)
			}
		}
		metadata, _ := event.Body["metadata"].(map[string]any)
		for name, value := range metadata {
			said[event.Type+" metadata "+name] = canonical(t, value)
		}
	}
	return roots
}

func sameFacts(t *testing.T, want, got map[string]map[string]string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("no spans")
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] == nil {
			t.Errorf("span %s did not arrive", id)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(want[id])) {
			if got[id][name] != want[id][name] {
				t.Errorf("span %s, %s: %s", id, name, difference(want[id][name], got[id][name]))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(got[id])) {
			if _, there := want[id][name]; !there {
				t.Errorf("span %s, %s is new: %.100s", id, name, got[id][name])
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if want[id] == nil {
			t.Errorf("span %s is new", id)
		}
	}
}

// TestSentTwice sends the same log twice. Langfuse v2 and v3 fold equal ids, and
// the ids are equal.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.72.9/docker-text")
	server := shiptest.New("2.95.11")
	defer server.Close()
	dir := t.TempDir()
	for range 2 {
		args := append([]string{"backfill", "--dead-letters", filepath.Join(dir, "letters.jsonl")}, c.flags()...)
		command{args: append(args, c.log("proxy.log")), env: keys(server)}.succeed(t)
	}
	if len(server.Events()) == 0 {
		t.Fatal("no events")
	}
	for id, n := range server.Events() {
		if n != 2 {
			t.Errorf("event %s was stored %d times, want 2", id, n)
		}
	}
	if exists(filepath.Join(dir, "letters.jsonl")) {
		t.Error("there are dead letters")
	}
}
