package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tailer"
)

// memory is a spool that forgets nothing but at a crash.
type memory struct {
	mu      sync.Mutex
	entries []Entry
	err     error
}

func (m *memory) Append(_ context.Context, entries []Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.entries = append(m.entries, entries...)
	return nil
}

func (m *memory) String() string {
	var out strings.Builder
	for _, e := range m.entries {
		stamp := ""
		if !e.Stamp.IsZero() {
			stamp = e.Stamp.Format(time.RFC3339Nano)
		}
		fmt.Fprintf(&out, "%s|%d|%s|%s\n", e.Writer, e.Stream, stamp, e.Text)
	}
	return out.String()
}

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

func logs() *logspb.LogsData {
	return &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{
		{
			Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "host.name", Value: text("node-1")}, {Key: "k8s.pod.name", Value: text("litellm-0")}}},
			ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{
				{TimeUnixNano: 1795425189058163123, Body: text("first\n"), Attributes: []*commonpb.KeyValue{{Key: "log.iostream", Value: text("stderr")}}},
				{ObservedTimeUnixNano: 1795425190000000000, Body: text("two\nlines")},
			}}},
		},
		{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{Body: text("nobody's")}}}}},
	}}
}

const logsWanted = "litellm-0|2|2026-11-23T09:13:09.058163123Z|first\nlitellm-0|0||two\nlines\n|0||nobody's\n"

