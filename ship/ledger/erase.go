package ledger

import (
	"fmt"

	"tailer/ship"
)

// Erase removes the waiting items that match, and their bytes from the file: what
// is merely deleted stays in free pages until they are used again. It returns how
// many there were. What is known to be delivered stays: it names nobody.
func (db *DB) Erase(match func(*ship.Item) bool) (n int, err error) {
	seqs, err := db.Find(match)
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	if err := db.Drop(seqs...); err != nil {
		return 0, err
	}
	if err := db.compact(); err != nil {
		return len(seqs), fmt.Errorf("erase from ledger %s: %w", db.path, err)
	}
	return len(seqs), nil
}

// Find returns the places of the waiting items that match. An item that cannot be
// read matches nothing, and is an error.
func (db *DB) Find(match func(*ship.Item) bool) (seqs []uint64, err error) {
	var entries []ship.Entry
	if err := db.Pending(func(e ship.Entry) error {
		entries = append(entries, e)
		return nil
	}); err != nil {
		return nil, err
	}
	for i := range entries {
		payload, err := db.Load(entries[i].Seq)
		if err != nil {
			return nil, err
		}
		item, err := ship.Restore(payload, entries[i].At)
		if err != nil {
			return nil, fmt.Errorf("read ledger %s, item %d: %w", db.path, entries[i].Seq, err)
		}
		if match(item) {
			seqs = append(seqs, entries[i].Seq)
		}
	}
	return seqs, nil
}
