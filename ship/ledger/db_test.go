package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"tailer/ship"
)

func openAt(t *testing.T, path string, cfg Config) *DB {
	t.Helper()
	db, err := Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func key(n int) (k ship.Key) {
	copy(k.Trace[:], fmt.Sprintf("trace %010d", n))
	copy(k.Span[:], fmt.Sprintf("s%07d", n))
	return k
}

func entry(n int) *ship.Entry {
	e := &ship.Entry{
		Key: key(n), Digest: uint64(n), Start: time.Unix(int64(n), 5).UTC(), At: time.Unix(9, int64(n)).UTC(), Size: int64(n), Spans: 1 + n%3, Owing: 3,
	}
	if n%2 == 1 {
		e.Beside = ship.Beside{TraceID: fmt.Sprint(n), Shared: true}
	}
	return e
}

func put(t *testing.T, db *DB, numbers ...int) []*ship.Entry {
	t.Helper()
	changes := &ship.Changes{}
	var entries []*ship.Entry
	for _, n := range numbers {
		e := entry(n)
		entries = append(entries, e)
		changes.Put = append(changes.Put, ship.Put{Entry: e, Payload: bytes.Repeat([]byte{byte(n)}, n)})
	}
	if err := db.Commit(changes); err != nil {
		t.Fatal(err)
	}
	return entries
}

func waiting(t *testing.T, db *DB) (entries []ship.Entry) {
	t.Helper()
	if err := db.Pending(func(e ship.Entry) error {
		entries = append(entries, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return entries
}

// What is put comes back in order, byte for byte, also after the file was closed.
func TestOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := openAt(t, path, Config{})
	put(t, db, 3, 1)
	put(t, db, 70_000, 2)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != ownerOnly {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	db = openAt(t, path, Config{})
	got := waiting(t, db)
	if len(got) != 4 {
		t.Fatalf("%d wait", len(got))
	}
	for i, n := range []int{3, 1, 70_000, 2} {
		want := *entry(n)
		want.Seq = got[i].Seq
		if got[i] != want {
			t.Errorf("entry %d:\ngot  %+v\nwant %+v", i, got[i], want)
		}
		payload, err := db.Load(got[i].Seq)
		if err != nil || !bytes.Equal(payload, bytes.Repeat([]byte{byte(n)}, n)) {
			t.Errorf("payload %d: %d bytes, %v", i, len(payload), err)
		}
	}
}

// An entry stays until the last sink has it; a mark stays on.
func TestSettling(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Config{})
	for i, name := range []string{"a", "b", "a"} {
		number, since, err := db.Sink(name)
		if err != nil || number != i%2 || time.Since(since) > time.Minute {
			t.Fatalf("sink %s is %d since %v, %v", name, number, since, err)
		}
	}
	e := put(t, db, 1, 2)[0]
	done := func(sink int, dead bool) {
		t.Helper()
		if err := db.Commit(&ship.Changes{Done: []ship.Done{{Seq: e.Seq, Key: e.Key, Digest: 7, Sink: sink, Dead: dead, At: time.Now()}}}); err != nil {
			t.Fatal(err)
		}
	}
	done(1, false)
	if got := waiting(t, db); len(got) != 2 || got[0].Owing != ship.SinkSet(0) {
		t.Errorf("after one sink: %+v", got)
	}
	done(0, true)
	if got := waiting(t, db); len(got) != 1 || got[0].Key != key(2) {
		t.Errorf("after both: %+v", got)
	}
	if _, err := db.Load(e.Seq); err == nil {
		t.Error("the payload is still there")
	}
	known, err := db.Known([]ship.Key{key(1), key(2)})
	if err != nil || known[0] != (ship.Known{Done: 3, Dead: 1, Digest: 7, At: known[0].At}) || known[1] != (ship.Known{}) {
		t.Errorf("known %+v, %v", known, err)
	}
	if ago := time.Since(known[0].At); ago < 0 || ago > time.Hour {
		t.Errorf("accepted %v ago", ago)
	}
	if n, err := db.Forget(key(1), key(2)); n != 2 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if known, err = db.Known([]ship.Key{key(1)}); err != nil || known[0].Done != 0 {
		t.Errorf("known after all %+v, %v", known, err)
	}
	if err := db.Drop(waiting(t, db)[0].Seq); err != nil || len(waiting(t, db)) != 0 {
		t.Errorf("drop: %v", err)
	}
}

// A sink that was emptied gets everything again; others keep what they have.
func TestReset(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Config{})
	for _, name := range []string{"a", "b"} {
		if _, _, err := db.Sink(name); err != nil {
			t.Fatal(err)
		}
	}
	done := []ship.Done{{Key: key(1), Sink: 0, At: time.Now()}, {Key: key(1), Sink: 1, At: time.Now()}}
	if err := errors.Join(db.Commit(&ship.Changes{Done: done}), db.Reset("a"), db.Reset("unheard of")); err != nil {
		t.Fatal(err)
	}
	if known, err := db.Known([]ship.Key{key(1)}); err != nil || known[0].Done != ship.SinkSet(1) {
		t.Errorf("known %+v, %v", known, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, filepath.Join(dir, "ledger.db"), Config{})
	if _, err := Open(db.Path(), Config{Wait: time.Millisecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second process: %v", err)
	}
	newer := func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(formatKey, []byte{format + 1}) }
	if err := errors.Join(db.bolt.Update(newer), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(db.Path(), Config{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one of a newer tailer: %v", err)
	}
	for name, text := range map[string][]byte{"text": []byte("no ledger\n"), "zeros": make([]byte, 64<<10)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, ownerOnly); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Config{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing", "ledger.db"), Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "x"), Config{MaxAge: -1}); err == nil {
		t.Error("a negative age is taken")
	}
}

// A commit that fails changes nothing, and the next one works.
func TestCommitWhole(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Config{})
	good := put(t, db, 1)[0]
	bad := &ship.Changes{
		Put:  []ship.Put{{Entry: entry(2), Payload: []byte("x")}},
		Done: []ship.Done{{Seq: good.Seq, Key: good.Key, At: time.Now()}},
	}
	// A closed file is what a disk that went away looks like.
	if err := db.bolt.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(bad); err == nil {
		t.Fatal("a commit to a closed file works")
	}
	again := openAt(t, db.Path(), Config{})
	if got := waiting(t, again); len(got) != 1 || got[0].Key != key(1) {
		t.Errorf("waiting %+v", got)
	}
	put(t, again, 4)
}

// Old marks go, by age and by number; the sink's word goes with them.
func TestPrune(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name string
		cfg  Config
		left []int // keys are their age in days
	}{
		{"all young", Config{MaxAge: 30 * day}, []int{1, 2, 3, 10, 20}},
		{"by age", Config{MaxAge: 5 * day}, []int{1, 2, 3}},
		{"by number", Config{MaxAge: 30 * day, MaxEntries: 2}, []int{1, 2}},
		{"all", Config{MaxAge: time.Hour}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), test.cfg)
			if _, _, err := db.Sink("a"); err != nil {
				t.Fatal(err)
			}
			var done []ship.Done
			days := []int{1, 2, 3, 10, 20}
			var keys []ship.Key
			for _, n := range days {
				done = append(done, ship.Done{Key: key(n), At: now.Add(-time.Duration(n) * day)})
				keys = append(keys, key(n))
			}
			if err := errors.Join(db.Commit(&ship.Changes{Done: done}), db.Prune(now)); err != nil {
				t.Fatal(err)
			}
			known, err := db.Known(keys)
			if err != nil {
				t.Fatal(err)
			}
			var left []int
			for i, n := range days {
				if known[i].Done != 0 {
					left = append(left, n)
				}
			}
			if !slices.Equal(left, test.left) {
				t.Errorf("left %v, want %v", left, test.left)
			}
		})
	}
}

