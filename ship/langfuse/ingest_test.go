package langfuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tailer/ship"
	"tailer/ship/shiptest"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json")

func TestEventsGolden(t *testing.T) {
	for name, n := range map[string]int{"answered": 0, "with-attempt": 1} {
		t.Run(name, func(t *testing.T) {
			sink := newSink(t, newServer(t, "2.95.12"), func(c *Config) { c.Environment = "prod" })
			raw, err := marshalEvents(sink.events(newItem(t, n)))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, slices.Concat([]byte("["), raw, []byte("]\n")), "", "  "); err != nil {
				t.Fatal(err)
			}
			path := "testdata/events-" + name + ".json"
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("differs from %s; got:\n%s", path, got.Bytes())
			}
		})
	}
}

func TestUUID(t *testing.T) {
	const want = 36
	a, b := uuid("a"), uuid("b")
	if len(a) != want || a[14] != '5' || !strings.ContainsRune("89ab", rune(a[19])) || a == b || a != uuid("a") {
		t.Errorf("got %s, %s", a, b)
	}
}

func TestIngestStrictly(t *testing.T) {
	server := newServer(t, "2.95.12")
	sink := newSink(t, server, nil)
	items := newItems(t, 7)
	for range 2 { // the same again: the same ids
		if err := sink.Send(context.Background(), items); err != nil {
			t.Fatal(err)
		}
	}
	const events = 7*2 + 2 // trace and generation each, two attempts
	stored := server.Events()
	if len(stored) != events {
		t.Errorf("%d events, want %d", len(stored), events)
	}
	for id, times := range stored {
		if times != 2 {
			t.Errorf("%s stored %d times", id, times)
		}
	}
	first, second := server.Bodies()[:events], server.Bodies()[events:]
	a, errA := json.Marshal(first)
	b, errB := json.Marshal(second)
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the second try differs: %v", err)
	}
}

func TestIngestPartly(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		class  ship.Class
		says   string
	}{
		{"refused", 400, ship.Refused, "Invalid request data: poison"},
		{"scope", 401, ship.Transient, "poison"},
		{"server error", 500, ship.Transient, "poison"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "3.1.0")
			sink := newSink(t, server, nil)
			items := newItems(t, 4)
			server.Poison(items[1].TraceID(), test.status)
			var partial *ship.PartialError
			if err := sink.Send(context.Background(), items); !errors.As(err, &partial) {
				t.Fatalf("got %v", err)
			}
			failure := partial.Failed[items[1]]
			if len(partial.Failed) != 1 || failure == nil || failure.Class != test.class || failure.Status != test.status {
				t.Fatalf("got %v", partial.Failed)
			}
			if !strings.Contains(failure.Error(), test.says) {
				t.Errorf("says %q", failure)
			}
		})
	}
}

func TestIngestAnswers(t *testing.T) {
	items := newItems(t, 2)
	for _, test := range []struct {
		name   string
		body   func(ids []string) string
		failed int
	}{
		{"nothing confirmed", func([]string) string { return `{"successes":[],"errors":[]}` }, 2},
		{"one event of an item confirmed", func(ids []string) string {
			return `{"successes":[{"id":"` + ids[0] + `","status":201}],"errors":[]}`
		}, 2},
		{"unknown ids", func([]string) string { return `{"successes":[{"id":"x"}],"errors":[{"id":"unknown","status":400}]}` }, 2},
		{"error details that are no text", func(ids []string) string {
			return fmt.Sprintf(`{"successes":[],"errors":[{"id":%q,"status":400,"message":"bad","error":[{"path":["x"]}]}]}`, ids[0])
		}, 2},
		{"not JSON", func([]string) string { return `{"successes":` }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "2.95.12")
			sink := newSink(t, server, nil)
			var ids []string
			for _, e := range sink.events(items[0]) {
				ids = append(ids, e.ID)
			}
			server.Fail(shiptest.Fault{Path: shiptest.Ingestion, Status: 207, Body: test.body(ids)})
			err := sink.Send(context.Background(), items)
			var partial *ship.PartialError
			var failure *ship.SendError
			if test.failed == 0 {
				if !errors.As(err, &failure) || failure.Class != ship.Transient {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.As(err, &partial) || len(partial.Failed) != test.failed {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The events of one batch may be more than one request takes.
func TestIngestInParts(t *testing.T) {
	large := func(n int) *ship.Item {
		x := exchange(n * 3)
		x.Request.Body[1].Value = []byte(`"` + strings.Repeat("x", 700_000) + `"`)
		return itemOf(t, x, n)
	}
	items := []*ship.Item{large(0), large(1), large(2), large(3)}
	for _, test := range []struct {
		name   string
		after  int // requests that are taken before one is refused; -1: all
		failed int // items; -1: the whole request
	}{
		{"all taken", -1, 0},
		{"first part fails", 0, -1},
		{"last part fails", 3, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "2.95.12")
			sink := newSink(t, server, nil)
			if test.after >= 0 {
				server.Fail(shiptest.Fault{Path: shiptest.Ingestion, After: test.after, Status: 400, Body: `{}`})
			}
			err := sink.Send(context.Background(), items)
			var partial *ship.PartialError
			switch {
			case test.failed == 0 && err != nil, test.failed != 0 && err == nil, errors.As(err, &partial) != (test.failed > 0):
				t.Fatalf("got %v", err)
			case test.failed > 0 && (len(partial.Failed) != test.failed || partial.Failed[items[3]].Class != ship.Transient):
				t.Errorf("got %v", partial.Failed)
			}
			for _, request := range server.Requests() {
				if request.Bytes > maxIngestion {
					t.Errorf("a request of %d bytes", request.Bytes)
				}
			}
		})
	}
}
