package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

const (
	day        = 24 * time.Hour
	pruneChunk = 10_000   // marks deleted in one transaction
	minShrink  = 64 << 20 // bytes: a smaller file is left as it is
	copyChunk  = 8 << 20  // bytes copied in one transaction
)

// Prune forgets what was accepted too long ago, or is too much, oldest first, by
// whole days. A sink then "knows" only since then.
func (db *DB) Prune(now time.Time) error {
	var numbers [][]byte
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(doneBucket).ForEachBucket(func(number []byte) error {
			numbers = append(numbers, bytes.Clone(number))
			return nil
		})
	})
	for _, number := range numbers {
		if err == nil {
			err = db.pruneSink(number, now)
		}
	}
	if err == nil {
		err = db.bolt.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(metaBucket).Put(prunedKey, binary.BigEndian.AppendUint64(nil, uint64(now.Unix())))
		})
	}
	if err != nil {
		return fmt.Errorf("prune ledger %s: %w", db.path, err)
	}
	return nil
}

// Keep prunes once a day until ctx ends. What goes wrong is logged: the next day
// may be better.
func (db *DB) Keep(ctx context.Context) {
	tick := time.NewTicker(day)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := db.Prune(time.Now()); err != nil {
			db.cfg.Logger.Error("ledger could not be pruned", "err", err)
		}
	}
}

func (db *DB) pruneDaily(now time.Time) error {
	var last time.Time
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		if value := tx.Bucket(metaBucket).Get(prunedKey); len(value) == 8 {
			last = time.Unix(int64(binary.BigEndian.Uint64(value)), 0)
		}
		return nil
	})
	if err != nil || now.Sub(last) < day {
		return err
	}
	return db.Prune(now)
}

func (db *DB) pruneSink(number []byte, now time.Time) error {
	cut, err := db.cut(number, now)
	if err != nil || cut.IsZero() {
		return err
	}
	// The sink's word goes first: a crash in between must not leave it too wide.
	if err := db.narrow(number, cut); err != nil {
		return err
	}
	from, n := []byte(nil), 0
	for more := true; more; {
		err := db.bolt.Update(func(tx *bbolt.Tx) error {
			var deleted int
			from, deleted, more = deleteBefore(tx.Bucket(doneBucket).Bucket(number), from, cut)
			n += deleted
			return nil
		})
		if err != nil {
			return err
		}
	}
	db.cfg.Logger.Info("ledger pruned", "before", cut, "entries", n)
	return nil
}

// cut is the time before which marks of a sink must go, zero for none.
func (db *DB) cut(number []byte, now time.Time) (time.Time, error) {
	days, total := map[int64]int{}, 0
	oldest := now.Unix()
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(doneBucket).Bucket(number).ForEach(func(_, value []byte) error {
			if m, ok := decodeMark(value); ok {
				days[m.at.Unix()/int64(day/time.Second)]++
				oldest = min(oldest, m.at.Unix())
				total++
			}
			return nil
		})
	})
	limit := now.Add(-db.cfg.MaxAge)
	first := oldest / int64(day/time.Second)
	for ; total > db.cfg.MaxEntries; first++ {
		total -= days[first]
		if end := time.Unix((first+1)*int64(day/time.Second), 0); end.After(limit) {
			limit = end
		}
	}
	if err != nil || time.Unix(oldest, 0).After(limit) || len(days) == 0 {
		return time.Time{}, err
	}
	return limit, nil
}

// narrow makes a sink known only since cut.
func (db *DB) narrow(number []byte, cut time.Time) error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		sinks := tx.Bucket(sinksBucket)
		var name, value []byte
		err := sinks.ForEach(func(key, text []byte) error {
			if n, since := decodeSink(text); n == int(number[0]) && since.Before(cut) {
				name, value = bytes.Clone(key), encodeSink(n, cut)
			}
			return nil
		})
		if err != nil || name == nil {
			return err
		}
		return sinks.Put(name, value)
	})
}

// deleteBefore deletes up to pruneChunk old marks from a place on. It returns
// where to go on, and whether there is more.
func deleteBefore(marks *bbolt.Bucket, from []byte, cut time.Time) (next []byte, n int, more bool) {
	var old [][]byte
	cursor := marks.Cursor()
	key, value := cursor.First()
	if from != nil {
		key, value = cursor.Seek(from)
	}
	for ; key != nil; key, value = cursor.Next() {
		if len(old) == pruneChunk {
			next, more = bytes.Clone(key), true
			break
		}
		if m, ok := decodeMark(value); ok && m.at.Before(cut) {
			old = append(old, bytes.Clone(key))
		}
	}
	for _, key := range old {
		if marks.Delete(key) == nil {
			n++
		}
	}
	return next, n, more
}

// shrink copies a large file that is mostly free into a new one.
func (db *DB) shrink() error {
	info, err := os.Stat(db.path)
	if err != nil {
		return fmt.Errorf("stat ledger: %w", err)
	}
	free := int64(db.bolt.Stats().FreePageN) * int64(db.bolt.Info().PageSize)
	if info.Size() < minShrink || free < info.Size()/2 {
		return nil
	}
	err = db.compact()
	if errors.Is(err, errNotCompacted) { // such as a full disk: the old file is as good as ever
		db.cfg.Logger.Warn("ledger is mostly free but could not be shrunk", "size_bytes", info.Size(), "err", err)
		return nil
	}
	return err
}

// errNotCompacted says that the old file is still in use.
var errNotCompacted = errors.New("compact ledger")

// compact copies the file into a new one, without what was deleted.
func (db *DB) compact() error {
	small := db.path + ".new"
	if err := os.Remove(small); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("%w: %w", errNotCompacted, err)
	}
	to, err := open(small, db.cfg.Wait)
	if err == nil {
		err = bbolt.Compact(to, db.bolt, copyChunk)
		if closed := to.Close(); err == nil {
			err = closed
		}
	}
	if err == nil {
		err = os.Rename(small, db.path)
	}
	if err != nil {
		_ = os.Remove(small)
		return fmt.Errorf("%w: %w", errNotCompacted, err)
	}
	old := db.bolt
	if db.bolt, err = open(db.path, db.cfg.Wait); err != nil {
		db.bolt = old
		return err
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("close old ledger: %w", err)
	}
	return syncDirectory(filepath.Dir(db.path))
}
