package push

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
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

func (m *memory) Append(_ context.Context, frames []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	entries, err := entriesIn(frames)
	m.entries = append(m.entries, entries...)
	return err
}

// entriesIn reads frames back.
func entriesIn(frames []byte) (entries []Entry, err error) {
	for in := bufio.NewReader(bytes.NewReader(frames)); ; {
		e, err := readFrame(in, int64(len(frames)))
		if errors.Is(err, io.EOF) && !errors.Is(err, errFrame) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
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
		{"too many lines", "/lines", "text/plain", "gzip", gzipped(t, strings.Repeat("\n", 400)), 413, ""},
		{"a long writer of many lines", "/lines?writer=" + strings.Repeat("w", 1000), "text/plain", "", "a\nb\n", 413, ""},
		{"otlp with another's Latin-1", "/v1/logs", "application/x-protobuf", "", "\x0a\x0b\x12\x09\x12\x07\x2a\x05\x0a\x03a\xe4b", 200, "|0||a\xe4b\n"},
		{"otlp json that goes on", "/v1/logs", "application/json", "", "{}{}", 400, ""},
		{"otlp json without records", "/v1/logs", "application/json", "", `{"resourceLogs":[{"scopeLogs":null}]}`, 200, ""},
		{"otlp json that is no object", "/v1/logs", "application/json", "", `{"resourceLogs":[1]}`, 400, ""},
		{"otlp json without a time", "/v1/logs", "application/json", "", `{"resource_logs":[{"scope_logs":[{"log_records":[{"timeUnixNano":"x"}]}]}]}`, 400, ""},
		{"otlp json of proto names", "/v1/logs", "application/json", "", `{"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":"1","body":{"string_value":"a"}}]}]}]}`, 200, "|0|1970-01-01T00:00:00.000000001Z|a\n"},
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

// modelOf is what a generic reader makes of OTLP logs.
func modelOf(data *logspb.LogsData) (want []Entry) {
	value := func(attributes []*commonpb.KeyValue, name string) string {
		for _, a := range attributes {
			if s := a.GetValue().GetStringValue(); a.GetKey() == name && s != "" {
				return s
			}
		}
		return ""
	}
	for _, resource := range data.GetResourceLogs() {
		who := ""
		for _, name := range writers {
			if who == "" {
				who = value(resource.GetResource().GetAttributes(), name)
			}
		}
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				text := record.GetBody().GetStringValue() + string(record.GetBody().GetBytesValue())
				want = append(want, Entry{
					Writer: who, Text: []byte(strings.TrimSuffix(text, "\n")), Stamp: stampOf(record.GetTimeUnixNano()),
					Stream: streamOf(value(record.GetAttributes(), streamAttribute)),
				})
			}
		}
	}
	return want
}

func same(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool {
		return x.Writer == y.Writer && bytes.Equal(x.Text, y.Text) && x.Stamp.Equal(y.Stamp) && x.Stream == y.Stream
	})
}

// decoded is what a decoder makes of a body, in a MiB at most.
func decoded(t *testing.T, decode func(*frames) error) ([]Entry, error) {
	t.Helper()
	out := newFrames(0, 1<<20)
	if err := decode(out); err != nil {
		return nil, err
	}
	entries, err := entriesIn(out.bytes)
	if err != nil {
		t.Fatalf("frames can't be read: %v", err)
	}
	return entries, nil
}

// FuzzOTLP reads what protobuf's own reader takes as that does, in either form.
func FuzzOTLP(f *testing.F) {
	body, err := proto.Marshal(logs())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte("\x0a\x04\x12\x02\x12\x00\x0a\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, mine := decoded(t, func(out *frames) error { return decodeOTLP(body, out) })
		var data logspb.LogsData
		if err := proto.Unmarshal(body, &data); err != nil {
			return
		}
		if mine != nil && !errors.Is(mine, errTooLarge) {
			t.Fatalf("refused: %v", mine)
		}
		canonical, err := proto.Marshal(&data) // without parts of messages that are to be merged
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(canonical, body) && mine == nil && !same(got, modelOf(&data)) {
			t.Fatalf("%+v\nwant %+v", got, modelOf(&data))
		}
		asJSON, err := protojson.Marshal(&data)
		if err != nil {
			return // not all bytes are text
		}
		got, err = decoded(t, func(out *frames) error { return decodeOTLPJSON(asJSON, out) })
		if err != nil && !errors.Is(err, errTooLarge) || err == nil && !same(got, modelOf(&data)) {
			t.Fatalf("%s: %v, %+v\nwant %+v", asJSON, err, got, modelOf(&data))
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"message":"a","timestamp":"2026-11-23T09:13:09.058163123Z"}]`), "message")
	f.Add([]byte(`{"id":"x"}{"id":"y"}`), "")
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":"_w"},"timeUnixNano":1}]}]}]}`), "")
	f.Fuzz(func(t *testing.T, body []byte, field string) {
		for name, decode := range map[string]func(*frames) error{
			"otlp": func(out *frames) error { return decodeOTLPJSON(body, out) },
			"json": func(out *frames) error { return decodeJSON(body, field, "", out) },
			"text": func(out *frames) error { return decodeText(body, "", out) },
		} {
			entries, err := decoded(t, decode)
			for _, e := range entries {
				if e.Stream > tailer.StreamStderr {
					t.Fatalf("%s: stream %d", name, e.Stream)
				}
			}
			if valid := json.Valid(body); name == "otlp" && err == nil && !valid {
				t.Fatalf("%s: taken, but not JSON", name)
			}
		}
	})
}

// TestTooLargeIsToldFirst refuses a body by its length, before it comes.
func TestTooLargeIsToldFirst(t *testing.T) {
	h, _ := New(&memory{}, Config{MaxBody: 10})
	r := httptest.NewRequest(http.MethodPost, "/lines", iotest.ErrReader(errors.New("read")))
	r.ContentLength = 11
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}
