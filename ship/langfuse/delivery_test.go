package langfuse

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
	"tailer/ship/shiptest"
)

// delivery is a ship.Delivery to a Sink on a Server without a network, so that the
// bubble's clock runs.
type delivery struct {
	*ship.Delivery
	stop     func()
	server   *shiptest.Server
	items    []*ship.Item
	resolved map[int]ship.Outcome
	dead     string
	log      bytes.Buffer
}

func newDelivery(t *testing.T, server *shiptest.Server, count int, cfg ship.Config) *delivery {
	t.Helper()
	return deliveryTo(t, server, newSink(t, server, func(c *Config) { c.Transport = server.Transport() }), count, cfg)
}

func deliveryTo(t *testing.T, server *shiptest.Server, sink *Sink, count int, cfg ship.Config) *delivery {
	t.Helper()
	d := &delivery{server: server, resolved: map[int]ship.Outcome{}, items: newItems(t, count), dead: filepath.Join(t.TempDir(), "dead.jsonl")}
	cfg.DeadLetters = ship.NewDeadLetters(d.dead)
	cfg.Logger = slog.New(slog.NewTextHandler(&d.log, nil))
	cfg.OnResolved = func(token any, outcome ship.Outcome) {
		n, ok := token.(int)
		if _, again := d.resolved[n]; again || !ok {
			t.Errorf("item %v is resolved twice", token)
		}
		d.resolved[n] = outcome
	}
	shipper, err := ship.New(cfg, ship.Target{Name: "langfuse", Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	d.Delivery = shipper
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- shipper.Run(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, cfg.DeadLetters.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *delivery) run(ctx context.Context) error {
	for _, item := range d.items {
		if err := d.Deliver(ctx, item); err != nil {
			return err
		}
	}
	return d.Flush(ctx)
}

// stored tells how often the server stored the root of an item.
func (d *delivery) stored(sink *Sink, n int) int {
	item := d.items[n]
	root := item.Spans().GetScopeSpans()[0].GetSpans()[0]
	return d.server.Spans()[item.TraceID()+"/"+hex.EncodeToString(root.GetSpanId())] + d.server.Events()[sink.events(item)[0].ID]
}

// check demands that each item is resolved, and stored unless it is dead. It ends
// the delivery.
func (d *delivery) check(t *testing.T, dead ...int) {
	t.Helper()
	d.stop()
	isDead := map[int]bool{}
	for _, n := range dead {
		isDead[n] = true
	}
	sink := newSink(t, d.server, nil)
	for n := range d.items {
		outcome, ok := d.resolved[n]
		if !ok || (outcome == ship.DeadLettered) != isDead[n] {
			t.Errorf("item %d: resolved %v as %v", n, ok, outcome)
		}
		if stored := d.stored(sink, n); (stored == 0) != isDead[n] {
			t.Errorf("item %d is stored %d times", n, stored)
		}
	}
	raw, err := os.ReadFile(d.dead)
	if err != nil && (len(dead) > 0 || !errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	if got := bytes.Count(raw, []byte("\n")); got != len(dead) {
		t.Errorf("%d dead letters, want %d", got, len(dead))
	}
	for line := range bytes.Lines(raw) {
		if !json.Valid(line) {
			t.Errorf("dead letter is not JSON: %s", line)
		}
	}
	if strings.Contains(d.log.String()+string(raw), shiptest.SecretKey) {
		t.Error("the secret key is told")
	}
}

func TestDelivery(t *testing.T) {
	const count = 12
	refused := []int{3, 4, 11}
	for _, version := range []string{"2.95.12", "3.225.4", "4.16.0"} {
		for _, test := range []struct {
			name    string
			prepare func(*shiptest.Server, []*ship.Item)
			dead    []int
			within  time.Duration // at least and, with jitter and growth, at most three times
		}{
			{name: "no fault"},
			{name: "down", prepare: fails(shiptest.Fault{Status: 503, Times: 4}), within: 3500 * time.Millisecond},
			{name: "down after storing", prepare: fails(shiptest.Fault{Status: 500, Times: 2, AfterStoring: true}), within: 500 * time.Millisecond},
			{name: "connection cut", prepare: fails(shiptest.Fault{}), within: 200 * time.Millisecond},
			{name: "connection cut after storing", prepare: fails(shiptest.Fault{AfterStoring: true}), within: 200 * time.Millisecond},
			{name: "hangs", prepare: fails(shiptest.Fault{Hang: true}), within: 20 * time.Second},
			{name: "hangs after storing", prepare: fails(shiptest.Fault{Hang: true, AfterStoring: true}), within: 20 * time.Second},
			{
				name:    "rate limited",
				prepare: fails(shiptest.Fault{Status: 429, Times: 2, Header: map[string]string{"Retry-After": "30"}}), within: time.Minute,
			},
			{name: "page of a proxy", prepare: fails(shiptest.Fault{Status: 502, ContentType: "text/html", Body: "<html>"}), within: 200 * time.Millisecond},
			{name: "health fails", prepare: fails(shiptest.Fault{Path: shiptest.Health, Status: 500, Times: 2}), within: 500 * time.Millisecond},
			{
				name: "poison", dead: refused,
				prepare: func(s *shiptest.Server, items []*ship.Item) {
					for _, n := range refused {
						s.Poison(items[n].TraceID(), 400)
					}
				},
			},
			{name: "proxy with a small limit", prepare: func(s *shiptest.Server, _ []*ship.Item) { s.Limit(6000) }},
		} {
			t.Run(version+" "+test.name, func(t *testing.T) {
				server := newServer(t, version)
				synctest.Test(t, func(t *testing.T) {
					d := newDelivery(t, server, count, ship.Config{MaxSpans: 8})
					if test.prepare != nil {
						test.prepare(server, d.items)
					}
					began := time.Now()
					if err := d.run(context.Background()); err != nil {
						t.Fatal(err)
					}
					most := 3*test.within + time.Second
					if strings.HasPrefix(version, "4") {
						most += 80 * time.Second // it is asked what it has, and given the time to know
					}
					if took := time.Since(began); took < test.within || took > most {
						t.Errorf("took %v, want about %v", took, test.within)
					}
					d.check(t, test.dead...)
				})
			})
		}
	}
}

func fails(fault shiptest.Fault) func(*shiptest.Server, []*ship.Item) {
	return func(s *shiptest.Server, _ []*ship.Item) { s.Fail(fault) }
}

// A server that is replaced by another version while tailer runs loses nothing.
func TestDeliveryAcrossUpgrades(t *testing.T) {
	for _, versions := range [][2]string{{"2.95.12", "4.16.0"}, {"4.16.0", "2.95.12"}} {
		t.Run(strings.Join(versions[:], " to "), func(t *testing.T) {
			server := newServer(t, versions[0])
			synctest.Test(t, func(t *testing.T) {
				d := newDelivery(t, server, 6, ship.Config{})
				later := d.items[3:]
				d.items = d.items[:3]
				if err := d.run(context.Background()); err != nil {
					t.Fatal(err)
				}
				server.Upgrade(versions[1])
				d.items = later
				if err := d.run(context.Background()); err != nil {
					t.Fatal(err)
				}
				if got := d.Stats(); got.Delivered != 6 || got.DeadLettered != 0 {
					t.Errorf("got %+v", got)
				}
				d.stop()
				if len(server.Spans()) == 0 || len(server.Events()) == 0 {
					t.Errorf("%d spans and %d events are stored", len(server.Spans()), len(server.Events()))
				}
			})
		})
	}
}

func TestDeliveryWrongKeys(t *testing.T) {
	for _, version := range []string{"2.95.12", "4.16.0"} {
		t.Run(version, func(t *testing.T) {
			server := newServer(t, version)
			synctest.Test(t, func(t *testing.T) {
				wrong := newSink(t, server, func(c *Config) { c.SecretKey, c.Transport = "sk-lf-wrong", server.Transport() })
				d := deliveryTo(t, server, wrong, 3, ship.Config{MaxElapsed: time.Hour})
				err := d.run(context.Background())
				d.stop()
				if !errors.Is(err, ship.ErrKeysRefused) || !strings.Contains(err.Error(), "Invalid credentials") {
					t.Errorf("got %v", err)
				}
				if d.Stats().Pending != 3 || strings.Contains(err.Error(), "sk-lf") {
					t.Errorf("pending %d, says %v", d.Stats().Pending, err)
				}
			})
		})
	}
}

// Asked for ingestion on a server that has none any more, tailer waits: it is the
// configuration that is wrong, not the exchanges.
func TestDeliveryIngestionOnV4(t *testing.T) {
	server := newServer(t, "4.16.0")
	synctest.Test(t, func(t *testing.T) {
		sink := newSink(t, server, func(c *Config) { c.API, c.Transport = APIIngestion, server.Transport() })
		d := deliveryTo(t, server, sink, 2, ship.Config{MaxElapsed: time.Minute})
		err := d.run(context.Background())
		d.stop()
		if !errors.Is(err, ship.ErrGaveUp) || !strings.Contains(err.Error(), "set the api to auto or otlp") || d.Stats().DeadLettered > 0 {
			t.Errorf("got %v, %+v", err, d.Stats())
		}
	})
}

// One op is one exchange, by way of a network on this machine.
func BenchmarkDelivery(b *testing.B) {
	for _, version := range []string{"2.95.12", "4.16.0"} {
		b.Run(version, func(b *testing.B) {
			server := newServer(b, version)
			shipper, err := ship.New(ship.Config{DeadLetters: ship.NewDeadLetters(filepath.Join(b.TempDir(), "dead.jsonl"))},
				ship.Target{Name: "langfuse", Sink: newSink(b, server, nil)})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- shipper.Run(ctx) }()
			x := exchange(0)
			x.Request.Body[1].Value = []byte(`"` + strings.Repeat("a prompt of some length, ", 160) + `"`)
			b.ReportAllocs()
			for b.Loop() {
				item := itemOf(b, x, 0)
				b.SetBytes(int64(len(item.Payload())))
				if err := shipper.Deliver(context.Background(), item); err != nil {
					b.Fatal(err)
				}
			}
			if err := shipper.Flush(context.Background()); err != nil {
				b.Fatal(err)
			}
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		})
	}
}
