package langfuse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/ship"
)

// stubVariable names a running stand-in server that has the read API too, such as
// http://127.0.0.1:3900. Without it the test is skipped.
const stubVariable = "TAILER_LANGFUSE_STUB"

// What is written by either way reads back the same.
func TestReadBack(t *testing.T) {
	base := os.Getenv(stubVariable)
	if base == "" {
		t.Skipf("%s is not set", stubVariable)
	}
	stub := &stub{base: base, t: t}
	version, err := stub.sink(APIAuto).Version(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	apis := map[byte][]string{'2': {APIAuto, APIIngestion}, '3': {APIAuto, APIOTLP, APIIngestion}, '4': {APIAuto, APIOTLP}}[version[0]]
	if apis == nil {
		t.Fatalf("unknown version %q", version)
	}
	for _, api := range apis {
		for _, fault := range []string{
			"", `{"status": 503}`, `{"status": 429, "headers": {"Retry-After": "1"}}`, `{"disconnect": true}`, `{"status": 500, "after_storing": true}`,
		} {
			t.Run(version+" "+api+" "+fault, func(t *testing.T) {
				stub.t = t
				stub.call(http.MethodPost, "/_stub/reset", "")
				if fault != "" {
					path := `"path": "/api/public/otel", `
					if api == APIIngestion || version[0] == '2' {
						path = `"path": "/api/public/ingestion", `
					}
					stub.call(http.MethodPost, "/_stub/faults", "["+strings.Replace(fault, "{", "{"+path, 1)+"]")
				}
				items := stub.deliver(api)
				for n, item := range items {
					got := stub.read(version, item.TraceID())
					if want := expected(n, version, api); got != want {
						t.Errorf("item %d:\ngot  %s\nwant %s", n, got, want)
					}
				}
				if fault == "" || version[0] == '4' { // v2 and v3 fold what comes twice
					stub.checkNothingTwice()
				}
			})
		}
	}
}

type stub struct {
	base string
	t    *testing.T
}

func (s *stub) sink(api string) *Sink {
	s.t.Helper()
	sink, err := New(Config{BaseURL: s.base, PublicKey: "pk-lf-stub", SecretKey: "sk-lf-stub", Version: "1.2.3", API: api})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(sink.Close)
	return sink
}

// deliver sends an answered, a retried, a failed exchange and an embedding.
func (s *stub) deliver(api string) []*ship.Item {
	s.t.Helper()
	failed, embedding := exchange(2), exchange(3)
	failed.Level, failed.Status, failed.StatusMessage = tailer.LevelError, 429, "RateLimitError: slow down"
	failed.Response, failed.Usage, failed.CostTotal, failed.FirstToken = nil, nil, nil, time.Time{}
	embedding.CallType, embedding.Request.Route = "aembedding", "/v1/embeddings"
	items := []*ship.Item{
		itemOf(s.t, exchange(0), 0), itemOf(s.t, exchange(1), 1), itemOf(s.t, failed, 2), itemOf(s.t, embedding, 3),
	}
	shipper, err := ship.New(ship.Config{DeadLetters: ship.NewDeadLetters(filepath.Join(s.t.TempDir(), "dead.jsonl"))},
		ship.Target{Name: "langfuse", Sink: s.sink(api)})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- shipper.Run(ctx) }()
	for _, item := range items {
		if err := shipper.Deliver(context.Background(), item); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := shipper.Flush(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		s.t.Error(err)
	}
	if stats := shipper.Stats(); stats.Delivered != int64(len(items)) {
		s.t.Errorf("stats %+v", stats)
	}
	return items
}

func (s *stub) call(method, path, body string) []byte {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.SetBasicAuth("pk-lf-stub", "sk-lf-stub")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, raw, err)
	}
	return raw
}

func (s *stub) checkNothingTwice() {
	s.t.Helper()
	var state struct{ RowsReceivedRepeatedly, EventIDsReceivedRepeatedly map[string]int }
	if err := json.Unmarshal(s.call(http.MethodGet, "/_stub/state", ""), &state); err != nil {
		s.t.Fatal(err)
	}
	if len(state.RowsReceivedRepeatedly)+len(state.EventIDsReceivedRepeatedly) > 0 {
		s.t.Errorf("written twice: %+v", state)
	}
}

// view is one observation with its trace, as a reader of either API sees it.
type view struct {
	User, Session, TraceName string
	Tags                     []string
	Type, Name, Level        string
	Message, Model           string
	Start, End, First        string
	HasParent                bool
	Parameters, Usage, Cost  map[string]any
	Metadata                 map[string]any
	Input, Output            any
}

type record struct {
	Name, UserID, SessionID, TraceName, Type, Level, StatusMessage, Model string
	Tags                                                                  []string
	StartTime, EndTime, CompletionStartTime, ParentObservationID          string
	ModelParameters, UsageDetails, CostDetails, Metadata                  map[string]any
	Input, Output                                                         any
}

