package pipeline_test

import (
	"context"
	"io"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/internal/pipeline"
)

var _ pipeline.Steps = (*records)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is when the logs of these tests begin.
var start = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// lines is a source of one-byte lines: each digit is a record of that second.
type lines struct {
	text string
	end  error           // after the text; nil: io.EOF
	wait <-chan struct{} // the source blocks here after its text; nil: it ends
	next int
}

func (l *lines) Next() (*tailer.Line, error) {
	if l.next == len(l.text) {
		if l.wait != nil {
			<-l.wait
		}
		if l.end != nil {
			return nil, l.end
		}
		return nil, io.EOF
	}
	l.next++
	i := int64(l.next)
	return &tailer.Line{Bytes: []byte(l.text[i-1 : i]), Pos: tailer.Position{Source: "test", Offset: i - 1, End: i}}, nil
}

// records makes a record of each digit, one late, as parse does with text.
type records struct {
	waiting []tailer.Record
	found   []tailer.Record
}

func (r *records) Feed(l *tailer.Line) []tailer.Record {
	second, err := strconv.Atoi(string(l.Bytes))
	if err != nil {
		return nil
	}
	out := r.waiting
	r.waiting = []tailer.Record{{Kind: tailer.KindCall, CallID: string(l.Bytes), Time: start.Add(time.Duration(second) * time.Second), Pos: l.Pos}}
	return out
}

func (r *records) Flush() []tailer.Record {
	out := r.waiting
	r.waiting = nil
	return out
}

// Cut and Found are Feed and Flush in steps.
func (r *records) Cut(l *tailer.Line) int {
	r.found = append(r.found, r.Feed(l)...)
	return len(r.found)
}

func (r *records) Found(last bool) (decode func(), settle func() []tailer.Record) {
	found := r.found
	r.found = nil
	if last {
		found = append(found, r.Flush()...)
	}
	return func() {}, func() []tailer.Record {
		some := found
		found = nil
		return some
	}
}

// pairs makes an exchange of each record: an even one at once, an odd one when it
// is drained, or when log time has gone on by a minute.
type pairs struct {
	now    time.Time
	open   []tailer.Exchange
	ticks  []time.Time
	drains int
}

func (p *pairs) Add(r *tailer.Record) []tailer.Exchange {
	p.now = r.Time
	x := tailer.Exchange{CallID: r.CallID, Start: r.Time, Positions: []tailer.Position{r.Pos}}
	if (r.Time.Second() % 2) == 1 {
		x.Incomplete = []string{"no response"}
		p.open = append(p.open, x)
		return nil
	}
	return []tailer.Exchange{x}
}

func (p *pairs) Tick(now time.Time) []tailer.Exchange {
	p.ticks = append(p.ticks, now)
	if now.Sub(p.now) < time.Minute {
		return nil
	}
	return p.take()
}

func (p *pairs) Now() time.Time { return p.now }

func (p *pairs) Drain() []tailer.Exchange {
	p.drains++
	return p.take()
}

func (p *pairs) take() []tailer.Exchange {
	out := p.open
	p.open = nil
	return out
}

type enricher struct{}

func (enricher) Enrich(x *tailer.Exchange) { x.Attribution.User = "user of " + x.CallID }

// deliverer remembers what it was given.
type deliverer struct {
	mu      sync.Mutex // guards all below
	got     string     // call ids in order
	users   []string
	flushes int
	hurries []string // got at each call of Hurry
	fail    error    // of Deliver
	ended   bool     // the context had ended when Deliver or Flush was called
}

func (d *deliverer) Deliver(ctx context.Context, x *tailer.Exchange) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = d.ended || ctx.Err() != nil
	if d.fail != nil {
		return d.fail
	}
	d.got += x.CallID
	d.users = append(d.users, x.Attribution.User)
	return nil
}

func (d *deliverer) Hurry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hurries = append(d.hurries, d.got)
}

func (d *deliverer) Flush(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = d.ended || ctx.Err() != nil
	d.flushes++
	return nil
}

func (d *deliverer) delivered() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.got
}

// stages is a run with its stages.
type stages struct {
	pipeline.Run
	lines   *lines
	pairs   *pairs
	deliver *deliverer
}

func newStages(text string) *stages {
	s := &stages{lines: &lines{text: text}, pairs: &pairs{}, deliver: &deliverer{}}
	s.Run = pipeline.Run{Lines: s.lines, Records: &records{}, Pairs: s.pairs, Enrich: enricher{}, Deliver: s.deliver}
	return s
}

// hanging delivers nothing before its context ends.
type hanging struct{}

func (hanging) Deliver(ctx context.Context, _ *tailer.Exchange) error {
	<-ctx.Done()
	return ctx.Err()
}

func (hanging) Flush(context.Context) error { return nil }
