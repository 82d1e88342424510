package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
	"tailer/internal/pipeline"
)

// growing is a source to which a test appends.
type growing struct {
	mu    sync.Mutex // guards all below
	text  string
	next  int
	over  bool
	looks int
	slow  time.Duration // for a line
}

func (g *growing) add(text string, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.text += text
	g.over = over
}

func (g *growing) Next() (*tailer.Line, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == len(g.text) {
		if g.over {
			return nil, io.EOF
		}
		return nil, tailer.ErrPause
	}
	time.Sleep(g.slow)
	g.next++
	i := int64(g.next)
	return &tailer.Line{Bytes: []byte(g.text[i-1 : i]), Pos: tailer.Position{Source: "test", Offset: i - 1, End: i}}, nil
}

func (g *growing) Look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looks++
}

func (g *growing) Wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (*growing) Held(func(tailer.Position)) {}

func (r *records) Pause() []tailer.Record { return r.Flush() }

func (r *records) Held(note func(tailer.Position)) {
	for i := range r.waiting {
		note(r.waiting[i].Pos)
	}
}

func (p *pairs) Held(note func(tailer.Position)) {
	for i := range p.open {
		note(p.open[i].Positions[0])
	}
}

// marks is a tracker that remembers the last mark.
type marks struct {
	mu  sync.Mutex
	low map[string]int64
}

func (m *marks) Advance(source string, end int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.low[source] = end
}
func (*marks) Join(string, int64, string, int64) {}
func (*marks) IsContext(at tailer.Position) bool { return at.Offset < 1 }
func (m *marks) at(source string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.low[source]
}

type following struct {
	*pipeline.Follow
	source  *growing
	marks   *marks
	deliver *deliverer
}

func newFollowing() *following {
	x := &following{source: &growing{}, marks: &marks{low: map[string]int64{}}, deliver: &deliverer{}}
	x.Follow = &pipeline.Follow{
		Source: x.source, Parse: &records{}, Table: &pairs{}, Tracker: x.marks,
		Run: pipeline.Run{Enrich: enricher{}, Deliver: x.deliver},
	}
	return x
}

// TestForever hands on what is whole as it comes, after a second of silence what
// waited for a next line, in longer silence what has gone silent; and marks what
// is still open. At the end of the context nothing more is handed out.
func TestForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- x.Forever(ctx) }()
		steps := []struct {
			name, add string
			wait      time.Duration
			want      string
			low       int64
		}{
			{"the record of 4 waits for a next line", "124", 500 * time.Millisecond, "2", 2},
			{"a pause ends it; 1 is context, which holds nothing", "", time.Second, "24", 3},
			{"3 is open", "36", 2 * time.Second, "246", 3},
			{"a minute of silence", "", 70 * time.Second, "24613", 5},
			{"5 is open", "5", 2 * time.Second, "24613", 5},
		}
		for _, step := range steps {
			x.source.add(step.add, false)
			time.Sleep(step.wait)
			synctest.Wait()
			if got := x.deliver.delivered(); got != step.want || x.marks.at("test") != step.low {
				t.Errorf("%s: delivered %q, marked %d; want %q, %d", step.name, got, x.marks.at("test"), step.want, step.low)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if got := x.deliver.delivered(); got != "24613" || x.marks.at("test") != 5 {
			t.Errorf("at the end: delivered %q, marked %d", got, x.marks.at("test"))
		}
	})
}

// TestBacklog: what was read without a pause for long does not wait for more. What
// comes now and then waits as ever.
func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		x.source.slow = 30 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- x.Forever(ctx) }()
		for _, step := range []struct{ add, hurries string }{
			{"12", ""},
			{"2222", "2222"}, // the last record waits for a next line
			{"2", "2222"},
			{"22", "2222"},
			{"22222", "2222 222222222222"},
		} {
			x.source.add(step.add, false)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := strings.Join(x.deliver.hurries, " "); got != step.hurries {
				t.Errorf("after %s: %q, want %q", step.add, got, step.hurries)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestForeverEnds drains at the end of a source that has one.
func TestForeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		x.source.add("1234", true)
		if err := x.Forever(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := x.deliver.delivered(); got != "2413" || x.marks.at("test") != 4 || x.deliver.flushes == 0 {
			t.Errorf("delivered %q, marked %d", got, x.marks.at("test"))
		}
	})
}

