package ship_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
)

// firewall stands before a sink, and refuses requests that hold some items.
type firewall struct {
	*rows
	failure ship.SendError
	folds   bool

	fwMu   sync.Mutex
	not    []ship.Key
	closed bool // to everything
	sent   int  // requests
}

func (f *firewall) Folds(context.Context) (bool, error) { return f.folds, nil }

func (f *firewall) Send(ctx context.Context, items []*ship.Item) error {
	f.fwMu.Lock()
	defer f.fwMu.Unlock()
	f.sent++
	for _, item := range items {
		if f.closed || slices.Contains(f.not, item.Key()) {
			failure := f.failure
			return &failure
		}
	}
	return f.rows.Send(ctx, items)
}

func (f *firewall) set(closed bool, not ...ship.Key) {
	f.fwMu.Lock()
	defer f.fwMu.Unlock()
	f.closed, f.not = closed, not
}

func (f *firewall) requests() int {
	f.fwMu.Lock()
	defer f.fwMu.Unlock()
	return f.sent
}

func keysOf(items []*ship.Item) (keys []ship.Key) {
	for _, item := range items {
		keys = append(keys, item.Key())
	}
	return keys
}

// every is each n-th of items.
func every(n int, items []*ship.Item) (some []*ship.Item) {
	for i := n / 2; i < len(items); i += n {
		some = append(some, items[i])
	}
	return some
}

var (
	page    = ship.SendError{Status: 403, Err: errors.New("an HTML page came")}
	gateway = ship.SendError{Status: 502, Unknown: true, Err: errors.New("bad gateway")}
	reset   = ship.SendError{Unknown: true, Err: errors.New("connection reset by peer")}
	keys    = ship.SendError{Class: ship.KeysRefused, Status: 403, Err: errors.New("forbidden")}
)

// Items that a firewall does not let through hold up no others, wherever they are
// among them, and whether or not more comes. Nothing is stored twice, and they are
// sent once the firewall lets them.
func TestFirewall(t *testing.T) {
	for _, test := range []struct {
		name    string
		failure ship.SendError
		folds   bool
		nth     int // is refused
		within  time.Duration
	}{
		{"one, by a page", page, true, 200, time.Minute},
		{"one, by a page, before v4", page, false, 200, time.Minute},
		{"one, by a gateway", gateway, true, 200, time.Minute},
		{"one, by a gateway, before v4", gateway, false, 200, 10 * time.Minute},
		{"one, by a reset", reset, true, 200, 10 * time.Minute},
		{"one, by a reset, before v4", reset, false, 200, 10 * time.Minute},
		{"one, as if the keys were wrong", keys, true, 200, 10 * time.Minute},
		{"some", page, true, 25, time.Hour},
		{"some, before v4", gateway, false, 25, time.Hour},
		{"most", page, true, 2, 8 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				items := requests(t, 240)
				ill := every(test.nth, items[:200])
				sink := &firewall{rows: newRows(), failure: test.failure, folds: test.folds}
				sink.set(false, keysOf(ill)...)
				p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{}, sink)
				p.give(t, items[:200]...)
				pass(t, test.within)
				if got := p.Stats(); got.Delivered != int64(200-len(ill)) || got.Pending != int64(len(ill)) {
					t.Errorf("after %v: %+v", test.within, got)
				}
				pass(t, 24*time.Hour)
				before := sink.requests()
				for _, item := range items[200:] {
					p.give(t, item)
					pass(t, time.Minute)
				}
				if got := p.Stats(); got.Delivered != int64(240-len(ill)) {
					t.Errorf("of those that came later: %+v", got)
				}
				if tries := sink.requests() - before; tries > 40+2*len(ill) {
					t.Errorf("%d requests in 40 minutes", tries)
				}
				if state := p.Sinks()[0]; state.Down {
					t.Errorf("the sink is down: %+v", state)
				}
				sink.set(false)
				pass(t, 2*time.Hour)
				if got := p.Stats(); got.Delivered != 240 || got.Pending != 0 {
					t.Errorf("once all are let through: %+v", got)
				}
				p.stop(t)
				sink.check(t, 240)
			})
		})
	}
}

// A day on which everything is refused makes nobody ill: all arrives soon after, and
// in few requests.
func TestFirewallOfAll(t *testing.T) {
	for _, failure := range []ship.SendError{page, gateway} {
		synctest.Test(t, func(t *testing.T) {
			sink := &firewall{rows: newRows(), failure: failure}
			sink.set(true)
			p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{MaxSpans: 50}, sink)
			p.give(t, requests(t, 1000)...)
			pass(t, time.Hour)
			if state := p.Sinks()[0]; !state.Down {
				t.Errorf("the sink is not down: %+v", state)
			}
			pass(t, 23*time.Hour)
			sink.set(false)
			before := sink.requests()
			pass(t, 5*time.Minute)
			if got := p.Stats(); got.Delivered != 1000 || got.Pending != 0 {
				t.Errorf("five minutes after: %+v", got)
			}
			if sent := sink.requests() - before; sent > 500 {
				t.Errorf("%d requests", sent)
			}
			p.stop(t)
			sink.check(t, 1000)
		})
	}
}

// What is refused for good ends a delivery that has an end, after all others arrived.
func TestFirewallGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := requests(t, 200)
		sink := &firewall{rows: newRows(), failure: gateway}
		sink.set(false, items[77].Key())
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{MaxElapsed: time.Hour}, sink)
		began := time.Now()
		p.give(t, items...)
		if err := p.Flush(t.Context()); !errors.Is(err, ship.ErrGaveUp) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 50*time.Minute || took > 70*time.Minute {
			t.Errorf("gave up after %v", took)
		}
		if got := p.Stats(); got.Delivered != 199 || got.Pending != 1 {
			t.Errorf("stats %+v", got)
		}
		p.stop(t)
		sink.check(t, 199)
	})
}
