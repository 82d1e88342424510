package shiptest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func export(t *testing.T, traceID, spanID int) string {
	t.Helper()
	raw, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{TraceId: make([]byte, traceID), SpanId: make([]byte, spanID)}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func zipped(t *testing.T, s string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The double must refuse what a real server refuses, or it proves nothing.
func TestStrictness(t *testing.T) {
	const (
		protobuf = "application/x-protobuf"
		plain    = "application/json"
		trace    = `{"batch":[{"id":"e","timestamp":"2026-01-02T03:04:05.000Z","type":"trace-create","body":{"id":"t"}}]}`
	)
	event := func(kind, body string) string {
		return `{"batch":[{"id":"e","timestamp":"2026-01-02T03:04:05.000Z","type":"` + kind + `","body":{` + body + `}}]}`
	}
	generation := func(more string) string { return event("generation-create", `"id":"o","traceId":"t",`+more) }
	good := export(t, 16, 8)
	for _, test := range []struct {
		name, version, path, contentType, encoding, ingestion, key, body string
		status                                                           int
		says                                                             string
	}{
		{name: "spans", path: Traces, contentType: protobuf, body: good, status: 200},
		{name: "spans, zipped", path: Traces, contentType: protobuf, encoding: "gzip", ingestion: "4", body: zipped(t, good), status: 200},
		{name: "span without trace id", path: Traces, contentType: protobuf, body: export(t, 0, 8), status: 400, says: "rejected"},
		{name: "span without span id", path: Traces, contentType: protobuf, body: export(t, 16, 0), status: 400, says: "rejected"},
		{name: "newer ingestion version", path: Traces, contentType: protobuf, ingestion: "5", body: good, status: 400, says: "Unsupported"},
		{name: "odd ingestion version", path: Traces, contentType: protobuf, ingestion: "four", body: good, status: 400, says: "Unsupported"},
		{name: "bad gzip", path: Traces, contentType: protobuf, encoding: "gzip", body: good, status: 400, says: "decompress"},
		{name: "not protobuf", path: Traces, contentType: protobuf, body: "{}", status: 400, says: "parse"},
		{name: "other content type", path: Traces, contentType: "text/plain", body: good, status: 400, says: "content type"},
		{name: "v2 has no OTLP", version: "2.95.12", path: Traces, contentType: protobuf, body: good, status: 404},
		{name: "wrong key", key: "sk-lf-wrong", path: Traces, contentType: protobuf, body: good, status: 401},
		{name: "event", path: Ingestion, contentType: plain, body: trace, status: 207, says: `"status":201`},
		{name: "event, zipped", path: Ingestion, contentType: plain, encoding: "gzip", body: zipped(t, trace), status: 400, says: "Invalid JSON"},
		{name: "event on v4", version: "4.16.0", path: Ingestion, contentType: plain, body: trace, status: 207, says: "not accepted"},
		{name: "no batch", path: Ingestion, contentType: plain, body: `{}`, status: 400},
		{name: "null", path: Ingestion, contentType: plain, body: event("trace-create", `"id":"t","name":null`), status: 207, says: "name is empty"},
		{name: "no body id", path: Ingestion, contentType: plain, body: event("trace-create", `"name":"n"`), status: 207, says: "body.id"},
		{name: "unknown type", path: Ingestion, contentType: plain, body: event("embedding-create", `"id":"o"`), status: 207, says: "type"},
		{name: "level in small letters", path: Ingestion, contentType: plain, body: generation(`"level":"error"`), status: 207, says: "level"},
		{name: "time without zone", path: Ingestion, contentType: plain, body: generation(`"startTime":"2026-01-02T03:04:05"`), status: 207, says: "startTime"},
		{name: "usage with a fraction", path: Ingestion, contentType: plain, body: generation(`"usage":{"input":1.5}`), status: 207, says: "usage.input"},
		{name: "nested parameter", path: Ingestion, contentType: plain, body: generation(`"modelParameters":{"stop":["a"]}`), status: 207, says: "stop"},
		{name: "environment in capitals", path: Ingestion, contentType: plain, body: generation(`"environment":"Prod"`), status: 207, says: "environment"},
		{name: "rows without a range", version: "4.16.0", path: Rows, status: 400},
		{name: "rows on v3", path: Rows, status: 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.version == "" {
				test.version = "3.225.4"
			}
			if test.key == "" {
				test.key = SecretKey
			}
			server := New(test.version)
			defer server.Close()
			request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth(PublicKey, test.key)
			for name, value := range map[string]string{
				"Content-Type": test.contentType, "Content-Encoding": test.encoding, "X-Langfuse-Ingestion-Version": test.ingestion,
			} {
				if value != "" {
					request.Header.Set(name, value)
				}
			}
			response, err := server.Transport().RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || response.Body.Close() != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("got %d %s, want %d with %q", response.StatusCode, body, test.status, test.says)
			}
			if stored := len(server.Spans()) + len(server.Events()); (stored > 0) != (test.status == 200 || strings.Contains(test.says, "201")) {
				t.Errorf("%d are stored", stored)
			}
		})
	}
}
