package ship_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tailer"
	"tailer/ship"
	"tailer/ship/ledger"
	"tailer/ship/otlp"
)

// rows is a sink that keeps every row, as Langfuse v4 does, and can be asked.
type rows struct {
	mu     sync.Mutex
	stored map[ship.Key]int
	at     map[ship.Key]time.Time
	fail   []error       // of the next requests, in order; nil: none
	after  []bool        // whether those store first
	hidden time.Duration // before a row can be seen
	asked  int
	sizes  []int // items of each request
}

func newRows() *rows { return &rows{stored: map[ship.Key]int{}, at: map[ship.Key]time.Time{}} }

// requestSizes may be called while the sink is in use.
func (r *rows) requestSizes() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sizes)
}

func (r *rows) Send(_ context.Context, items []*ship.Item) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	after := true
	if len(r.fail) > 0 {
		err, after = r.fail[0], r.after[0]
		r.fail, r.after = r.fail[1:], r.after[1:]
	}
	if after {
		for _, item := range items {
			if r.stored[item.Key()]++; r.at[item.Key()].IsZero() {
				r.at[item.Key()] = time.Now()
			}
		}
		r.sizes = append(r.sizes, len(items))
	}
	return err
}

func (r *rows) Flush(context.Context) error         { return nil }
func (r *rows) Folds(context.Context) (bool, error) { return false, nil }
func (r *rows) Lag() time.Duration                  { return 10 * time.Second }

func (r *rows) Has(_ context.Context, items []*ship.Item) (map[*ship.Item]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	has := map[*ship.Item]bool{}
	for _, item := range items {
		at, there := r.at[item.Key()]
		has[item] = there && time.Since(at) >= r.hidden
	}
	return has, nil
}

// check demands so many rows, each once.
func (r *rows) check(t *testing.T, count int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, n := range r.stored {
		if n != 1 {
			t.Errorf("%v is stored %d times", key, n)
		}
	}
	if len(r.stored) != count {
		t.Errorf("%d rows, want %d", len(r.stored), count)
	}
}

func unsure() error {
	return &ship.SendError{Status: 502, Unknown: true, Err: errors.New("bad gateway")}
}

// process is one life of tailer.
type process struct {
	*ship.Delivery
	db       *ledger.DB
	cancel   context.CancelFunc
	ended    chan error
	mu       sync.Mutex
	resolved map[string]ship.Outcome
}

func start(t *testing.T, path string, cfg ship.Config, sinks ...ship.Sink) *process {
	t.Helper()
	db, err := ledger.Open(path, ledger.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p := &process{db: db, ended: make(chan error, 1), resolved: map[string]ship.Outcome{}}
	if cfg.Store == nil {
		cfg.Store = db
	}
	cfg.DeadLetters = ship.NewDeadLetters(filepath.Join(filepath.Dir(path), "dead.jsonl"))
	cfg.OnResolved = func(token any, outcome ship.Outcome) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.resolved[token.(string)] = outcome
	}
	var targets []ship.Target
	for i, sink := range sinks {
		targets = append(targets, ship.Target{Name: fmt.Sprint(i), Sink: sink})
	}
	if p.Delivery, err = ship.New(cfg, targets...); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	go func() { p.ended <- p.Run(ctx) }()
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	if p.cancel == nil {
		return
	}
	p.cancel()
	p.cancel = nil
	if err := errors.Join(<-p.ended, p.db.Close()); err != nil {
		t.Error(err)
	}
}

func request(t *testing.T, n int, answer string) *ship.Item {
	t.Helper()
	began := time.Now().Add(time.Second) // after the ledger was made
	x := &tailer.Exchange{
		CallID: fmt.Sprintf("call-%d", n), Start: began, End: began, Level: tailer.LevelDefault,
		Response: []byte(`{"choices":[{"message":{"content":"` + answer + `"}}]}`),
	}
	item, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: fmt.Sprint(n)}), time.Now(), fmt.Sprint(n))
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func (p *process) give(t *testing.T, items ...*ship.Item) {
	t.Helper()
	for _, item := range items {
		if err := p.Deliver(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *process) flush(t *testing.T) {
	t.Helper()
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func requests(t *testing.T, count int) (items []*ship.Item) {
	t.Helper()
	for n := range count {
		items = append(items, request(t, n, "yes"))
	}
	return items
}
