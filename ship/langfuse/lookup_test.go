package langfuse

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

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
		{name: "way to write is configured", change: func(c *Config) { c.API = APIOTLP }, faults: []shiptest.Fault{stored}},
		{
			name: "way to write is configured, version unknown at first", change: func(c *Config) { c.API = APIOTLP },
			faults: []shiptest.Fault{stored, {Path: shiptest.Health, Status: 503, Times: 2}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "4.16.0")
			synctest.Test(t, func(t *testing.T) {
				d := newDelivery(t, server, 5, ship.Config{})
				if test.change != nil {
					sink := newSink(t, server, func(c *Config) {
						c.Transport = server.Transport()
						test.change(c)
					})
					shipper, err := ship.New(sink, ship.Config{DeadLetters: ship.NewDeadLetters(d.dead)})
					if err != nil {
						t.Fatal(err)
					}
					d.Shipper = shipper
				}
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
		d := newDelivery(t, server, 6, ship.Config{})
		sink := newSink(t, server, func(c *Config) { c.Transport = server.Transport() })
		if err := sink.Send(context.Background(), d.items[:2]); err != nil {
			t.Fatal(err)
		}
		failure := &ship.SendError{Status: http.StatusBadGateway, Err: errors.New("bad gateway")}
		sink.doubt(d.items, failure)
		if failure.RetryAfter != visibleAfter {
			t.Errorf("wants to wait %v", failure.RetryAfter)
		}
		waitInBubble(t)
		var partial *ship.PartialError
		if err := sink.Send(context.Background(), d.items); !errors.As(err, &partial) || len(partial.Failed) != 4 {
			t.Fatalf("got %v", err)
		}
		if err := sink.Send(context.Background(), d.items[2:]); err != nil {
			t.Fatal(err)
		}
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
		sink.doubt(items, &ship.SendError{Err: errors.New("cut")})
		waitInBubble(t)
		there, err := sink.settled(context.Background(), items)
		if err != nil || len(there) != len(items) {
			t.Errorf("found %d of %d, %v", len(there), len(items), err)
		}
		if len(sink.unsure) > 0 {
			t.Errorf("%d items are still unsure", len(sink.unsure))
		}
	})
}

func waitInBubble(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), visibleAfter)
	defer cancel()
	<-ctx.Done()
}