func protobuf(t *testing.T) string {
	t.Helper()
	body, err := proto.Marshal(logs())
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func gzipped(t *testing.T, body string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstded(t *testing.T, body string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(z.EncodeAll([]byte(body), nil))
}

func TestHandler(t *testing.T) {
	asJSON, err := protojson.Marshal(logs())
	if err != nil {
		t.Fatal(err)
	}
	const vector = `[{"message":"a","timestamp":"2026-11-23T09:13:09.058163123Z","source_type":"file"},{"message":"b\nc"}]`
	tests := []struct {
		name, path, kind, encoding, body string
		status                           int
		want                             string
	}{
		{"otlp protobuf", "/v1/logs", "application/x-protobuf", "", protobuf(t), 200, logsWanted},
		{"otlp protobuf gzip", "/v1/logs", "application/x-protobuf", "gzip", gzipped(t, protobuf(t)), 200, logsWanted},
		{"otlp protobuf zstd", "/v1/logs", "application/x-protobuf", "zstd", zstded(t, protobuf(t)), 200, logsWanted},
		{"otlp json", "/v1/logs", "application/json; charset=utf-8", "", string(asJSON), 200, logsWanted},
		{"otlp empty", "/v1/logs", "application/x-protobuf", "", "", 200, ""},
		{"otlp garbage", "/v1/logs", "application/x-protobuf", "", "garbage", 400, ""},
		{"otlp json garbage", "/v1/logs", "application/json", "", `{"resourceLogs": 1}`, 400, ""},
		{"otlp as text", "/v1/logs", "text/plain", "", "a", 415, ""},
		{"text", "/lines?writer=pod-1", "text/plain", "", "a\nb\n", 204, "pod-1|0||a\npod-1|0||b\n"},
		{"text without a type", "/lines", "", "", "a", 204, "|0||a\n"},
		{"an empty line", "/lines", "text/plain", "", "\n", 204, "|0||\n"},
		{"no text", "/lines", "text/plain", "", "", 204, ""},
		{"array of objects", "/lines?field=message&writer=w", "application/json", "", vector, 204, "w|0||a\nw|0||b\nc\n"},
		{"a line an object", "/lines?field=log", "application/x-ndjson", "", "{\"log\":\"a\"}\n{\"log\":\"b\"}\n", 204, "|0||a\n|0||b\n"},
		{"payloads", "/lines", "application/json", "", "[{\n\"id\": \"x\"}]", 204, "|0||{\n    \"id\": \"x\"\n}\n"},
		{"one object lacks its line", "/lines?field=log", "application/x-ndjson", "", "{\"log\":\"a\"}\n{\"message\":\"b\"}\n", 400, ""},
		{"a line that is no text", "/lines?field=log", "application/x-ndjson", "", "{\"log\":null}\n", 400, ""},
		{"numbers", "/lines", "application/json", "", "1", 400, ""},
		{"array of numbers", "/lines", "application/json", "", "[1]", 400, ""},
		{"null", "/lines", "application/json", "", "[null]", 400, ""},
		{"cut off", "/lines", "application/json", "", `[{"id": "x"`, 400, ""},
		{"no gzip", "/lines", "text/plain", "gzip", "a", 400, ""},
		{"cut gzip", "/lines", "text/plain", "gzip", gzipped(t, "aaaa")[:12], 400, ""},
		{"unknown compression", "/lines", "text/plain", "br", "a", 415, ""},
		{"unknown type", "/lines", "application/xml", "", "<a/>", 415, ""},
		{"broken type", "/lines", "text/", "", "a", 415, ""},
		{"too large", "/lines", "text/plain", "", strings.Repeat("a", 2000), 413, ""},
		{"too large inside", "/lines", "text/plain", "gzip", gzipped(t, strings.Repeat("a", 100_000)), 413, ""},
		{"too large inside zstd", "/lines", "text/plain", "zstd", zstded(t, strings.Repeat("a", 100_000)), 413, ""},
		{"too large once indented", "/lines", "application/json", "", `{"id":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "}", 413, ""},
		{"too many lines", "/lines", "text/plain", "gzip", gzipped(t, strings.Repeat("\n", 100)), 413, ""},
		{"a long writer of many lines", "/lines?writer=" + strings.Repeat("w", 1000), "text/plain", "", "a\nb\n", 413, ""},
		{"unknown path", "/v1/traces", "application/json", "", "{}", 404, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spool := &memory{}
			h, err := New(spool, Config{MaxBody: 1500})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body))
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			if test.encoding != "" {
				r.Header.Set("Content-Encoding", test.encoding)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || spool.String() != test.want {
				t.Errorf("status %d, spooled %q; want %d, %q", w.Code, spool.String(), test.status, test.want)
			}
		})
	}
}

func TestFullSpoolIsTriedAgain(t *testing.T) {
	for _, err := range []error{ErrFull, errors.New("disk full")} {
		h, _ := New(&memory{err: err}, Config{})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/lines", strings.NewReader("a")))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: status %d, headers %v", err, w.Code, w.Header())
		}
	}
}

func TestToken(t *testing.T) {
	spool := &memory{}
	h, _ := New(spool, Config{Token: "hunter22"})
	for header, want := range map[string]int{"": 401, "Bearer ": 401, "Bearer hunter2": 401, "hunter22": 204, "Bearer hunter22": 204} {
		r := httptest.NewRequest(http.MethodPost, "/lines", strings.NewReader("a"))
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || strings.Contains(w.Body.String(), "hunter") {
			t.Errorf("%q: status %d, want %d", header, w.Code, want)
		}
	}
	if said := fmt.Sprintf("%v %+v %#v", h.cfg, h.cfg, h.cfg); strings.Contains(said, "hunter22") {
		t.Errorf("the token is printed: %s", said)
	}
}

func TestConfigRefused(t *testing.T) {
	if _, err := New(nil, Config{}); err == nil {
		t.Error("no spool is accepted")
	}
	if _, err := New(&memory{}, Config{MaxBody: -1}); err == nil {
		t.Error("a negative limit is accepted")
	}
}

// TestIndentedSize is never less than what indenting makes of a document.
func TestIndentedSize(t *testing.T) {
	for _, document := range []string{`{}`, `{"a":[1,2,{"b":"\"[{,"}],"c":[[[]]]}`, ` { "a" : "\\" , "b" : [ ] } `} {
		entry, err := lineOf([]byte(strings.TrimSpace(document)), "")
		if err != nil {
			t.Fatal(err)
		}
		if n := indentedSize([]byte(document)); n < int64(len(entry.Text)) || n > int64(len(entry.Text))+60 {
			t.Errorf("%s: %d bytes foreseen, %d made", document, n, len(entry.Text))
		}
	}
}

func FuzzDecode(f *testing.F) {
	body, err := proto.Marshal(logs())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, "message")
	f.Add([]byte(`[{"message":"a","timestamp":"2026-11-23T09:13:09.058163123Z"}]`), "message")
	f.Add([]byte(`{"id":"x"}{"id":"y"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, field string) {
		for _, decode := range []func() ([]Entry, error){
			func() ([]Entry, error) { return decodeOTLP(body, false) },
			func() ([]Entry, error) { return decodeOTLP(body, true) },
			func() ([]Entry, error) { return decodeJSON(body, field, "", 1<<20) },
			func() ([]Entry, error) { return decodeText(body, "", 1<<20) },
		} {
			if entries, err := decode(); err != nil && len(entries) > 0 {
				t.Fatal("entries and an error")
			} else {
				for _, e := range entries {
					if e.Stream > tailer.StreamStderr {
						t.Fatalf("stream %d", e.Stream)
					}
				}
			}
		}
	})
}