// The sink is known only since the pruning.
func TestPruneNarrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := openAt(t, path, Config{MaxAge: day})
	_, before, err := db.Sink("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(&ship.Changes{Done: []ship.Done{{Key: key(1), At: before}}}); err != nil {
		t.Fatal(err)
	}
	later := before.Add(3 * day)
	if err := db.Prune(later); err != nil {
		t.Fatal(err)
	}
	if _, since, err := db.Sink("a"); err != nil || since.Before(later.Add(-day-time.Second)) {
		t.Errorf("since %v, want about %v; %v", since, later.Add(-day), err)
	}
}

// A daemon that runs for months forgets too.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Config{MaxAge: 36 * time.Hour})
		if err := db.Commit(&ship.Changes{Done: []ship.Done{{Key: key(1), At: time.Now()}}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 49*time.Hour)
		defer cancel()
		db.Keep(ctx)
		if known, err := db.Known([]ship.Key{key(1)}); err != nil || known[0].Done != 0 {
			t.Errorf("known %+v, %v", known, err)
		}
	})
}

// A file that is mostly free is copied into a small one, with all it knows.
func TestShrink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := openAt(t, path, Config{})
	var changes ship.Changes
	big := make([]byte, 1<<20)
	for n := range 80 {
		e := entry(n)
		e.Owing = 1
		changes.Put = append(changes.Put, ship.Put{Entry: e, Payload: big})
	}
	if err := db.Commit(&changes); err != nil {
		t.Fatal(err)
	}
	var done ship.Changes
	for _, p := range changes.Put[:79] {
		done.Done = append(done.Done, ship.Done{Seq: p.Entry.Seq, Key: p.Entry.Key, Digest: 5, At: time.Now()})
	}
	if err := errors.Join(db.Commit(&done), db.Close()); err != nil {
		t.Fatal(err)
	}
	db = openAt(t, path, Config{})
	info, err := os.Stat(path)
	if err != nil || info.Size() > minShrink/4 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	known, err := db.Known([]ship.Key{key(0), key(78), key(79)})
	if err != nil || known[0].Digest != 5 || known[1].Digest != 5 || known[2].Done != 0 || len(waiting(t, db)) != 1 {
		t.Errorf("known %+v, waiting %d, %v", known, len(waiting(t, db)), err)
	}
	if _, err := Open(path, Config{Wait: time.Millisecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("the small file is not locked: %v", err)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for n := range 3 {
		text, err := encodeEntry(entry(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decodeEntry(place(1), text)
		if err != nil {
			return
		}
		again, err := encodeEntry(&e)
		if err != nil {
			t.Fatal(err)
		}
		e2, err := decodeEntry(place(1), again)
		if err != nil || e2 != e {
			t.Errorf("got %+v, %v, want %+v", e2, err, e)
		}
	})
}

// When the disk is nearly full payloads stay out, but that something was delivered
// can be noted; what that frees is used again.
func TestDiskNearlyFull(t *testing.T) {
	spare := int64(1 << 30)
	db := openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Config{Spare: func() int64 { return spare }})
	number, _, err := db.Sink("a")
	if err != nil {
		t.Fatal(err)
	}
	before := put(t, db, 100_001, 100_002, 100_003, 100_004)
	spare = 50_000
	large := &ship.Changes{Put: []ship.Put{{Entry: entry(100_005), Payload: make([]byte, 100_005)}}}
	if err := db.Commit(large); !errors.Is(err, ErrDiskFull) || !strings.Contains(err.Error(), "50000 to spare") {
		t.Fatalf("the reserve was given away: %v", err)
	}
	changes := &ship.Changes{}
	for _, e := range before {
		changes.Done = append(changes.Done, ship.Done{Seq: e.Seq, Key: e.Key, Digest: e.Digest, Sink: number}, ship.Done{Seq: e.Seq, Key: e.Key, Digest: e.Digest, Sink: number + 1})
	}
	if err := db.Commit(changes); err != nil {
		t.Fatal(err)
	}
	if got := waiting(t, db); len(got) != 0 {
		t.Fatalf("%d wait", len(got))
	}
	small := &ship.Changes{Put: []ship.Put{{Entry: entry(40_000), Payload: make([]byte, 40_000)}}}
	if err := db.Commit(small); err != nil {
		t.Errorf("what was freed is not used: %v", err)
	}
}
