package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"tailer"
	"tailer/ship"
	"tailer/ship/otlp"
)

var start = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// exchange is the n-th request.
func exchange(n int, change func(*tailer.Exchange)) *tailer.Exchange {
	cost := 0.5
	at := start.Add(time.Duration(n) * time.Second)
	x := &tailer.Exchange{
		CallID: fmt.Sprintf("call-%d", n), CallType: "acompletion", Start: at, End: at.Add(700 * time.Millisecond), FirstToken: at.Add(200 * time.Millisecond),
		Request: tailer.Request{Method: "POST", Route: "/v1/chat/completions", Body: tailer.Fields{
			{Name: "model", Value: json.RawMessage(`"gpt-4o"`)},
			{Name: "messages", Value: json.RawMessage(fmt.Sprintf(`[{"role":"user","content":"Why is the sea number%d salty?"}]`, n))},
		}},
		Response:  json.RawMessage(`{"choices":[{"message":{"role":"assistant","content":"Rivers carry Größenordnungen of salt."}}]}`),
		Usage:     json.RawMessage(`{"prompt_tokens":7,"completion_tokens":5}`),
		CostTotal: &cost, Status: 200, Level: tailer.LevelDefault, Model: "openai/gpt-4o", Provider: "openai",
		Attribution: tailer.Attribution{User: "ana@example.org", UserSource: "header:x-openwebui-user-email", Session: "chat-1"},
	}
	if change != nil {
		change(x)
	}
	return x
}

func item(t testing.TB, x *tailer.Exchange) *ship.Item {
	t.Helper()
	i, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: "1.2.3"}), start, nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func openStore(t testing.TB, path string, cfg Config) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openReader(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func send(t testing.TB, s *Store, items ...*ship.Item) {
	t.Helper()
	if err := s.Send(context.Background(), items); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, r *Reader, f Filter) []Entry {
	t.Helper()
	page, err := r.List(context.Background(), f, Cursor{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

// TestRoundTrip gives back what was stored: the summary and every attribute.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder?#%", "traces.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, path, Config{})
	sent := item(t, exchange(1, func(x *tailer.Exchange) {
		x.Attempts = []tailer.Attempt{{Model: "openai/gpt-3.5", ErrorClass: "Timeout"}}
	}))
	send(t, s, sent)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name := range map[string]bool{path: true} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s: %v, %v", name, info.Mode(), err)
		}
	}
	r := openReader(t, path)
	want, _ := otlp.Summarize(sent.Spans(), nil)
	got := list(t, r, Filter{})
	if len(got) != 1 || got[0].Summary != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	if got[0].Question != "Why is the sea number1 salty?" || !strings.HasPrefix(got[0].Answer, "Rivers") {
		t.Errorf("question %q, answer %q", got[0].Question, got[0].Answer)
	}
	spans, err := r.Get(t.Context(), want.TraceID, want.SpanID)
	if err != nil || !proto.Equal(spans, sent.Spans()) {
		t.Errorf("spans differ: %v", err)
	}
	if _, err := r.Get(t.Context(), want.TraceID, "0000000000000000"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
	n := 0
	if err := r.Summaries(t.Context(), time.Time{}, func(s *otlp.Summary) {
		n++
		if *s != want {
			t.Errorf("got %+v", s)
		}
	}); err != nil || n != 1 {
		t.Errorf("%d summaries, %v", n, err)
	}
}

// TestTwice stores a request once, whoever sends it again.
func TestTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	for range 3 {
		s := openStore(t, path, Config{})
		send(t, s, item(t, exchange(1, nil)), item(t, exchange(1, nil)), item(t, exchange(2, nil)))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := openReader(t, path)
	if got := list(t, r, Filter{}); len(got) != 2 {
		t.Errorf("%d requests", len(got))
	}
	if got := list(t, r, Filter{Text: "number1"}); len(got) != 1 {
		t.Errorf("found %d requests", len(got))
	}
}

// TestFilters selects by each field, and pages through without gap or repetition.
func TestFilters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	s, r := openStore(t, path, Config{}), (*Reader)(nil)
	r = openReader(t, path) // while the writer has it open
	for n := range 40 {
		send(t, s, item(t, exchange(n, func(x *tailer.Exchange) {
			switch n % 4 {
			case 1:
				x.Attribution.User, x.Attribution.Session = "bob@example.org", "chat-2"
			case 2:
				x.Level, x.Status, x.ErrorClass, x.StatusMessage, x.Response = tailer.LevelError, 429, "RateLimitError", "RateLimitError: too fast", nil
			case 3:
				x.Incomplete = []string{"no response"}
				x.Start = start // all at one time
			}
		})))
	}
	send(t, s, item(t, exchange(100, func(x *tailer.Exchange) {
		x.Attribution.Task, x.Response = "title_generation", json.RawMessage(`{"choices":[{"message":{"content":"{\"title\":\"Salt\"}"}}]}`)
	})))
	for _, test := range []struct {
		name string
		f    Filter
		want int
	}{
		{"all", Filter{}, 41},
		{"user", Filter{User: "bob@example.org"}, 10},
		{"nobody of that name", Filter{User: "bob' OR 1=1 --"}, 0},
		{"session", Filter{Session: "chat-2"}, 10},
		{"model", Filter{Model: "gpt-4o"}, 41},
		{"ok", Filter{Status: StatusOK}, 21},
		{"error", Filter{Status: StatusError}, 10},
		{"incomplete", Filter{Status: StatusIncomplete}, 10},
		{"warning", Filter{Status: StatusWarning}, 0},
		{"since", Filter{Since: start.Add(20 * time.Second)}, 16},
		{"till", Filter{Till: start.Add(time.Second)}, 11},
		{"words", Filter{Text: "sea SALTY"}, 41},
		{"beginning of a word", Filter{Text: "riv"}, 30},
		{"without diacritics", Filter{Text: "grossen"}, 0},
		{"umlaut folded", Filter{Text: "großen"}, 30},
		{"words of both", Filter{Text: "sea rivers carry"}, 30},
		{"one word more than there is", Filter{Text: "sea mountain"}, 0},
		{"error class", Filter{Text: "ratelimiterror fast"}, 10},
		{"user as text", Filter{Text: "bob@example.org"}, 10},
		{"quotes and operators", Filter{Text: `"sea" AND (NOT* NEAR{`}, 0},
		{"only signs", Filter{Text: `"*`}, 0},
		{"blank", Filter{Text: "  "}, 41},
		{"together", Filter{User: "ana@example.org", Status: StatusError, Text: "sea", Till: start.Add(10 * time.Second)}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen, after := map[string]bool{}, Cursor{}
			last := time.Time{}
			for {
				page, err := r.List(t.Context(), test.f, after, 7)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Entries {
					if seen[e.SpanID] || strings.TrimSpace(test.f.Text) == "" && !last.IsZero() && e.Start.After(last) {
						t.Errorf("%s at %v comes again, or too late", e.CallID, e.Start)
					}
					seen[e.SpanID], last = true, e.Start
					if e.Session == "chat-1" && e.Chat != "Salt" {
						t.Errorf("title %q", e.Chat)
					}
				}
				if !page.More {
					break
				}
				after = page.Next
			}
			if len(seen) != test.want {
				t.Errorf("%d requests, want %d", len(seen), test.want)
			}
		})
	}
}

