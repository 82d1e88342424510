package metrics_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/internal/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape returns the answer of a path.
func scrape(t *testing.T, s *metrics.Server, path string) (status int, text string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + s.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func listen(t *testing.T, m *metrics.Metrics) *metrics.Server {
	t.Helper()
	s, err := metrics.Listen("127.0.0.1:0", "", m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestScrape counts what happened and asks for the rest.
func TestScrape(t *testing.T) {
	m := metrics.New("1.2.3")
	s := listen(t, m)
	m.Log("/var/log/proxy.log").Lines(3, 100)
	m.Log("/var/log/proxy.log").Lines(1, 23)
	m.Record(&tailer.Record{Kind: tailer.KindCall})
	m.Exchange(&tailer.Exchange{Level: tailer.LevelDefault, Attribution: tailer.Attribution{User: "a@b.c", UserSource: "header:x-openwebui-user-email", Session: "s", SessionSource: "header:x-anything-session-id"}})
	m.Exchange(&tailer.Exchange{Level: tailer.LevelError, Incomplete: []string{"attempts uncertain (two could be meant)", "no response"}})
	m.Exchange(&tailer.Exchange{})
	m.Exchange(&tailer.Exchange{Attribution: tailer.Attribution{Dropped: "denied user"}})
	m.Repeated()
	old := time.Now().Add(-time.Minute)
	m.Ask(metrics.Gauges{
		Delivery: func() metrics.Delivery {
			return metrics.Delivery{Duplicates: 2, Pending: 3, Bytes: 4096, Sinks: []metrics.Sink{
				{Name: "langfuse", Sent: 7, Rejected: 1, Failures: 5, Waiting: 3, Oldest: old, Down: true}, {Name: "file:x"},
			}}
		},
		Secrets: func() int64 { return 11 },
		Spool:   func() (size, dropped int64) { return 12, 13 },
		Logs: func() []metrics.Reading {
			return []metrics.Reading{{Log: "a.log", Behind: 10, Newest: old}, {Log: "b.log", Newest: old}}
		},
	})
	status, text := scrape(t, s, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	for _, want := range []string{
		`tailer_lines_total{log="/var/log/proxy.log"} 4`, `tailer_read_bytes_total{log="/var/log/proxy.log"} 123`,
		`tailer_records_total{kind="call"} 1`, `tailer_pairs_total{end="answer"} 1`, `tailer_pairs_total{end="error"} 1`,
		`tailer_pairs_total{end="unknown"} 1`, `tailer_incomplete_total{reason="attempts uncertain"} 1`, `tailer_incomplete_total{reason="no response"} 1`,
		`tailer_users_total{source="header:x-openwebui-user-email"} 1`, `tailer_users_total{source="none"} 2`,
		`tailer_sessions_total{source="other"} 1`, `tailer_dropped_total{rule="denied user"} 1`, `tailer_sent_total{sink="langfuse"} 7`, `tailer_rejected_total{sink="langfuse"} 1`,
		"tailer_duplicates_avoided_total 3", "tailer_outbox_traces 3", "tailer_outbox_bytes 4096", `tailer_send_failures_total{sink="langfuse"} 5`, `tailer_sink_up{sink="langfuse"} 0`, `tailer_sink_up{sink="file:x"} 1`, `tailer_unsent_traces{sink="langfuse"} 3`,
		`tailer_oldest_unsent_timestamp_seconds{sink="langfuse"} ` + strconv.FormatInt(old.Unix(), 10)[:1] + ".", "tailer_secrets_redacted_total 11", "tailer_spool_bytes 12", "tailer_spool_dropped_bytes_total 13",
		`tailer_lag_bytes{log="a.log"} 10`, `tailer_lag_seconds{log="a.log"} 60`, `tailer_lag_seconds{log="b.log"} 0`,
		`tailer_build_info{goversion="go1`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "a@b.c") || strings.Contains(text, "anything") {
		t.Error("the client's words are in a label")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestHealth(t *testing.T) {
	s := listen(t, metrics.New("1"))
	for _, test := range []struct {
		path   string
		ready  bool
		status int
	}{
		{"/-/healthy", false, http.StatusOK},
		{"/-/ready", false, http.StatusServiceUnavailable},
		{"/-/ready", true, http.StatusOK},
		{"/", true, http.StatusNotFound},
		{"/debug/pprof/", true, http.StatusNotFound},
	} {
		s.SetReady(test.ready)
		if status, _ := scrape(t, s, test.path); status != test.status {
			t.Errorf("%s, ready %v: status %d, want %d", test.path, test.ready, status, test.status)
		}
	}
}

// TestToken demands the token of whoever asks, once there is one, but not for
// health: a runtime that asks has none.
func TestToken(t *testing.T) {
	s, err := metrics.Listen("127.0.0.1:0", "s3cret", metrics.New("1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for header, want := range map[string]int{"": 401, "Bearer s3cret": 200, "Bearer s3cre": 401, "Bearer s3crets": 401, "Basic s3cret": 401} {
		request, err := http.NewRequest(http.MethodGet, "http://"+s.Addr()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", header)
		r, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%q: status %d, want %d", header, r.StatusCode, want)
		}
	}
	if status, _ := scrape(t, s, "/-/healthy"); status != http.StatusOK {
		t.Errorf("health: status %d", status)
	}
}

// TestAddress takes loopback, and anything else only with a token.
func TestAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, address := range []string{"", "9464", ":9464", "0.0.0.0:9464", "example.com:9464", "[::]:9464", taken.Addr().String()} {
		s, err := metrics.Listen(address, "", metrics.New("1"))
		if err == nil {
			t.Errorf("%q was taken", address)
			_ = s.Close()
		}
		var failed *net.OpError
		if address == taken.Addr().String() && !errors.As(err, &failed) {
			t.Errorf("%q: %v", address, err)
		}
	}
	s, err := metrics.Listen("0.0.0.0:0", "token", metrics.New("1"))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		return // no IPv6 here
	}
	if s, err := metrics.Listen("[::1]:0", "", metrics.New("1")); err == nil {
		_ = s.Close()
	}
}
