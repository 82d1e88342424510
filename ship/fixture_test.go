package ship

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/ship/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a sink whose n-th Send answers as the n-th step says; after the last
// step it takes everything.
type script struct {
	mu    sync.Mutex
	steps []func(items []*Item) error
	sent  []string // names of the items of each request
	at    []time.Time
	taken []string
}

func (s *script) Send(_ context.Context, items []*Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// requests are what was sent so far.
func (s *script) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
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

// name is what newItem called the item, also after it was restored.
func name(item *Item) string { return otlp.Root(item.Spans()).GetName() }

func newItem(t testing.TB, name string) *Item {
	t.Helper()
	return itemAt(t, name, time.Unix(1, 0))
}

func itemAt(t testing.TB, name string, start time.Time) *Item {
	t.Helper()
	x := &tailer.Exchange{
		CallID: name, Start: start, End: start.Add(time.Second),
		Attribution: tailer.Attribution{TraceName: name},
	}
	item, err := NewItem(otlp.Encode(x, otlp.Config{}), time.Unix(3, 0), name)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// fixture is a Delivery that runs until stop.
type fixture struct {
	*Delivery
	stop func() error
	dead string
	log  bytes.Buffer

	mu       sync.Mutex
	resolved []string
}

func newFixture(t *testing.T, cfg Config, sinks ...Sink) *fixture {
	t.Helper()
	f := &fixture{dead: filepath.Join(t.TempDir(), "dead.jsonl")}
	if cfg.DeadLetters == nil {
		cfg.DeadLetters = NewDeadLetters(f.dead)
	}
	cfg.OnResolved = func(token any, outcome Outcome) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.resolved = append(f.resolved, token.(string)+" "+outcome.String())
	}
	cfg.Logger = slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	var targets []Target
	for i, sink := range sinks {
		targets = append(targets, Target{Name: string(rune('A' + i)), Sink: sink})
	}
	d, err := New(cfg, targets...)
	if err != nil {
		t.Fatal(err)
	}
	f.Delivery = d
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	f.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-ended, cfg.DeadLetters.Close())
	})
	t.Cleanup(func() { _ = f.stop() })
	return f
}

func (f *fixture) take(t *testing.T, items ...*Item) {
	t.Helper()
	for _, item := range items {
		if err := f.Deliver(context.Background(), item); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) deliver(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		f.take(t, newItem(t, name))
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