// TestRefused does not touch files that are not ours.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE cookies (name TEXT)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s := openStore(t, newer, Config{})
	if _, err := s.db.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{foreign: ErrForeign, text: ErrForeign, newer: ErrNewer} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path, Config{}); !errors.Is(err, want) {
			t.Errorf("open %s: %v", filepath.Base(path), err)
		}
		if _, err := OpenReader(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("read %s: %v", filepath.Base(path), err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed, %v", filepath.Base(path), err)
		}
	}
	if _, err := OpenReader(t.Context(), filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenReader(t.Context(), dir); !errors.Is(err, ErrForeign) {
		t.Errorf("a folder: %v", err)
	}
}

// TestFull reports a full disk as something that time may cure, stores nothing of
// the batch, and goes on when there is room again.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	s := openStore(t, path, Config{})
	send(t, s, item(t, exchange(1, nil)))
	if _, err := s.db.Exec(`PRAGMA max_page_count = 1`); err != nil { // as many as there are
		t.Fatal(err)
	}
	var items []*ship.Item
	for n := range 300 {
		items = append(items, item(t, exchange(n+2, nil)))
	}
	var failure *ship.SendError
	if err := s.Send(t.Context(), items); !errors.As(err, &failure) || failure.Class != ship.Transient {
		t.Fatalf("error %v", err)
	}
	r := openReader(t, path)
	if got := list(t, r, Filter{}); len(got) != 1 {
		t.Errorf("%d requests of a batch that failed", len(got)-1)
	}
	if _, err := s.db.Exec(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	send(t, s, items...)
	if got := list(t, r, Filter{}); len(got) != 301 {
		t.Errorf("%d requests", len(got))
	}
}

// TestCancelled stops without an outcome.
func TestCancelled(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "traces.db"), Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Send(ctx, []*ship.Item{item(t, exchange(1, nil))}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	send(t, s, item(t, exchange(1, nil)))
}
