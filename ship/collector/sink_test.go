package collector

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tailer"
	"tailer/ship"
	"tailer/ship/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func items(t *testing.T, count int) (list []*ship.Item) {
	t.Helper()
	for n := range count {
		x := &tailer.Exchange{CallID: fmt.Sprint(n), Start: time.Unix(1, 0), End: time.Unix(2, 0)}
		item, err := ship.NewItem(otlp.Encode(x, otlp.Config{}), time.Unix(3, 0), n)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, item)
	}
	return list
}

// back is a back end that answers as it is told.
func back(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func sinkTo(t *testing.T, cfg Config) *Sink {
	t.Helper()
	sink, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}

func TestSend(t *testing.T) {
	var path, kind, key string
	var got tracepb.TracesData
	url := back(t, func(_ http.ResponseWriter, r *http.Request) {
		path, kind, key = r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("X-Key")
		zip, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(zip)
		if err := errors.Join(err, proto.Unmarshal(body, &got)); err != nil {
			t.Error(err)
		}
	})
	sink := sinkTo(t, Config{URL: url + "/", Headers: http.Header{"x-key": {"k"}}, Version: "1"})
	if err := sink.Send(context.Background(), items(t, 3)); err != nil {
		t.Fatal(err)
	}
	if path != tracesPath || kind != "application/x-protobuf" || key != "k" || len(got.GetResourceSpans()) != 3 {
		t.Errorf("path %s, type %s, key %q, %d items", path, kind, key, len(got.GetResourceSpans()))
	}
}

// partialSuccess is what a Collector answers that took all but some.
func partialSuccess(rejected uint64, why string) []byte {
	inner := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), rejected)
	inner = protowire.AppendString(protowire.AppendTag(inner, 2, protowire.BytesType), why)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner)
}

func TestAnswers(t *testing.T) {
	const pb = "application/x-protobuf"
	status := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "bad span")
	for _, test := range []struct {
		name, kind, body, after string
		status, count           int
		want                    ship.Class
		ok, unknown             bool
		says                    string
	}{
		{name: "taken", status: 200, kind: pb, ok: true},
		{name: "taken, as JSON", status: 202, kind: "application/json", body: "{}", ok: true},
		{name: "one rejected, alone", status: 200, kind: pb, body: string(partialSuccess(1, "too old")), want: ship.Refused, says: "too old"},
		{name: "one rejected of two", status: 200, kind: pb, body: string(partialSuccess(1, "too old")), count: 2, ok: true},
		{name: "a web site", status: 200, kind: "text/html", want: ship.Transient, says: "HTML"},
		{name: "bad", status: 400, kind: pb, body: string(status), want: ship.Refused, says: "bad span"},
		{name: "large", status: 413, kind: "text/html", want: ship.TooLarge},
		{name: "keys", status: 401, want: ship.KeysRefused},
		{name: "busy", status: 429, after: "7", want: ship.Transient},
		{name: "down", status: 503, body: "later", want: ship.Transient, unknown: true, says: "later"},
		{name: "not there", status: 404, want: ship.Transient, says: "check the URL"},
		{name: "elsewhere", status: 302, want: ship.Transient, says: "redirected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := back(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.Header().Set("Retry-After", test.after)
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			var log bytes.Buffer
			sink := sinkTo(t, Config{URL: url, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			err := sink.Send(context.Background(), items(t, max(test.count, 1)))
			if test.ok {
				if err != nil || (test.count > 1) != strings.Contains(log.String(), "rejected") {
					t.Errorf("got %v, log %q", err, log.String())
				}
				return
			}
			var failure *ship.SendError
			if !errors.As(err, &failure) || failure.Class != test.want || failure.Unknown != test.unknown || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, %+v", err, failure)
			}
			if test.after != "" && failure.RetryAfter != 7*time.Second {
				t.Errorf("wants to wait %v", failure.RetryAfter)
			}
		})
	}
}

// Whether a request without an answer may have been taken depends on whether
// somebody was there. The URL, with a password in it, is not told.
func TestNoAnswer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	cut := back(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for url, unknown := range map[string]bool{gone.URL: false, cut: true} {
		url = strings.Replace(url, "http://", "http://me:pass-word@", 1)
		sink := sinkTo(t, Config{URL: url + "/v1/traces?token=abc"})
		err := sink.Send(context.Background(), items(t, 1))
		var failure *ship.SendError
		if !errors.As(err, &failure) || failure.Class != ship.Transient || failure.Unknown != unknown {
			t.Errorf("got %v, %+v", err, failure)
		}
		if said := err.Error() + sink.Name(); strings.Contains(said, "pass-word") || strings.Contains(said, "abc") {
			t.Errorf("tells %s", said)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, url := range []string{"", "collector:4318", "ftp://host", "http://", "http://host/#a", "http://%zz"} {
		if _, err := New(Config{URL: url}); err == nil || len(url) > len("http://") && strings.Contains(err.Error(), url) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := New(Config{URL: "http://host", Timeout: -1}); err == nil {
		t.Error("a negative timeout is taken")
	}
}

func FuzzPartial(f *testing.F) {
	f.Add(partialSuccess(3, "why"))
	f.Add([]byte{0x0a, 0xff, 0x01})
	r := &http.Response{Header: http.Header{"Content-Type": {"application/x-protobuf"}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, why := partial(r, body); len([]rune(why)) > ship.MaxReason+1 {
			t.Errorf("%d characters", len(why))
		}
	})
}
