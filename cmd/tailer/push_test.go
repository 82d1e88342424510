package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// TestRunPush delivers two logs by HTTP, one as lines and one as OTLP logs, in
// small pieces and in turns, to a tailer that is killed on the way. What was
// answered with 2xx comes out, once.
func TestRunPush(t *testing.T) {
	lines, otlp := openCapture(t, "1.109.1/json-detailed"), openCapture(t, "1.98.1/text-detailed")
	want := map[string]bool{}
	for _, c := range []capture{lines, otlp} {
		text := c.text(t, "proxy.log")
		for _, line := range linesIn(c.backfillFrom(t, bytes.NewReader(text), "-")) {
			want[rootOf(line)] = true
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
		"sources:\n  - http: {listen: %q}\n    timezone: UTC\nstate_dir: %s\ngive_up: 15s\n", address, filepath.Join(dir, "state")))
	m := &follower{name: "tailer", dir: dir, out: filepath.Join(dir, "out.jsonl")}
	m.start(t, "--config", file, "--date", otlp.date)
	t.Cleanup(func() { m.stop(t) })

	a := bytes.SplitAfter(lines.text(t, "proxy.log"), []byte("\n"))
	b := bytes.SplitAfter(otlp.text(t, "proxy.log"), []byte("\n"))
	const piece = 400
	for n := 0; n < max(len(a), len(b)); n += piece {
		if n/piece == 3 {
			_ = m.process.Process.Kill()
			if err := <-m.ended; err == nil {
				t.Error("tailer ended by itself")
			}
			m.start(t, "--config", file, "--date", otlp.date)
		}
		deliver(t, "http://"+address+"/lines?writer=pod-a", "text/plain", bytes.Join(a[min(n, len(a)):min(n+piece, len(a))], nil))
		deliver(t, "http://"+address+"/v1/logs", "application/x-protobuf", asOTLP(t, b[min(n, len(b)):min(n+piece, len(b))]))
	}
	m.wait(t, len(want), &follower{})
	m.stop(t)
	ids := map[string]int{}
	for _, line := range m.lines() {
		ids[rootOf(line)]++
	}
	for id, n := range ids {
		if n != 1 || !want[id] {
			t.Errorf("request %s came %d times; it is in the log: %v", id, n, want[id])
		}
	}
	if len(ids) != len(want) {
		t.Errorf("%d requests came, want %d", len(ids), len(want))
	}
}

// deliver sends until it is taken, as shippers do.
func deliver(t *testing.T, url, kind string, body []byte) {
	t.Helper()
	if len(body) == 0 {
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		response, err := http.Post(url, kind, bytes.NewReader(body))
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode/100 == 2 {
				return
			}
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s is not taken: %v", url, err)
		}
	}
}

func asOTLP(t *testing.T, lines [][]byte) []byte {
	t.Helper()
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	if len(lines) == 0 {
		return nil
	}
	scope := &logspb.ScopeLogs{}
	for _, line := range lines {
		scope.LogRecords = append(scope.LogRecords, &logspb.LogRecord{Body: text(string(bytes.ToValidUTF8(line, []byte("?"))))})
	}
	body, err := proto.Marshal(&logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{
		Resource:  &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "k8s.pod.name", Value: text("litellm-0")}}},
		ScopeLogs: []*logspb.ScopeLogs{scope},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}
