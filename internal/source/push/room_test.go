package push

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestMemory takes bodies that grow most, for their size, where they are decoded.
func TestMemory(t *testing.T) {
	const size = 1 << 20
	field := func(number byte, value string) string {
		return string(protowire.AppendVarint([]byte{number<<3 | 2}, uint64(len(value)))) + value
	}
	records := strings.Repeat(field(2, ""), size/2)
	attributes := field(2, strings.Repeat(field(6, ""), size/2))
	tests := []struct{ name, path, kind, body string }{
		{"otlp records", "/v1/logs", "application/x-protobuf", field(1, field(2, records))},
		{"otlp scopes", "/v1/logs", "application/x-protobuf", field(1, strings.Repeat(field(2, ""), size/2))},
		{"otlp resources", "/v1/logs", "application/x-protobuf", strings.Repeat(field(1, ""), size/2)},
		{"otlp attributes", "/v1/logs", "application/x-protobuf", field(1, field(2, attributes))},
		{"otlp long writer", "/v1/logs", "application/x-protobuf", field(1, field(1, field(1, field(1, "host.name")+field(2, field(1, strings.Repeat("x", size/2)))))+field(2, strings.Repeat(field(2, ""), size/4)))},
		{"otlp json records", "/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}` + strings.Repeat(",{}", size/3) + `]}]}]}`},
		{"otlp json attributes", "/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{}` + strings.Repeat(",{}", size/3) + `]}]}]}]}`},
		{"lines", "/lines", "text/plain", strings.Repeat("\n", size)},
		{"long writer", "/lines?writer=" + strings.Repeat("x", 4000), "text/plain", strings.Repeat("\n", size)},
		{"objects", "/lines?field=a", "application/json", "[" + strings.Repeat(`{"a":""},`, size/9) + `{"a":""}]`},
		{"members", "/lines?field=a", "application/json", `{"a":""` + strings.Repeat(`,"b":1`, size/6) + "}"},
		{"deep", "/lines", "application/json", strings.Repeat(`{"a":`, size/5)},
		{"payloads", "/lines", "application/json", "[" + strings.Repeat(`{},`, size/3) + "{}]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, err := New(&blackHole{}, Config{MaxBody: int64(len(test.body))})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body))
			r.Header.Set("Content-Type", test.kind)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			h.ServeHTTP(httptest.NewRecorder(), r)
			runtime.ReadMemStats(&after)
			if times := (after.TotalAlloc - before.TotalAlloc) / uint64(len(test.body)); times > 16 {
				t.Errorf("%d times the body's size were allocated, garbage included", times)
			}
		})
	}
}

// blackHole is a spool that keeps nothing.
type blackHole struct{}

func (blackHole) Append(context.Context, []byte) error { return nil }

// TestSlowSenders keeps many bodies half sent: others are taken nevertheless.
func TestSlowSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := &memory{}
		h, err := New(spool, Config{MaxBody: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		post := func(body io.Reader) (w *httptest.ResponseRecorder) {
			w = httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/lines", body))
			return w
		}
		var senders sync.WaitGroup
		var slow []*io.PipeWriter
		var answers []*httptest.ResponseRecorder
		begin := func(text string) {
			in, out := io.Pipe()
			n := len(slow)
			slow, answers = append(slow, out), append(answers, nil)
			senders.Go(func() { answers[n] = post(in) })
			_, _ = io.WriteString(out, text)
			synctest.Wait()
		}
		for range 20 {
			begin("half")
		}
		if w := post(strings.NewReader("other")); w.Code != http.StatusNoContent {
			t.Errorf("beside slow senders: status %d", w.Code)
		}
		for range 20 { // until there is no memory left
			begin("half")
		}
		if w := post(strings.NewReader("one more")); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("without memory: status %d", w.Code)
		}
		for i, out := range slow {
			if i == 0 {
				_ = out.CloseWithError(io.ErrUnexpectedEOF)
				continue
			}
			_ = out.Close()
		}
		senders.Wait()
		if answers[0].Code != http.StatusServiceUnavailable || answers[1].Code != http.StatusNoContent {
			t.Errorf("one that was cut off: status %d; another one: %d", answers[0].Code, answers[1].Code)
		}
		if w := post(strings.NewReader(strings.Repeat("x", 1<<20-100))); w.Code != http.StatusNoContent {
			t.Errorf("when all have come: status %d", w.Code)
		}
	})
}
