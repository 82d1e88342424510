package langfuse

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
	"tailer/ship/shiptest"
)

// After a failure that tells nothing, a v4 server gets only what it has not.
func TestLookup(t *testing.T) {
	stored := shiptest.Fault{Status: 500, AfterStoring: true}
	for _, test := range []struct {
		name   string
		change func(*Config)
		faults []shiptest.Fault
		twice  bool
	}{
		{name: "500 after storing", faults: []shiptest.Fault{stored}},
		{name: "cut after storing", faults: []shiptest.Fault{{AfterStoring: true}}},
		{name: "hangs after storing", faults: []shiptest.Fault{{AfterStoring: true, Hang: true}}},
		{name: "again and again", faults: []shiptest.Fault{{Status: 502, Times: 3}, {Status: 504, AfterStoring: true}}},
		{name: "read API is down for a while", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 503, Times: 3}}},
		{name: "read API is not there", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 404, Times: -1}}, twice: true},
		{name: "read API says nothing", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, Body: "?", Times: -1}}, twice: true},
		{name: "read API is behind a page", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, ContentType: "text/html", Body: "<html>", Times: 5}}},
		{name: "read API is behind a text", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, ContentType: "text/plain", Body: "OK", Times: 5}}},
		{name: "read API redirects", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 302, Header: map[string]string{"Location": "https://login.example.com/"}, Times: 5}}},
		{name: "read API is cut short once", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, Body: `{"data":[{"id":"`}}},
		{name: "read API says something else once", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, Body: `{"status":"maintenance"}`}}},
		{name: "read API says something else", faults: []shiptest.Fault{stored, {Path: shiptest.Rows, Status: 200, Body: `{"status":"maintenance"}`, Times: -1}}, twice: true},
		{name: "way to write is configured", change: func(c *Config) { c.API = APIOTLP }, faults: []shiptest.Fault{stored}},
		{
			name: "way to write is configured, version unknown at first", change: func(c *Config) { c.API = APIOTLP },
			faults: []shiptest.Fault{stored, {Path: shiptest.Health, Status: 503, Times: 2}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "4.16.0")
			synctest.Test(t, func(t *testing.T) {
				sink := newSink(t, server, func(c *Config) {
					c.Transport = server.Transport()
					if test.change != nil {
						test.change(c)
					}
				})
				d := deliveryTo(t, server, sink, 5, ship.Config{})
				for _, fault := range test.faults {
					server.Fail(fault)
				}
				if err := d.run(context.Background()); err != nil {
					t.Fatal(err)
				}
				for span, times := range server.Spans() {
					if (times > 1) != test.twice {
						t.Errorf("%s is stored %d times", span, times)
					}
				}
				d.stop()
				if got := d.Stats().Delivered; got != 5 || len(server.Spans()) != 7 {
					t.Errorf("%d delivered, %d spans", got, len(server.Spans()))
				}
			})
		})
	}
}

// Only what is missing is sent when the server kept a part.
func TestLookupFindsAPart(t *testing.T) {
	server := newServer(t, "4.16.0")
	synctest.Test(t, func(t *testing.T) {
		d := newDelivery(t, server, 6, ship.Config{Reconcile: ship.ReconcileAlways})
		sink := newSink(t, server, func(c *Config) { c.Transport = server.Transport() })
		if err := sink.Send(context.Background(), d.items[:2]); err != nil {
			t.Fatal(err)
		}
		waitInBubble(t)
		if err := d.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.stop()
		for span, times := range server.Spans() {
			if times != 1 {
				t.Errorf("%s is stored %d times", span, times)
			}
		}
		if state := d.Sinks()[0]; state.Had != 2 || state.Delivered != 4 {
			t.Errorf("state %+v", state)
		}
	})
}

// The server shows its rows late: what it does not show yet is not missing.
func TestLookupWaits(t *testing.T) {
	server := newServer(t, "4.16.0")
	server.ShowAfter(2 * time.Minute)
	synctest.Test(t, func(t *testing.T) {
		d := newDelivery(t, server, 6, ship.Config{MaxSpans: 1})
		server.Fail(shiptest.Fault{After: 3, Status: 502, AfterStoring: true})
		if err := d.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.stop()
		for span, times := range server.Spans() {
			if times != 1 {
				t.Errorf("%s is stored %d times", span, times)
			}
		}
	})
}

// The range of a lookup may hold more than one page of rows.
func TestLookupPages(t *testing.T) {
	server := newServer(t, "4.16.0")
	synctest.Test(t, func(t *testing.T) {
		sink := newSink(t, server, func(c *Config) { c.Transport = server.Transport() })
		items := newItems(t, pageRows+100)
		for batch := range slices.Chunk(items, 500) {
			if err := sink.Send(context.Background(), batch); err != nil {
				t.Fatal(err)
			}
		}
		waitInBubble(t)
		has, err := sink.Has(context.Background(), items)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if !has[item] {
				t.Fatalf("item %v was not found", item.Token())
			}
		}
	})
}

// A limit of requests that is met in the middle of many pages does not lead back to the
// first one: each page is asked for until it comes.
func TestLookupUnderALimit(t *testing.T) {
	for _, fault := range []shiptest.Fault{
		{Status: 429, Header: map[string]string{"Retry-After": "60"}}, {Status: 503}, {}, {Status: 200, Body: "{"},
	} {
		server := newServer(t, "4.16.0")
		synctest.Test(t, func(t *testing.T) {
			sink := newSink(t, server, func(c *Config) { c.Transport = server.Transport() })
			items := newItems(t, 3*pageRows)
			for batch := range slices.Chunk(items, 500) {
				if err := sink.Send(context.Background(), batch); err != nil {
					t.Fatal(err)
				}
			}
			waitInBubble(t)
			before := len(server.Requests())
			for after := range 2 { // before the second page and before the third
				fault.Path, fault.Times, fault.After = shiptest.Rows, 2, 1+after
				server.Fail(fault)
			}
			has, err := sink.Has(context.Background(), items)
			if err != nil {
				t.Fatalf("%d: %v", fault.Status, err)
			}
			if has[items[0]] != true || has[items[len(items)-1]] != true {
				t.Errorf("%d: not all is found", fault.Status)
			}
			if asked := len(server.Requests()) - before; asked > 9 {
				t.Errorf("%d: %d requests", fault.Status, asked)
			}
		})
	}
}

func waitInBubble(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), defaultVisible)
	defer cancel()
	<-ctx.Done()
}

// A server that was upgraded from v3 to v4 since the last look is asked: it counts
// what comes twice.
func TestUpgradedMeanwhile(t *testing.T) {
	server := newServer(t, "3.225.4")
	sink := newSink(t, server, func(*Config) {})
	if err := sink.Send(t.Context(), []*ship.Item{newItem(t, 0)}); err != nil {
		t.Fatal(err)
	}
	if folds, err := sink.Folds(t.Context()); err != nil || !folds {
		t.Fatalf("v3 folds: %v, %v", folds, err)
	}
	server.Upgrade("4.16.0")
	server.Fail(shiptest.Fault{Status: 500, AfterStoring: true})
	var failure *ship.SendError
	if err := sink.Send(t.Context(), []*ship.Item{newItem(t, 1)}); !errors.As(err, &failure) || !failure.Unknown {
		t.Fatalf("got %v", err)
	}
	if folds, err := sink.Folds(t.Context()); err != nil || folds {
		t.Errorf("v4 folds: %v, %v", folds, err)
	}
}
