package ship

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOutcomes(t *testing.T) {
	type step = func([]*Item) error
	forever := func(s step) []step { return slices.Repeat([]step{s}, 100) }
	for _, test := range []struct {
		name     string
		steps    []step
		sent     []string
		resolved []string
		dead     int
	}{
		{
			name: "all taken", sent: []string{"a b c d"},
			resolved: []string{"a delivered", "b delivered", "c delivered", "d delivered"},
		},
		{
			name: "tried again", steps: []step{answer(down()), answer(down())},
			sent:     []string{"a b c d", "a b c d", "a b c d"},
			resolved: []string{"a delivered", "b delivered", "c delivered", "d delivered"},
		},
		{
			name: "one refused", steps: forever(poison(Refused, "c")),
			sent:     []string{"a b c d", "a b", "c d", "c", "d"},
			resolved: []string{"a delivered", "b delivered", "c dead-lettered", "d delivered"}, dead: 1,
		},
		{
			name: "all refused", steps: forever(poison(Refused, "a", "b", "c", "d")),
			sent:     []string{"a b c d", "a b", "a", "b", "c d", "c", "d"},
			resolved: []string{"a dead-lettered", "b dead-lettered", "c dead-lettered", "d dead-lettered"}, dead: 4,
		},
		{
			name: "too large together", steps: []step{poison(TooLarge, "a")},
			sent:     []string{"a b c d", "a b", "c d"},
			resolved: []string{"a delivered", "b delivered", "c delivered", "d delivered"},
		},
		{
			name: "too large alone", steps: forever(poison(TooLarge, "d")),
			sent:     []string{"a b c d", "a b", "c d", "c", "d"},
			resolved: []string{"a delivered", "b delivered", "c delivered", "d dead-lettered"}, dead: 1,
		},
		{
			name: "item by item",
			steps: []step{func(items []*Item) error {
				return &PartialError{Failed: map[*Item]*SendError{
					items[1]: {Class: Refused, Status: 400, Err: errors.New("bad")},
					items[2]: {Status: 500, Err: errors.New("later")},
				}}
			}},
			sent:     []string{"a b c d", "c"},
			resolved: []string{"b dead-lettered", "a delivered", "d delivered", "c delivered"}, dead: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &script{steps: test.steps}
				f := newFixture(t, Config{}, sink)
				f.deliver(t, "a", "b", "c", "d")
				equal(t, "sent", sink.sent, test.sent...)
				equal(t, "resolved", f.resolved, test.resolved...)
				lines, err := os.ReadFile(f.dead)
				if test.dead == 0 && !errors.Is(err, os.ErrNotExist) {
					t.Errorf("dead-letter file was made: %v", err)
				}
				if got := bytes.Count(lines, []byte("\n")); got != test.dead {
					t.Errorf("%d dead letters, want %d", got, test.dead)
				}
				want := Stats{Delivered: int64(4 - test.dead), DeadLettered: int64(test.dead), Failures: f.Stats().Failures}
				if got := f.Stats(); got != want {
					t.Errorf("stats %+v, want %+v", got, want)
				}
				if err := f.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestBatches(t *testing.T) {
	size := len(newItem(t, "a").Payload())
	for _, test := range []struct {
		name string
		cfg  Config
		sent []string // before the interval is over
		rest []string
	}{
		{"bytes, exactly full", Config{MaxBytes: 2 * size}, []string{"a b", "c d"}, []string{"e"}},
		{"bytes, one too many", Config{MaxBytes: 2*size + 1}, []string{"a b", "c"}, []string{"d e"}},
		{"bytes, larger than a batch", Config{MaxBytes: 1}, []string{"a", "b", "c", "d", "e"}, nil},
		{"spans", Config{MaxSpans: 4}, []string{"a b c d"}, []string{"e"}},
		{"neither", Config{}, nil, []string{"a b c d e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &script{}
				f := newFixture(t, test.cfg, sink)
				for _, name := range []string{"a", "b", "c", "d", "e"} {
					f.take(t, newItem(t, name))
					synctest.Wait()
				}
				equal(t, "sent at once", sink.requests(), test.sent...)
				if !sleep(t.Context(), defaultFlush+time.Millisecond) {
					t.Fatal("the test ends")
				}
				synctest.Wait()
				equal(t, "sent after the interval", sink.requests()[len(test.sent):], test.rest...)
				if err := f.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &script{}
		f := newFixture(t, Config{}, sink)
		f.Hurry() // nothing is there: what comes then waits
		f.take(t, newItem(t, "a"), newItem(t, "b"))
		synctest.Wait()
		equal(t, "before", sink.requests())
		f.Hurry()
		synctest.Wait()
		equal(t, "at once", sink.requests(), "a b")
		f.take(t, newItem(t, "c"))
		synctest.Wait()
		equal(t, "waits again", sink.requests(), "a b")
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks := down()
		asks.RetryAfter = 90 * time.Second
		sink := &script{steps: slices.Repeat([]func([]*Item) error{answer(down())}, 12)}
		sink.steps[3] = answer(asks)
		f := newFixture(t, Config{InitialWait: time.Second, MaxWait: 20 * time.Second}, sink)
		f.deliver(t, "a")
		for i := 1; i < len(sink.at); i++ {
			interval := min(time.Second<<(i-1), 20*time.Second)
			wait, least, most := sink.at[i].Sub(sink.at[i-1]), interval/2, interval*3/2
			if i == 4 {
				least, most = asks.RetryAfter, asks.RetryAfter
			}
			if wait < least || wait > most {
				t.Errorf("wait %d is %v, want %v to %v", i, wait, least, most)
			}
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
		if n := strings.Count(f.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, f.log.String())
		}
		if !strings.Contains(f.log.String(), `msg="delivery recovered" component=ship sink=A failures=12`) {
			t.Errorf("recovery is not told:\n%s", f.log.String())
		}
	})
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: slices.Repeat([]func([]*Item) error{answer(down())}, 1000)}
		f := newFixture(t, Config{MaxElapsed: 10 * time.Minute}, sink)
		began := time.Now()
		f.take(t, newItem(t, "a"))
		err := f.Flush(context.Background())
		if !errors.Is(err, ErrGaveUp) || !strings.Contains(err.Error(), "status 503: down") {
			t.Fatalf("got %v", err)
		}
		if waited := time.Since(began); waited < 8*time.Minute || waited > 10*time.Minute {
			t.Errorf("gave up after %v", waited)
		}
		if len(f.resolved) > 0 || f.Stats().Pending != 1 {
			t.Errorf("resolved %v, pending %d", f.resolved, f.Stats().Pending)
		}
		if err := f.Deliver(context.Background(), newItem(t, "b")); !errors.Is(err, ErrGaveUp) {
			t.Errorf("then Deliver says %v", err)
		}
		if state := f.Sinks()[0]; !state.Down || state.Ended == nil || state.Waiting != 1 || state.LastError != "down" {
			t.Errorf("state %+v", state)
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

// A sink that cannot take a whole batch in the time that a request has gets smaller
// ones, and larger ones again once it answers.
func TestSlowSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := true
		answer := func(items []*Item) error {
			if slow && len(items) > 3 {
				return &SendError{Unknown: true, Err: errors.New("time-out")}
			}
			return nil
		}
		sink := &script{steps: slices.Repeat([]func([]*Item) error{answer}, 100)}
		f := newFixture(t, Config{}, sink)
		var names []string
		for i := range 32 {
			names = append(names, string(rune('A'+i)))
		}
		f.deliver(t, names...)
		equal(t, "taken", sink.taken, names...)
		if len(sink.sent) > 40 {
			t.Errorf("%d requests: %q", len(sink.sent), sink.sent)
		}
		slow = false
		for range 8 {
			f.deliver(t, "x")
		}
		f.deliver(t, names...)
		if last := sink.sent[len(sink.sent)-1]; len(strings.Fields(last)) != len(names) {
			t.Errorf("the last request: %q", last)
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

// A daemon has all the time of the world, and says so.
func TestPatience(t *testing.T) {
	for _, test := range []struct {
		name string
		step *SendError
		says string
	}{
		{"outage", down(), ""},
		{"keys", &SendError{Class: KeysRefused, Status: 401, Err: errors.New("invalid credentials")}, "keys are refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &script{steps: slices.Repeat([]func([]*Item) error{answer(test.step)}, 10000)}
				f := newFixture(t, Config{}, sink)
				f.take(t, newItem(t, "a"), newItem(t, "b"))
				if !sleep(t.Context(), 48*time.Hour) {
					t.Fatal("the test ends")
				}
				synctest.Wait()
				if f.Stats().Pending != 2 || !f.Sinks()[0].Down {
					t.Errorf("after two days: %+v", f.Stats())
				}
				if len(sink.sent) > 48*60*2+20 {
					t.Errorf("%d tries", len(sink.sent))
				}
				sink.steps = nil
				if err := f.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
				equal(t, "resolved", slices.Sorted(slices.Values(f.resolved)), "a delivered", "b delivered")
				if err := f.stop(); err != nil {
					t.Error(err)
				}
				if !strings.Contains(f.log.String(), test.says) || strings.Count(f.log.String(), "delivery failed") != 1 {
					t.Errorf("log:\n%.2000s", f.log.String())
				}
			})
		})
	}
}

func TestStops(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, test := range []struct {
		name string
		step error
		want error
	}{
		{"keys refused", &SendError{Class: KeysRefused, Status: 401, Err: errors.New("invalid credentials")}, ErrKeysRefused},
		{"sink broken", broken, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &script{steps: []func([]*Item) error{func([]*Item) error { return test.step }}}
				other := &script{}
				f := newFixture(t, Config{MaxElapsed: time.Hour}, sink, other)
				f.take(t, newItem(t, "a"))
				if err := f.Flush(context.Background()); !errors.Is(err, test.want) {
					t.Fatalf("got %v, want %v", err, test.want)
				}
				equal(t, "resolved", f.resolved)
				equal(t, "the other sink has", other.taken, "a")
				if err := f.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A sink that is down does not hold back another, but no position is resolved
// before both have the item.
func TestSinksApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := &script{steps: slices.Repeat([]func([]*Item) error{answer(down())}, 5)}, &script{}
		f := newFixture(t, Config{}, bad, good)
		f.take(t, newItem(t, "a"), newItem(t, "b"))
		if !sleep(t.Context(), defaultFlush+100*time.Millisecond) {
			t.Fatal("the test ends")
		}
		synctest.Wait()
		equal(t, "good has", good.taken, "a", "b")
		equal(t, "resolved", f.resolved)
		if states := f.Sinks(); states[0].Waiting != 2 || states[1].Waiting != 0 || states[1].Delivered != 2 {
			t.Errorf("states %+v", states)
		}
		f.deliver(t)
		equal(t, "bad has", bad.taken, "a", "b")
		equal(t, "resolved", f.resolved, "a delivered", "b delivered")
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Deliver waits while too much waits.
func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: []func([]*Item) error{answer(down())}}
		f := newFixture(t, Config{MaxPending: 1, InitialWait: time.Minute}, sink)
		began := time.Now()
		f.take(t, newItem(t, "a"), newItem(t, "b"))
		if waited := time.Since(began); waited < 30*time.Second {
			t.Errorf("waited %v", waited)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := f.Deliver(ctx, newItem(t, "c")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

// What cannot be written to the dead letters stays, until it can.
func TestKeepsWhatCannotBeBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "missing")
		sink := &script{steps: slices.Repeat([]func([]*Item) error{poison(Refused, "a")}, 300)}
		f := newFixture(t, Config{DeadLetters: NewDeadLetters(filepath.Join(folder, "dead.jsonl"))}, sink)
		f.take(t, newItem(t, "a"))
		if !sleep(t.Context(), time.Hour) {
			t.Fatal("the test ends")
		}
		if f.Stats().Pending != 1 || !strings.Contains(f.Sinks()[0].LastError, "no such file") {
			t.Errorf("pending %d, %+v", f.Stats().Pending, f.Sinks()[0])
		}
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		f.deliver(t)
		equal(t, "resolved", f.resolved, "a dead-lettered")
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestNewRejects(t *testing.T) {
	letters := NewDeadLetters("dead.jsonl")
	target := Target{Sink: &script{}}
	for name, test := range map[string]struct {
		cfg     Config
		targets []Target
	}{
		"no dead letters": {Config{}, []Target{target}},
		"negative bytes":  {Config{DeadLetters: letters, MaxBytes: -1}, []Target{target}},
		"negative wait":   {Config{DeadLetters: letters, MaxWait: -1}, []Target{target}},
		"no target":       {Config{DeadLetters: letters}, nil},
		"no sink":         {Config{DeadLetters: letters}, []Target{{}}},
	} {
		if _, err := New(test.cfg, test.targets...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
