package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"tailer/ship"
)

// Waiting is what waits for one sink.
type Waiting struct {
	Sink   string    `json:"sink"`
	Items  int       `json:"items"`
	Bytes  int64     `json:"bytes"`  // of payload
	Oldest time.Time `json:"oldest"` // when it was taken
}

// Waiting returns for which sinks something waits, by name.
func (db *DB) Waiting() ([]Waiting, error) { return waitingIn(db.path, db.bolt) }

// WaitingAt is Waiting of a ledger that is not open, of which it changes nothing. A
// file that is not there is an error of the disk's; ErrInUse as for Open.
func WaitingAt(path string) ([]Waiting, error) {
	bolt, err := openWith(path, &bbolt.Options{Timeout: defaultWait / 10, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = bolt.Close() }() // nothing was written
	return waitingIn(path, bolt)
}

func waitingIn(path string, bolt *bbolt.DB) (all []Waiting, err error) {
	err = bolt.View(func(tx *bbolt.Tx) error {
		sinks, entries := tx.Bucket(sinksBucket), tx.Bucket(waitingBucket)
		if sinks == nil || entries == nil {
			return fmt.Errorf("%w: it lacks what every ledger has", ErrCorrupt)
		}
		var byNumber [ship.MaxSinks]Waiting
		err := sinks.ForEach(func(name, value []byte) error {
			if number, _ := decodeSink(value); number < len(byNumber) {
				byNumber[number].Sink = string(name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		err = entries.ForEach(func(at, value []byte) error {
			e, err := decodeEntry(at, value)
			for number := range byNumber {
				w := &byNumber[number]
				if err != nil || !e.Owing.Has(number) {
					continue
				}
				if w.Items++; w.Oldest.IsZero() || e.At.Before(w.Oldest) {
					w.Oldest = e.At
				}
				w.Bytes += e.Size
			}
			return err
		})
		for _, w := range byNumber {
			if w.Items > 0 {
				all = append(all, w)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ledger %s: %w", path, err)
	}
	slices.SortFunc(all, func(a, b Waiting) int { return cmp.Compare(a.Sink, b.Sink) })
	return all, nil
}

// Adopt makes what waits for one sink wait for another, but for what that one has, or
// waits for, itself. It returns how many items there were.
func (db *DB) Adopt(from, to string) (n int, err error) {
	heir, _, err := db.Sink(to)
	if err != nil {
		return 0, err
	}
	err = db.bolt.Update(func(tx *bbolt.Tx) error {
		value := tx.Bucket(sinksBucket).Get([]byte(from))
		if value == nil {
			return nil
		}
		former, _ := decodeSink(value)
		entries, err := owing(tx, former, heir)
		if err != nil {
			return err
		}
		n = len(entries)
		w := newWriter(tx)
		for i := range entries {
			if err := w.owe(&entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("adopt in ledger %s: %w", db.path, err)
	}
	return n, nil
}

// owing returns the entries that wait for one sink, made to wait for another.
func owing(tx *bbolt.Tx, former, heir int) (entries []ship.Entry, err error) {
	marks, waits := tx.Bucket(doneBucket).Bucket([]byte{byte(heir)}), map[ship.Key]bool{}
	err = tx.Bucket(waitingBucket).ForEach(func(at, value []byte) error {
		e, err := decodeEntry(at, value)
		if err == nil && e.Owing.Has(heir) {
			waits[e.Key] = true
		}
		if err == nil && e.Owing.Has(former) {
			entries = append(entries, e)
		}
		return err
	})
	for i := range entries {
		e := &entries[i]
		e.Owing &^= ship.SinkSet(former)
		if !waits[e.Key] && (marks == nil || marks.Get(keyBytes(e.Key)) == nil) {
			e.Owing |= ship.SinkSet(heir)
		}
	}
	return entries, err
}
