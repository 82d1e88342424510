package langfuse

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"tailer/ship"
	"tailer/ship/shiptest"
)

// beside is an item whose request LiteLLM's callback writes too.
func beside(t *testing.T, n int, b ship.Beside) *ship.Item {
	t.Helper()
	return newItem(t, n).With(b)
}

func send(t *testing.T, server *shiptest.Server, mode string, items ...*ship.Item) (*Sink, string, error) {
	t.Helper()
	var log bytes.Buffer
	sink := newSink(t, server, func(c *Config) { c.Mode, c.Logger = mode, slog.New(slog.NewTextHandler(&log, nil)) })
	err := sink.Send(context.Background(), items)
	return sink, log.String(), err
}

// An upsert adds to a trace of one request all that is known of it, and to one
// that requests share the user and the session alone, of the first user.
func TestUpsert(t *testing.T) {
	server := newServer(t, "3.225.4")
	other := exchange(3)
	other.Attribution.User = "ben@example.org"
	sink, log, err := send(t, server, ModeUpsert,
		beside(t, 0, ship.Beside{TraceID: "call-0"}), beside(t, 1, ship.Beside{TraceID: "session", Shared: true}),
		beside(t, 2, ship.Beside{TraceID: "session", Shared: true}), itemOf(t, other, 3).With(ship.Beside{TraceID: "session", Shared: true}),
		beside(t, 4, ship.Beside{}))
	if err != nil {
		t.Fatal(err)
	}
	events := server.Bodies()
	if len(events) != 2 || len(server.Spans()) > 0 {
		t.Fatalf("%d events, %d spans", len(events), len(server.Spans()))
	}
	for i, want := range []struct {
		id      string
		members []string
	}{
		{"call-0", []string{"id", "timestamp", "userId", "sessionId", "tags", "metadata"}},
		{"session", []string{"id", "timestamp", "userId", "sessionId"}},
	} {
		e := events[i]
		if e.Type != "trace-create" || e.Body["id"] != want.id || e.Body["userId"] != "ana@example.org" || len(e.Body) != len(want.members) {
			t.Errorf("event %d: %+v", i, e)
		}
		for _, name := range want.members {
			if e.Body[name] == nil {
				t.Errorf("event %d lacks %s", i, name)
			}
		}
	}
	if got, want := sink.Beside(), (BesideCounts{Upserted: 2, Unknown: 1, SecondUser: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if !strings.Contains(log, "two users") || !strings.Contains(log, "does not tell which trace") {
		t.Errorf("log: %s", log)
	}
	if err := sink.Send(context.Background(), []*ship.Item{beside(t, 1, ship.Beside{TraceID: "session", Shared: true})}); err != nil || len(server.Bodies()) != 3 {
		t.Errorf("the same request again, after its answer was lost: %d events, %v", len(server.Bodies()), err)
	}
}

// A shared trace that has a user already keeps it.
func TestUpsertKeepsUser(t *testing.T) {
	server := newServer(t, "3.225.4")
	zoe := "zoe@example.org"
	server.Read(func(traces map[string]*shiptest.Trace, _ *[]*shiptest.Observation) {
		traces["session"] = &shiptest.Trace{ID: "session", UserID: &zoe}
	})
	sink, _, err := send(t, server, ModeUpsert, beside(t, 1, ship.Beside{TraceID: "session", Shared: true}))
	if err != nil || len(server.Bodies()) != 0 || sink.Beside().SecondUser != 1 {
		t.Errorf("%d events, %+v, %v", len(server.Bodies()), sink.Beside(), err)
	}
}

// v4 lets nobody add to a trace, and says so only event by event.
func TestUpsertOnV4(t *testing.T) {
	server := newServer(t, "4.16.0")
	if _, _, err := send(t, server, ModeUpsert, beside(t, 0, ship.Beside{TraceID: "a"})); !errors.Is(err, errNoUpsert) {
		t.Errorf("events_only: %v", err)
	}
	server.MakeDual()
	if _, _, err := send(t, server, ModeUpsert, beside(t, 0, ship.Beside{TraceID: "a"})); err != nil || len(server.Bodies()) != 1 {
		t.Errorf("dual: %d events, %v", len(server.Bodies()), err)
	}
}

func TestAnnotate(t *testing.T) {
	server := newServer(t, "4.16.0")
	sink, _, err := send(t, server, ModeAnnotate, beside(t, 0, ship.Beside{TraceID: "a"}), beside(t, 1, ship.Beside{TraceID: "b", Shared: true}))
	if err != nil {
		t.Fatal(err)
	}
	events := server.Bodies()
	if len(events) != 2 || len(server.Spans()) > 0 {
		t.Fatalf("%d events, %d spans", len(events), len(server.Spans()))
	}
	for i, want := range [][2]string{{"user", "ana@example.org"}, {"session", "chat-1"}} {
		body := events[i].Body
		if events[i].Type != "score-create" || body["traceId"] != "a" || body["name"] != want[0] || body["value"] != want[1] || body["dataType"] != "CATEGORICAL" {
			t.Errorf("event %d: %+v", i, events[i])
		}
	}
	if got := sink.Beside(); got.Annotated != 1 || got.Shared != 1 {
		t.Errorf("counts %+v", got)
	}
}

// Each request gets what its log and the server allow, and the log says why.
func TestAuto(t *testing.T) {
	on := func(minor int) ship.Beside {
		return ship.Beside{TraceID: "trace-of-litellm", Callback: true, Minor: minor}
	}
	for _, test := range []struct {
		name, version string
		dual          bool
		beside        ship.Beside
		stored        bool // LiteLLM's trace is on the server, though the log does not show it
		want          string
	}{
		{"callback off", "3.225.4", false, ship.Beside{TraceID: "x", Minor: 98}, false, ModeOwn},
		{"callback on, v2", "2.95.12", false, on(98), false, ModeUpsert},
		{"callback on, v3", "3.225.4", false, on(98), false, ModeUpsert},
		{"callback on, bridge", "4.16.0", true, on(98), false, ModeUpsert},
		{"callback on, v4", "4.16.0", false, on(109), false, ModeAnnotate},
		{"callback on, which v4 refuses", "4.16.0", false, on(98), false, ModeOwn},
		{"seen on the server", "3.225.4", false, ship.Beside{TraceID: "trace-of-litellm", Minor: 98}, true, ModeUpsert},
		{"callback off, v4", "4.16.0", false, ship.Beside{TraceID: "x", Minor: 109}, false, ModeOwn},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, test.version)
			if test.dual {
				server.MakeDual()
			}
			if test.stored {
				server.Read(func(traces map[string]*shiptest.Trace, _ *[]*shiptest.Observation) {
					traces["trace-of-litellm"] = &shiptest.Trace{ID: "trace-of-litellm"}
				})
			}
			_, log, err := send(t, server, ModeAuto, beside(t, 0, test.beside))
			if err != nil {
				t.Fatal(err)
			}
			got := ModeOwn
			if events := server.Bodies(); len(events) > 0 && events[0].Type == "score-create" {
				got = ModeAnnotate
			} else if len(events) == 1 {
				got = ModeUpsert
			}
			if got != test.want || !strings.Contains(log, "mode="+test.want) {
				t.Errorf("chose %s, want %s\n%s", got, test.want, log)
			}
		})
	}
}

// Two writers of whole traces are told of.
func TestTwoWriters(t *testing.T) {
	for _, test := range []struct {
		version string
		minor   int
		want    bool
	}{{"3.225.4", 98, true}, {"4.16.0", 109, true}, {"4.16.0", 98, false}} {
		server := newServer(t, test.version)
		_, log, err := send(t, server, ModeOwn, beside(t, 0, ship.Beside{Callback: true, Minor: test.minor}))
		if err != nil || strings.Contains(log, "callback is on as well") != test.want {
			t.Errorf("%s, 1.%d: %v\n%s", test.version, test.minor, err, log)
		}
	}
}
