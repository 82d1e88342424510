package ship_test

import (
	"context"
	"maps"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
)

// What was accepted is not sent again: in the same run, in another one, while it
// is on its way. It may read differently by then.
func TestKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, sink := filepath.Join(t.TempDir(), "ledger.db"), newRows()
		p := start(t, path, ship.Config{}, sink)
		items := requests(t, 5)
		p.give(t, items...)
		p.give(t, items[:2]...) // on their way
		p.flush(t)
		p.give(t, items[1:3]...)
		p.flush(t)
		if got := p.Stats(); got.Delivered != 5 || got.Duplicates != 4 || got.Changed != 0 {
			t.Errorf("first run: %+v", got)
		}
		p.stop(t)

		p = start(t, path, ship.Config{}, sink)
		p.give(t, append(items, request(t, 0, "no"))...)
		p.flush(t)
		if got := p.Stats(); got.Delivered != 0 || got.Duplicates != 6 || got.Changed != 1 {
			t.Errorf("second run: %+v", got)
		}
		if want := map[string]ship.Outcome{"0": 2, "1": 2, "2": 2, "3": 2, "4": 2}; !maps.Equal(p.resolved, want) {
			t.Errorf("resolved %v", p.resolved)
		}
		p.stop(t)
		sink.check(t, 5)
		if sink.asked != 0 {
			t.Errorf("asked %d times", sink.asked)
		}

		for times, after := range []time.Duration{time.Hour, time.Minute} {
			p = start(t, path, ship.Config{AgainAfter: after}, sink)
			time.Sleep(2 * time.Minute)
			p.give(t, items[0])
			p.flush(t)
			p.stop(t)
			if got := sink.stored[items[0].Key()]; got != 1+times {
				t.Errorf("asked to send again what was accepted %v ago, the sink has it %d times", after, got)
			}
		}
	})
}

// A process that ends between a request and its answer does not send it twice,
// however late the sink shows it, nor lose what it had not sent.
func TestEndsInBetween(t *testing.T) {
	for _, test := range []struct {
		name   string
		hidden time.Duration
		after  bool
	}{
		{"stored, shown at once", 0, true},
		{"stored, shown late", 9 * time.Second, true},
		{"not stored", 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path, sink := filepath.Join(t.TempDir(), "ledger.db"), newRows()
				sink.hidden = test.hidden
				p := start(t, path, ship.Config{MaxSpans: 2, InitialWait: time.Hour, MaxWait: time.Hour}, sink)
				sink.fail, sink.after = []error{nil, unsure()}, []bool{true, test.after}
				items := requests(t, 6)
				p.give(t, items...)
				pass(t, 2*time.Second) // the second batch failed, the third waits
				p.stop(t)
				if len(p.resolved) != 2 {
					t.Errorf("resolved %v", p.resolved)
				}
				p = start(t, path, ship.Config{MaxSpans: 2}, sink)
				p.give(t, items...) // the log is read again
				p.flush(t)
				// What is found before it is read again is a duplicate then.
				if got := p.Stats(); got.Delivered != 4 || got.Duplicates < 2 || got.Duplicates > 4 {
					t.Errorf("stats %+v", got)
				}
				if len(p.resolved) != 6 {
					t.Errorf("resolved %v", p.resolved)
				}
				p.stop(t)
				sink.check(t, 6)
			})
		})
	}
}

func pass(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
	synctest.Wait()
}

// What is in doubt holds nothing else back.
func TestDoubtWaitsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRows()
		sink.hidden = time.Hour // longer than it says
		sink.fail, sink.after = []error{unsure()}, []bool{true}
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{}, sink)
		items := requests(t, 3)
		p.give(t, items[0])
		pass(t, 2*time.Second)
		p.give(t, items[1:]...)
		pass(t, 3*time.Second)
		if got := p.Stats(); got.Delivered != 2 || got.Pending != 1 {
			t.Errorf("stats %+v", got)
		}
		p.stop(t)
	})
}

// Requests from before the ledger was made are asked for first.
func TestReconcile(t *testing.T) {
	for _, test := range []struct {
		name      string
		reconcile ship.Reconcile
		old       bool
		twice     bool
	}{
		{"old requests", ship.ReconcileUnknown, true, false},
		{"new requests", ship.ReconcileUnknown, false, true},
		{"always", ship.ReconcileAlways, false, false},
		{"never", ship.ReconcileNever, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				items, sink := requests(t, 4), newRows()
				if err := sink.Send(t.Context(), items[:3]); err != nil {
					t.Fatal(err)
				}
				if test.old {
					pass(t, time.Minute)
				}
				p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{Reconcile: test.reconcile}, sink)
				p.give(t, items...)
				p.flush(t)
				if had := p.Sinks()[0].Had; (had == 3) == test.twice {
					t.Errorf("the sink had %d", had)
				}
				p.stop(t)
				if twice := sink.stored[items[0].Key()] == 2; twice != test.twice || len(sink.stored) != 4 {
					t.Errorf("sent twice: %v; %d stored", twice, len(sink.stored))
				}
			})
		})
	}
}

// What another process may have sent is asked for, until the sink would show it;
// the others are sent at once.
func TestDoubtful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items, sink := requests(t, 4), newRows()
		if err := sink.Send(t.Context(), items[:2]); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{Reconcile: ship.ReconcileNever}, sink)
		p.give(t, items[0].Doubtful(now), items[1].Doubtful(now), items[2].Doubtful(now), items[3])
		p.flush(t)
		p.stop(t)
		for i, item := range items {
			if n := sink.stored[item.Key()]; n != 1 {
				t.Errorf("item %d was stored %d times", i, n)
			}
		}
	})
}
