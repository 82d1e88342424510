package view

import (
	"context"
	"sync"
	"time"

	"tailer/internal/page"
	"tailer/internal/report"
	"tailer/ship/otlp"
)

// ranges are the periods of the report, counted back from now, the shortest first.
var ranges = []struct {
	name, label string
	back        time.Duration // 0: all
}{
	{"24h", "24 hours", 24 * time.Hour}, {"7d", "7 days", 7 * 24 * time.Hour}, {"30d", "30 days", 30 * 24 * time.Hour}, {"all", "All", 0},
}

// preferred is shown when nobody asks, unless it is empty.
const preferred = "7d"

// fresh is how long a report is served without a look at the store.
const fresh = 10 * time.Second

// reports are those of all ranges, made of one reading of the store.
type reports struct {
	at    time.Time
	state [3]int64
	by    map[string]*report.Document
}

// live keeps the reports. They are made in the background, one at a time.
type live struct {
	cfg   *Config
	store *store
	ctx   context.Context // of what goes on in the background
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu      sync.Mutex
	last    *reports      // guarded by mu
	making  chan struct{} // closed when the one being made is done; nil: none is; guarded by mu
	failure error         // of the last one; guarded by mu
}

func newLive(cfg *Config, s *store) *live {
	ctx, stop := context.WithCancel(context.Background())
	return &live{cfg: cfg, store: s, ctx: ctx, stop: stop}
}

// prepare has the reports made before anybody asks.
func (l *live) prepare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.make()
}

// make starts a new reading, unless one goes on. mu is held.
func (l *live) make() {
	if l.making != nil || l.ctx.Err() != nil {
		return
	}
	done := make(chan struct{})
	l.making = done
	last := l.last
	l.tasks.Go(func() {
		made, err := l.read(last)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.last = made
		} else if last != nil && l.ctx.Err() == nil {
			l.cfg.Logger.Warn("report not renewed; the last one is shown", "err", err)
		}
		l.failure, l.making = err, nil
		close(done)
	})
}

// get returns the reports: the last ones at once, and new ones are made if those
// are old. It waits only if there are none. Nil: there is no store.
func (l *live) get(ctx context.Context) (*reports, error) {
	for {
		l.mu.Lock()
		last, err := l.last, l.failure
		if last == nil || l.cfg.now().Sub(last.at) > fresh {
			l.make()
		}
		making := l.making
		l.mu.Unlock()
		switch {
		case last != nil && last.by != nil:
			return last, nil
		case making == nil && last == nil && err == nil:
			return nil, context.Canceled // it has ended
		case making == nil:
			return last, err
		}
		select {
		case <-making:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l.mu.Lock()
		last, err = l.last, l.failure
		l.mu.Unlock()
		if last != nil || err != nil {
			return last, err
		}
	}
}

// read adds up the store, unless it is as it was a short time ago.
func (l *live) read(last *reports) (*reports, error) {
	now := l.cfg.now()
	reader, err := l.store.open(l.ctx)
	if err != nil {
		return nil, err
	}
	if reader == nil {
		return &reports{at: now}, nil
	}
	state, err := reader.State(l.ctx)
	if err != nil {
		return nil, err
	}
	// Nothing new is still older an hour later.
	if last != nil && last.by != nil && last.state == state && now.Truncate(time.Hour).Equal(last.at.Truncate(time.Hour)) {
		same := *last
		same.at = now
		return &same, nil
	}
	// Each request is added to the shortest range that it is in; longer ranges have
	// those of the shorter ones in them.
	sums := make([]*report.Report, len(ranges))
	for i := range sums {
		sums[i] = report.New(report.Config{Location: l.cfg.Location, Departments: l.cfg.Departments, Distinct: true})
	}
	err = reader.Summaries(l.ctx, time.Time{}, func(s *otlp.Summary) {
		for i, r := range ranges {
			if r.back == 0 || now.Sub(s.Start) <= r.back {
				sums[i].Add(s)
				break
			}
		}
	})
	if err != nil {
		return nil, err
	}
	made := &reports{at: now, state: state, by: map[string]*report.Document{}}
	for i, r := range ranges {
		if i > 0 {
			sums[i].Merge(sums[i-1])
		}
		d := sums[i].Document(page.MaxRows)
		d.Version, d.Generated = l.cfg.Version, now.UTC().Truncate(time.Second)
		made.by[r.name] = d
	}
	return made, nil
}

// choose returns the report of a range, and which one that is.
func (r *reports) choose(name string) (*report.Document, string) {
	if d := r.by[name]; d != nil {
		return d, name
	}
	if d := r.by[preferred]; d.Total.Requests > 0 {
		return d, preferred
	}
	return r.by["all"], "all"
}

// close stops what goes on and waits for it.
func (l *live) close() {
	l.stop()
	l.tasks.Wait()
}
