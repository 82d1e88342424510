package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSend(t *testing.T) {
	t.Parallel()
	probe := NewProbe("0a1b2c3d", 1, "gpt-4o-mini", true)
	var got http.Header
	var body map[string]any
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		if r.URL.Path != "/v1/chat/completions" || json.NewDecoder(r.Body).Decode(&body) != nil {
			t.Errorf("path %s", r.URL.Path)
		}
		w.Header().Set("x-litellm-call-id", "call-1")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "slow\ndown")
	}))
	defer proxy.Close()
	client := proxy.Client()
	defer client.CloseIdleConnections()
	for _, base := range []string{proxy.URL, proxy.URL + "/", proxy.URL + "/v1", proxy.URL + "/v1/"} {
		answer, err := probe.Send(t.Context(), client, base, "made-up-key")
		if err != nil || answer.Status != 429 || answer.CallID != "call-1" || answer.Reason != "slow down" {
			t.Errorf("%s: %+v, %v", base, answer, err)
		}
	}
	if body["model"] != "gpt-4o-mini" || body["stream"] != true || got.Get("Authorization") != "Bearer made-up-key" {
		t.Errorf("body %v", body)
	}
	for _, f := range probe.Fields {
		if value, err := url.PathUnescape(got.Get(f.Name)); err != nil || value != f.Value {
			t.Errorf("%s: %q, want %q", f.Name, value, f.Value)
		}
		for _, c := range got.Get(f.Name) {
			if c > '~' {
				t.Errorf("%s is not ASCII: %q", f.Name, got.Get(f.Name))
			}
		}
	}
	if len(probe.Fields) != 8 {
		t.Errorf("%d fields", len(probe.Fields))
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	probe := NewProbe(NewRun(), 1, "m", false)
	for _, proxy := range []string{"", "127.0.0.1:4000", "ftp://x", "http://user:made-up-key@x", "http://x/?key=made-up-key", "http://127.0.0.1:1"} {
		if _, err := probe.Send(context.Background(), http.DefaultClient, proxy, "made-up-key"); err == nil || strings.Contains(err.Error(), "made-up-key") {
			t.Errorf("%q: %v", proxy, err)
		}
	}
	if first := NewRun(); first == NewRun() {
		t.Error("two runs are one")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	p := NewProbe("run", 2, "m", false)
	all := Seen{There: true, Names: map[string]string{}, User: "selftest-run@tailer.invalid", Session: "selftest-session-run-2"}
	for _, f := range p.Fields {
		all.Names[strings.ToLower(f.Name)] = f.Value
	}
	some := Seen{There: true, Names: map[string]string{"x-openwebui-user-name": "Tailer%20S%C3%A9lftest%20run", "x-openwebui-user-role": "user"}, User: "selftest-user-run-2"}
	lines := Compare(p, false, all, some, Seen{})
	if len(lines) != 10 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		want := []Verdict{Arrived, Absent, Nothing}
		switch line.Field {
		case "X-OpenWebUI-User-Name", "user":
			want[1] = Altered
		case "X-OpenWebUI-User-Role":
			want[1] = Arrived
		}
		if !slices.Equal(line.Results, want) {
			t.Errorf("%s: %v, want %v", line.Field, line.Results, want)
		}
	}
	hashed := Compare(p, true, Seen{There: true, User: "ab12"})
	for _, line := range hashed {
		if line.Results[0] != Hidden {
			t.Errorf("%s: %s", line.Field, line.Results[0])
		}
	}
}

// growing is a file that has more to tell some time later.
type growing struct {
	parts []string
	at    []time.Duration
	began time.Time
}

func (g *growing) Read(p []byte) (int, error) {
	if len(g.parts) == 0 || time.Since(g.began) < g.at[0] {
		return 0, io.EOF
	}
	n := copy(p, g.parts[0])
	g.parts, g.at = g.parts[1:], g.at[1:]
	return n, nil
}

// TestLive reads a file that grows, until it is silent, or for so long.
func TestLive(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		at       []time.Duration // of the parts
		answered time.Duration
		want     string
		took     time.Duration
	}{
		{"silent", []time.Duration{0, 2 * time.Second}, time.Second, "ab", 5 * time.Second},
		{"not answered yet", []time.Duration{0, 60 * time.Second}, 59 * time.Second, "ab", 63 * time.Second},
		{"busy", []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second, 10 * time.Second, 12 * time.Second, 14 * time.Second}, time.Second, "abcdef", 11 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &growing{at: row.at, began: time.Now()}
				for i := range row.at {
					g.parts = append(g.parts, string(rune('a'+i)))
				}
				l := NewLive(g, true, 3*time.Second, 10*time.Second)
				defer l.Close()
				time.AfterFunc(row.answered, l.Answered)
				began := time.Now()
				got, err := io.ReadAll(l)
				if took := time.Since(began); err != nil || string(got) != row.want || took < row.took-time.Second || took > row.took+time.Second {
					t.Errorf("%q after %v, %v; want %q after %v", got, took, err, row.want, row.took)
				}
			})
		})
	}
}

// TestLivePipe ends with a pipe, and passes its error on.
func TestLivePipe(t *testing.T) {
	t.Parallel()
	l := NewLive(strings.NewReader("all"), false, time.Second, time.Second)
	if got, err := io.ReadAll(l); string(got) != "all" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	broken := errors.New("broken")
	l = NewLive(io.MultiReader(strings.NewReader("a"), errReader{broken}), false, time.Second, time.Second)
	if got, err := io.ReadAll(l); string(got) != "a" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
