package ship

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/ship/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a sink whose n-th Send answers as the n-th step says; after the last
// step it takes everything.
type script struct {
	steps []func(items []*Item) error
	sent  []string // names of the items of each request
	at    []time.Time
	taken []string
}

func (s *script) Send(_ context.Context, items []*Item) error {
	var names []string
	for _, item := range items {
		names = append(names, name(item))
	}
	s.sent = append(s.sent, strings.Join(names, " "))
	s.at = append(s.at, time.Now())
	var err error
	if len(s.steps) > 0 {
		step := s.steps[0]
		s.steps = s.steps[1:]
		err = step(items)
	}
	if err == nil {
		s.taken = append(s.taken, names...)
	}
	return err
}

func (s *script) Flush(context.Context) error { return nil }

func answer(failure *SendError) func([]*Item) error {
	return func([]*Item) error { return failure }
}

func down() *SendError { return &SendError{Status: 503, Err: errors.New("down")} }

// poison refuses every request that holds one of the named items.
func poison(class Class, names ...string) func([]*Item) error {
	return func(items []*Item) error {
		for _, item := range items {
			if slices.Contains(names, name(item)) {
				return &SendError{Class: class, Status: 400, Err: errors.New("refused")}
			}
		}
		return nil
	}
}

func name(item *Item) string { return item.Token().(string) }

func newItem(t *testing.T, name string) *Item {
	t.Helper()
	x := &tailer.Exchange{CallID: name, Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	item, err := NewItem(otlp.Encode(x, otlp.Config{}), time.Unix(3, 0), name)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

type fixture struct {
	*Shipper
	dead     string
	resolved []string
	log      bytes.Buffer
}

func newFixture(t *testing.T, sink Sink, cfg Config) *fixture {
	t.Helper()
	f := &fixture{dead: filepath.Join(t.TempDir(), "dead.jsonl")}
	cfg.DeadLetters = NewDeadLetters(f.dead)
	cfg.OnResolved = func(items []*Item, outcome Outcome) {
		for _, item := range items {
			f.resolved = append(f.resolved, name(item)+" "+outcome.String())
		}
	}
	cfg.Logger = slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	shipper, err := New(sink, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cfg.DeadLetters.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Shipper = shipper
	return f
}

func (f *fixture) deliver(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := f.Deliver(context.Background(), newItem(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

func TestShipperOutcomes(t *testing.T) {
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
			resolved: []string{"a delivered", "d delivered", "b dead-lettered", "c delivered"}, dead: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &script{steps: test.steps}
				f := newFixture(t, sink, Config{})
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
			})
		})
	}
}

func TestShipperBatches(t *testing.T) {
	size := len(newItem(t, "a").Payload())
	for _, test := range []struct {
		name string
		cfg  Config
		sent []string // before Flush
	}{
		{"bytes, exactly full", Config{MaxBytes: 2 * size}, []string{"a b", "c d"}},
		{"bytes, one too many", Config{MaxBytes: 2*size + 1}, []string{"a b", "c d"}},
		{"bytes, larger than a batch", Config{MaxBytes: 1}, []string{"a", "b", "c", "d", "e"}},
		{"spans", Config{MaxSpans: 4}, []string{"a b c d"}},
		{"neither", Config{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := &script{}
			f := newFixture(t, sink, test.cfg)
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				if err := f.Deliver(context.Background(), newItem(t, name)); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, "sent", sink.sent, test.sent...)
			if err := f.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
			equal(t, "taken", sink.taken, "a", "b", "c", "d", "e")
		})
	}
}

func TestShipperWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks := down()
		asks.RetryAfter = 90 * time.Second
		sink := &script{steps: slices.Repeat([]func([]*Item) error{answer(down())}, 12)}
		sink.steps[3] = answer(asks)
		f := newFixture(t, sink, Config{InitialWait: time.Second, MaxWait: 20 * time.Second})
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
		if n := strings.Count(f.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, f.log.String())
		}
		if !strings.Contains(f.log.String(), `msg="delivery recovered" component=ship failures=12`) {
			t.Errorf("recovery is not told:\n%s", f.log.String())
		}
	})
}

func TestShipperGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: slices.Repeat([]func([]*Item) error{answer(down())}, 1000)}
		f := newFixture(t, sink, Config{MaxElapsed: 10 * time.Minute})
		began := time.Now()
		if err := f.Deliver(context.Background(), newItem(t, "a")); err != nil {
			t.Fatal(err)
		}
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
		sink.steps = nil
		f.deliver(t, "b")
		equal(t, "resolved in the end", f.resolved, "a delivered", "b delivered")
	})
}

func TestShipperStops(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, test := range []struct {
		name string
		step error
		want error
	}{
		{"keys refused", &SendError{Class: KeysRefused, Status: 401, Err: errors.New("invalid credentials")}, ErrKeysRefused},
		{"sink broken", broken, broken},
		{"cancelled", nil, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				sink := &script{steps: []func([]*Item) error{func([]*Item) error {
					if test.step != nil {
						return test.step
					}
					time.AfterFunc(time.Millisecond, cancel)
					return down()
				}}}
				f := newFixture(t, sink, Config{})
				if err := f.Deliver(ctx, newItem(t, "a")); err != nil {
					t.Fatal(err)
				}
				if err := f.Flush(ctx); !errors.Is(err, test.want) {
					t.Fatalf("got %v, want %v", err, test.want)
				}
				equal(t, "resolved", f.resolved)
				f.deliver(t, "b")
				equal(t, "sent", sink.sent, "a", "a b")
			})
		})
	}
}

func TestShipperKeepsWhatCannotBeBuried(t *testing.T) {
	sink := &script{steps: slices.Repeat([]func([]*Item) error{poison(Refused, "a")}, 3)}
	f := newFixture(t, sink, Config{})
	f.cfg.DeadLetters = NewDeadLetters(filepath.Join(t.TempDir(), "missing", "dead.jsonl"))
	if err := f.Deliver(context.Background(), newItem(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := f.Flush(context.Background()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if len(f.resolved) > 0 || f.Stats().Pending != 1 {
		t.Errorf("resolved %v, pending %d", f.resolved, f.Stats().Pending)
	}
}

func TestNewRejects(t *testing.T) {
	letters := NewDeadLetters("dead.jsonl")
	for name, cfg := range map[string]Config{
		"no dead letters": {},
		"negative bytes":  {DeadLetters: letters, MaxBytes: -1},
		"negative wait":   {DeadLetters: letters, MaxWait: -1},
	} {
		if _, err := New(&script{}, cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := New(nil, Config{DeadLetters: letters}); err == nil {
		t.Error("no sink: accepted")
	}
}
