package ship_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
)

// unread is a sink that takes everything and can't show anything.
type unread struct{ *rows }

func (unread) Has(context.Context, []*ship.Item) (map[*ship.Item]bool, error) {
	return nil, &ship.SendError{Status: 503, Err: errors.New("reads are down")}
}

// A sink that can't be asked for now holds up only what is in doubt.
func TestReadsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRows()
		sink.fail, sink.after = []error{unsure()}, []bool{true}
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{}, unread{sink})
		items := requests(t, 20)
		p.give(t, items[0])
		pass(t, 2*time.Second)
		p.give(t, items[1:]...)
		pass(t, time.Minute)
		if got := p.Stats(); got.Delivered != 19 || got.Pending != 1 {
			t.Errorf("after a minute: %+v", got)
		}
		p.stop(t)
	})
}

// questions is a sink that has all, and notes how much it is asked for at once.
type questions struct {
	*rows
	most int // bytes
}

func (q *questions) Has(_ context.Context, items []*ship.Item) (map[*ship.Item]bool, error) {
	bytes, has := 0, map[*ship.Item]bool{}
	for _, item := range items {
		bytes += len(item.Payload())
		has[item] = true
	}
	q.most = max(q.most, bytes)
	return has, nil
}

// What an earlier run left is asked for in parts, however much it is.
func TestAsksInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, down := filepath.Join(t.TempDir(), "ledger.db"), newRows()
		for range 100 {
			down.fail, down.after = append(down.fail, &ship.SendError{Status: 503, Err: errors.New("down")}), append(down.after, false)
		}
		p := start(t, path, ship.Config{}, down)
		for n := range 40 {
			p.give(t, request(t, n, strings.Repeat("x", 1<<20)))
		}
		pass(t, 5*time.Second)
		p.stop(t)

		sink := &questions{rows: newRows()}
		p = start(t, path, ship.Config{}, sink)
		pass(t, 5*time.Second)
		if got := p.Stats(); got.Pending != 0 || sink.most > 17<<20 {
			t.Errorf("asked for %d bytes at once, then %+v", sink.most, got)
		}
		p.stop(t)
	})
}

// halfFull is a sink on a disk that has room for one item.
type halfFull struct {
	*rows
	sent, flushed int
}

func (h *halfFull) Send(_ context.Context, items []*ship.Item) error {
	if h.sent++; h.sent > 1 {
		return &ship.SendError{Err: errors.New("disk full")}
	}
	return &ship.PartialError{Failed: map[*ship.Item]*ship.SendError{items[1]: {Err: errors.New("disk full")}}}
}

func (h *halfFull) Flush(context.Context) error {
	h.flushed++
	return nil
}

// What a sink took of a batch is on disk before the store says so.
func TestPartIsFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &halfFull{rows: newRows()}
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{}, sink)
		p.give(t, requests(t, 2)...)
		pass(t, 10*time.Second)
		if got := p.Stats(); got.Delivered != 1 || sink.flushed != 1 {
			t.Errorf("flushed %d times, %+v", sink.flushed, got)
		}
		p.stop(t)
	})
}

// choosy is a sink that never takes one item.
type choosy struct {
	*rows
	not ship.Key
}

func (c *choosy) Send(ctx context.Context, items []*ship.Item) error {
	for _, item := range items {
		if item.Key() == c.not {
			return &ship.PartialError{Failed: map[*ship.Item]*ship.SendError{item: {Status: 500, Err: errors.New("not this one")}}}
		}
	}
	return c.rows.Send(ctx, items)
}

// An item that is not taken, and came alone, holds up none that come after it.
func TestAloneAndIll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := requests(t, 4)
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{}, &choosy{newRows(), items[0].Key()})
		p.give(t, items[0])
		pass(t, 3*time.Second)
		p.give(t, items[1:]...)
		pass(t, time.Minute)
		if got := p.Stats(); got.Delivered != 3 || got.Pending != 1 {
			t.Errorf("after a minute: %+v", got)
		}
		p.stop(t)
	})
}
