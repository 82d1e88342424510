package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailer"
)

// gated takes an exchange for each word through its gate.
type gated struct {
	deliverer
	gate chan error // what Deliver returns
}

func (g *gated) Deliver(ctx context.Context, x *tailer.Exchange) error {
	select {
	case err := <-g.gate:
		if err != nil {
			return err
		}
		return g.deliverer.Deliver(ctx, x)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TestHandover reads on while delivery is slow, but not for ever; marks nothing as
// dealt with that delivery does not know of yet, and marks it when it does, although
// nothing was read since.
func TestHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		slow := &gated{gate: make(chan error)}
		x.Deliver = slow
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- x.Forever(ctx) }()
		check := func(name, delivered string, low int64) {
			t.Helper()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := slow.delivered(); got != delivered || x.marks.at("test") != low {
				t.Errorf("%s: delivered %q, marked %d; want %q, %d", name, got, x.marks.at("test"), delivered, low)
			}
		}
		x.source.add("1"+strings.Repeat("2", 4), false) // 1 is context, which holds nothing
		check("none taken", "", 1)
		slow.gate <- nil
		check("one taken", "2", 2)
		for range 3 {
			slow.gate <- nil
		}
		check("all taken", "2222", 5)

		const many = 200
		x.source.add(strings.Repeat("4", many), false)
		check("full", "2222", 5)
		x.source.mu.Lock()
		if ahead := x.source.next - 5; ahead > 70 {
			t.Errorf("read %d lines ahead of delivery", ahead)
		}
		x.source.mu.Unlock()
		for range many {
			slow.gate <- nil
		}
		check("emptied", "2222"+strings.Repeat("4", many), many+5)

		x.source.add("66", false)
		check("two wait", "2222"+strings.Repeat("4", many), many+5)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if got := x.marks.at("test"); got != many+5 {
			t.Errorf("marked %d at the end, want %d", got, many+5)
		}
	})
}

// TestBacklogBlocked: who is behind looks at the source although nothing is delivered.
func TestBacklogBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		x.source.slow = 30 * time.Millisecond
		x.Deliver = &gated{gate: make(chan error)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- x.Forever(ctx) }()
		looks := func() int {
			time.Sleep(2 * time.Second)
			x.source.mu.Lock()
			defer x.source.mu.Unlock()
			return x.source.looks
		}
		x.source.add("12222", false)
		if before, after := looks(), looks(); after <= before {
			t.Errorf("%d looks, then %d", before, after)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// bulky makes an exchange of a digit that holds a MiB.
type bulky struct{ pairs }

func (b *bulky) Add(r *tailer.Record) []tailer.Exchange {
	out := b.pairs.Add(r)
	for i := range out {
		out[i].Request.Body = tailer.Fields{{Name: "messages", Value: make([]byte, 1<<20)}}
	}
	return out
}

// TestHandoverBulky keeps no more than one exchange under way when they are large.
func TestHandoverBulky(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		slow := &gated{gate: make(chan error)}
		x.Deliver, x.Table = slow, &bulky{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- x.Forever(ctx) }()
		x.source.add("12468", false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		x.source.mu.Lock()
		if x.source.next > 3 { // the record of 2 waited for the line of 4
			t.Errorf("read %d lines while the first is under way", x.source.next)
		}
		x.source.mu.Unlock()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// TestHandoverFails ends following at the exchange that delivery refuses, and marks
// neither it nor any behind it.
func TestHandoverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFollowing()
		slow := &gated{gate: make(chan error)}
		x.Deliver = slow
		ended := make(chan error)
		go func() { ended <- x.Forever(t.Context()) }()
		x.source.add("12468", false)
		refused := errors.New("keys refused")
		slow.gate <- nil
		slow.gate <- refused
		if err := <-ended; !errors.Is(err, refused) {
			t.Errorf("error %v", err)
		}
		if got, low := slow.delivered(), x.marks.at("test"); got != "2" || low != 2 {
			t.Errorf("delivered %q, marked %d", got, low)
		}
	})
}
