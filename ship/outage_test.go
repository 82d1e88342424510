package ship_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tailer/ship"
	"tailer/ship/ledger"
)

// Two days without a server: what came meanwhile waits on disk, within bounds of
// disk and of memory, and all of it arrives once.
func TestLongOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRows()
		for range 48 * 6 {
			sink.fail = append(sink.fail, &ship.SendError{Err: errors.New("connection refused")})
			sink.after = append(sink.after, false)
		}
		const count = 400
		items := requests(t, count)
		size := int64(len(items[0].Payload()))
		p := start(t, filepath.Join(t.TempDir(), "ledger.db"), ship.Config{MaxMemory: 20 * size, MaxPending: 300 * size, MaxWait: 10 * time.Minute}, sink)
		began := time.Now()
		p.give(t, items[:200]...) // the first half waits on disk
		if time.Since(began) > time.Hour {
			t.Errorf("reading waited %v", time.Since(began))
		}
		p.give(t, items[200:]...) // the rest waits in the log
		if took := time.Since(began); took < 40*time.Hour || took > 60*time.Hour {
			t.Errorf("reading waited %v", took)
		}
		p.flush(t)
		if got := p.Stats(); got.Delivered != count || got.Duplicates != 0 || got.Pending != 0 || got.PendingBytes != 0 {
			t.Errorf("stats %+v", got)
		}
		p.stop(t)
		sink.check(t, count)
	})
}

// flaky is a store whose disk is full for a while.
type flaky struct {
	ship.Store
	mu    sync.Mutex
	full  bool
	tries int
}

func (f *flaky) Commit(changes *ship.Changes) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		f.tries++
		return fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	return f.Store.Commit(changes)
}

func (f *flaky) fill(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

// filler is a sink that fills the ledger's disk with its first answer.
type filler struct {
	*rows
	disk *flaky
	once sync.Once
}

func (f *filler) Send(ctx context.Context, items []*ship.Item) error {
	defer f.once.Do(func() { f.disk.fill(true) })
	return f.rows.Send(ctx, items)
}

// While the ledger's disk is full nothing is sent that it does not have, and what
// was answered is not resolved; then all goes on by itself.
func TestLedgerDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRows()
		db, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.db"), ledger.Config{})
		if err != nil {
			t.Fatal(err)
		}
		disk := &flaky{Store: db}
		p := start(t, filepath.Join(t.TempDir(), "other.db"), ship.Config{Store: disk}, &filler{rows: sink, disk: disk})
		items := requests(t, 4)
		p.give(t, items[:2]...)
		pass(t, 1100*time.Millisecond) // sent, and not noted
		p.give(t, items[2:]...)
		pass(t, time.Hour)
		if got := p.Stats(); got.Pending != 4 || len(sink.stored) != 2 || len(p.resolved) > 0 || disk.tries < 10 {
			t.Errorf("disk full: %+v, %d stored, %d tries", got, len(sink.stored), disk.tries)
		}
		disk.fill(false)
		p.flush(t)
		if got := p.Stats(); got.Delivered != 4 {
			t.Errorf("then: %+v", got)
		}
		p.stop(t)
		sink.check(t, 4)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// An answer is noted as soon as it is there: a crash sends again what was not. What
// comes meanwhile does not go earlier for it.
func TestAnswerNotedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newRows()
		db, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.db"), ledger.Config{})
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, filepath.Join(t.TempDir(), "other.db"), ship.Config{Store: db, FlushInterval: 10 * time.Second}, sink)
		items := requests(t, 3)
		p.give(t, items[:2]...)
		pass(t, 9*time.Second)
		p.give(t, items[2])
		pass(t, time.Second)
		known, err := db.Known([]ship.Key{items[0].Key(), items[1].Key(), items[2].Key()})
		if err != nil || known[0].Done == 0 || known[1].Done == 0 || known[2].Done == 0 {
			t.Errorf("known %+v, %v", known, err)
		}
		p.give(t, requests(t, 4)[3])
		pass(t, 9*time.Second)
		if got := p.Stats(); got.Delivered != 3 || got.Pending != 1 || !slices.Equal(sink.requestSizes(), []int{3}) {
			t.Errorf("%+v, requests of %v", got, sink.requestSizes())
		}
		pass(t, 2*time.Second)
		if !slices.Equal(sink.requestSizes(), []int{3, 1}) {
			t.Errorf("requests of %v", sink.requestSizes())
		}
		p.stop(t)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Each sink has a progress of its own over the end of a process too, and one that
// is no longer configured leaves its share where it is.
func TestSinksOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, good, bad := filepath.Join(t.TempDir(), "ledger.db"), newRows(), newRows()
		bad.fail = []error{&ship.SendError{Err: errors.New("connection refused")}}
		bad.after = []bool{false}
		p := start(t, path, ship.Config{InitialWait: time.Hour, MaxWait: time.Hour}, good, bad)
		items := requests(t, 3)
		p.give(t, items...)
		pass(t, 3*time.Second)
		if len(p.resolved) != 0 || len(good.stored) != 3 || len(bad.stored) != 0 {
			t.Errorf("resolved %v, %d and %d stored", p.resolved, len(good.stored), len(bad.stored))
		}
		p.stop(t)
		p = start(t, path, ship.Config{}, good)
		p.give(t, items...)
		p.flush(t)
		if len(p.resolved) != 3 {
			t.Errorf("resolved %v", p.resolved)
		}
		p.stop(t)
		p = start(t, path, ship.Config{}, good, bad)
		p.flush(t)
		p.stop(t)
		good.check(t, 3)
		bad.check(t, 3)
	})
}

// narrow is a store whose disk has room for a few items at a time.
type narrow struct {
	ship.Store
	mu         sync.Mutex
	room, most int
}

func (n *narrow) Commit(changes *ship.Changes) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(changes.Put) > n.room {
		return fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	if err := n.Store.Commit(changes); err != nil {
		return err
	}
	n.room += len(changes.Done) - len(changes.Put)
	n.most = max(n.most, len(changes.Put))
	return nil
}

// A disk that has room for some, and never for a whole batch, still passes all:
// what was delivered makes room for the next.
func TestLedgerDiskNarrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.db"), ledger.Config{})
		if err != nil {
			t.Fatal(err)
		}
		sink, disk := newRows(), &narrow{Store: db, room: 3}
		p := start(t, filepath.Join(t.TempDir(), "other.db"), ship.Config{Store: disk}, sink)
		began := time.Now()
		p.give(t, requests(t, 60)...)
		p.flush(t)
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("60 requests took %v", took)
		}
		if disk.most == 0 || disk.most > 3 {
			t.Errorf("%d at once", disk.most)
		}
		p.stop(t)
		sink.check(t, 60)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