// daemonOf returns a daemon over logs that are there from the start, and what it
// saves.
func daemonOf(saved *[]map[string][]tailer.Checkpoint, more bool, all ...*following) *pipeline.Daemon {
	found := false
	return &pipeline.Daemon{
		Discover: func(time.Time) (logs []*pipeline.Log, _ bool, _ error) {
			if found {
				return nil, more, nil
			}
			found = true
			for i, x := range all {
				logs = append(logs, &pipeline.Log{
					Name: string(rune('a' + i)), Follow: x.Follow, Close: func() error { return nil },
					Checkpoints: func() []tailer.Checkpoint {
						return []tailer.Checkpoint{{Source: "test", Offset: x.marks.at("test")}}
					},
				})
			}
			return logs, more, nil
		},
		Save: func(all map[string][]tailer.Checkpoint) error {
			*saved = append(*saved, maps.Clone(all))
			return nil
		},
		Deliver: all[0].deliver, SaveEvery: time.Second, Drain: func() time.Duration { return time.Second },
		Logger: slog.New(slog.DiscardHandler),
	}
}

// TestDaemon saves where every log is: before it is read, while it is, and at
// the end.
func TestDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFollowing(), newFollowing()
		var saved []map[string][]tailer.Checkpoint
		alive := 0
		d := daemonOf(&saved, true, a, b)
		d.Alive = func() { alive++ }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		if len(saved) != 1 || len(saved[0]) != 2 {
			t.Fatalf("saved before anything is read: %v", saved)
		}
		a.source.add("24", false)
		b.source.add("2468", false)
		time.Sleep(5 * time.Second)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		last := saved[len(saved)-1]
		if last["a"][0].Offset != 2 || last["b"][0].Offset != 4 || alive < 4 {
			t.Errorf("saved %v, alive %d times", last, alive)
		}
	})
}

// TestDaemonEnds ends with the last log, and with the first error of delivery.
func TestDaemonEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFollowing()
		a.source.add("12", true)
		var saved []map[string][]tailer.Checkpoint
		if err := daemonOf(&saved, false, a).Run(t.Context()); err != nil {
			t.Errorf("at the end of all logs: %v", err)
		}
		refused := errors.New("refused")
		b, c := newFollowing(), newFollowing()
		b.deliver.fail = refused
		b.source.add("24", false)
		if err := daemonOf(&saved, true, b, c).Run(t.Context()); !errors.Is(err, refused) {
			t.Errorf("delivery can't go on: %v", err)
		}
		full := errors.New("disk full")
		d := daemonOf(&saved, false, newFollowing())
		d.Discover = func(time.Time) ([]*pipeline.Log, bool, error) { return nil, false, full }
		if err := d.Run(t.Context()); !errors.Is(err, full) {
			t.Errorf("the only log can't be opened: %v", err)
		}
	})
}

// TestDaemonStuck does not say that it is alive when a log hangs, but does while
// one waits for a delivery that goes on trying.
func TestDaemonStuck(t *testing.T) {
	for _, trying := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			a := newFollowing()
			a.Deliver = hanging{}
			a.source.add("24", false)
			var saved []map[string][]tailer.Checkpoint
			var tries int64
			alive := 0
			d := daemonOf(&saved, true, a)
			d.Alive = func() { alive++ }
			d.Progress = func() int64 {
				if trying {
					tries++
				}
				return tries
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_ = d.Run(ctx)
			if minutes := alive / 60; trying && minutes < 59 || !trying && minutes > 4 {
				t.Errorf("trying: %v; said to be alive for %d of 60 minutes", trying, minutes)
			}
		})
	}
}

// TestSaveFails tells of a checkpoint that can't be saved once, and that it can
// again. Reading goes on, so the daemon is alive meanwhile.
func TestSaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFollowing()
		var saved []map[string][]tailer.Checkpoint
		said := &strings.Builder{}
		d := daemonOf(&saved, true, a)
		d.Logger = slog.New(slog.NewTextHandler(said, nil))
		began := time.Now()
		alive, works := 0, ""
		d.Alive = func() {
			if since := time.Since(began); since > time.Second && since < 10*time.Second {
				alive++
			}
		}
		d.Saving = func(yes bool) { works += fmt.Sprintf("%v after %.0f s;", yes, time.Since(began).Seconds()) }
		d.Save = func(map[string][]tailer.Checkpoint) error {
			if since := time.Since(began); since > 500*time.Millisecond && since < 10*time.Second {
				return errors.New("disk full")
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_ = d.Run(ctx)
		if strings.Count(said.String(), "disk full") != 1 || !strings.Contains(said.String(), "saved again") {
			t.Errorf("it says\n%s", said)
		}
		if alive < 4 || works != "false after 1 s;true after 10 s;" {
			t.Errorf("alive %d times while it failed; saving works: %s", alive, works)
		}
	})
}