// read returns what the server shows of a trace, root first.
func (s *stub) read(version, traceID string) string {
	s.t.Helper()
	var page struct{ Data []record }
	var trace struct {
		record
		Observations []record
	}
	if version[0] == '4' {
		if err := json.Unmarshal(s.call(http.MethodGet, "/api/public/v2/observations?traceId="+url.QueryEscape(traceID), ""), &page); err != nil {
			s.t.Fatal(err)
		}
	} else {
		if err := json.Unmarshal(s.call(http.MethodGet, "/api/public/traces/"+traceID, ""), &trace); err != nil {
			s.t.Fatal(err)
		}
		for _, o := range trace.Observations {
			o.UserID, o.SessionID, o.TraceName, o.Tags = trace.UserID, trace.SessionID, trace.Name, trace.Tags
			if o.ParentObservationID == "" {
				for key, value := range trace.Metadata {
					o.Metadata[key] = value
				}
			}
			page.Data = append(page.Data, o)
		}
	}
	var views [2]*view // root, attempt
	for _, r := range page.Data {
		place := 0
		if r.ParentObservationID != "" {
			place = 1
		}
		if views[place] != nil {
			s.t.Errorf("trace %s has more rows than spans", traceID)
		}
		views[place] = newView(r)
	}
	return encode(s.t, views)
}

func newView(r record) *view {
	for _, noise := range []string{"attributes", "resourceAttributes", "scope"} {
		delete(r.Metadata, noise)
	}
	for key, value := range r.Metadata {
		r.Metadata[key] = decoded(value)
	}
	first := ""
	if at, err := time.Parse(time.RFC3339Nano, r.CompletionStartTime); err == nil {
		first = milliseconds(at)
	}
	return &view{
		User: r.UserID, Session: r.SessionID, TraceName: r.TraceName, Tags: r.Tags, Type: r.Type, Name: r.Name, Level: r.Level,
		Message: r.StatusMessage, Model: r.Model, Start: r.StartTime, End: r.EndTime, First: first,
		HasParent: r.ParentObservationID != "", Parameters: some(r.ModelParameters), Usage: some(r.UsageDetails), Cost: some(r.CostDetails),
		Metadata: r.Metadata, Input: decoded(r.Input), Output: decoded(r.Output),
	}
}

func some(m map[string]any) map[string]any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// decoded is the value of a text that holds a JSON object: OTLP carries objects
// so, and the real server takes them apart.
func decoded(value any) any {
	var object map[string]any
	if text, ok := value.(string); ok && json.Unmarshal([]byte(text), &object) == nil {
		return object
	}
	return value
}

func expected(n int, version, api string) string {
	start := time.UnixMilli(1700000000000 + int64(n)*1000)
	at := func(ms int) string { return milliseconds(start.Add(time.Duration(ms) * time.Millisecond)) }
	root := &view{
		User: "ana@example.org", Session: "chat-1", TraceName: "litellm-acompletion", Tags: []string{"a", "b"},
		Type: "GENERATION", Name: "litellm-acompletion", Level: "DEFAULT", Model: "gpt-4o-mini",
		Start: at(0), End: at(1500), First: at(250),
		Parameters: map[string]any{"temperature": 0.5, "response_format": `{"type":"json_object"}`},
		Usage:      map[string]any{"input": 15, "input_cached_tokens": 5, "output": 4, "total": 24},
		Cost:       map[string]any{"total": 0.00055},
		Input:      map[string]any{"messages": []any{map[string]any{"role": "user", "content": "is 1 < 2?"}}},
		Output:     map[string]any{"role": "assistant", "content": "yes"},
		Metadata: map[string]any{
			"X-OpenWebUI-User-Name": "Ana Peña", "request_headers": map[string]any{"accept": "*/*"},
			"request_metadata": map[string]any{"features": map[string]any{"web": true}},
			"litellm_call_id":  fmt.Sprintf("7a9abb74-2934-421c-9b75-%012d", n),
			"http_method":      "POST", "route": "/v1/chat/completions", "http_status": "200", "model_requested": "chat",
			"provider": "openai", "finish_reason": "stop", "tailer.version": "1.2.3", "tailer.user.source": "body:user",
		},
	}
	views := [2]*view{root}
	switch n {
	case 1:
		root.Metadata["attempts"] = "2"
		views[1] = &view{
			User: root.User, Session: root.Session, TraceName: root.TraceName, Tags: root.Tags,
			Type: "SPAN", Name: "attempt", Level: "WARNING", Message: "APIError", Start: at(0), End: at(0), HasParent: true,
			Metadata: map[string]any{"litellm_call_id": root.Metadata["litellm_call_id"], "attempt": "1", "model": "openai/gpt-4o", "http_status": "500"},
		}
	case 2:
		root.Level, root.Message, root.First = "ERROR", "RateLimitError: slow down", ""
		root.Usage, root.Cost, root.Output = nil, nil, nil
		root.Metadata["http_status"] = "429"
		delete(root.Metadata, "finish_reason")
	case 3:
		root.TraceName, root.Name = "litellm-aembedding", "litellm-aembedding"
		root.Metadata["route"] = "/v1/embeddings"
		if version[0] != '2' && api != APIIngestion { // v2 has no such type
			root.Type = "EMBEDDING"
		}
	}
	return encode(nil, views)
}

func encode(t *testing.T, v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil && t != nil {
		t.Fatal(err)
	}
	return out.String()
}
