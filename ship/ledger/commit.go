package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"tailer/ship"
)

// Pending implements ship.Store.
func (db *DB) Pending(each func(ship.Entry) error) error {
	return db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(waitingBucket).ForEach(func(key, value []byte) error {
			e, err := decodeEntry(key, value)
			if err != nil {
				return fmt.Errorf("read ledger %s: %w", db.path, err)
			}
			return each(e)
		})
	})
}

// Load implements ship.Store.
func (db *DB) Load(seq uint64) (payload []byte, err error) {
	err = db.bolt.View(func(tx *bbolt.Tx) error {
		stored := tx.Bucket(payloadBucket).Get(place(seq))
		if stored == nil {
			return fmt.Errorf("read ledger %s: item %d is not there", db.path, seq)
		}
		payload = slices.Clone(stored)
		return nil
	})
	return payload, err
}

// Known implements ship.Store.
func (db *DB) Known(keys []ship.Key) ([]ship.Known, error) {
	known := make([]ship.Known, len(keys))
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(doneBucket).ForEachBucket(func(number []byte) error {
			marks := tx.Bucket(doneBucket).Bucket(number)
			for i, key := range keys {
				if m, there := decodeMark(marks.Get(keyBytes(key))); there {
					known[i].Done |= ship.SinkSet(int(number[0]))
					known[i].Digest = m.digest
					if m.at.After(known[i].At) {
						known[i].At = m.at
					}
					if m.dead {
						known[i].Dead |= ship.SinkSet(int(number[0]))
					}
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read ledger %s: %w", db.path, err)
	}
	return known, nil
}

// Commit implements ship.Store.
func (db *DB) Commit(changes *ship.Changes) error {
	if err := db.roomFor(changes.Put); err != nil {
		return fmt.Errorf("commit to ledger %s: %w", db.path, err)
	}
	seqs := make([]uint64, len(changes.Put))
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		w := newWriter(tx)
		for i, put := range changes.Put {
			var err error
			if seqs[i], err = w.put(put); err != nil {
				return err
			}
		}
		for i := range changes.Done {
			if err := w.settle(&changes.Done[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("commit to ledger %s: %w", db.path, err)
	}
	for i, put := range changes.Put {
		put.Entry.Seq = seqs[i]
	}
	return nil
}

// roomFor returns ErrDiskFull if payloads need more than the disk has to spare. What
// was delivered has left room in the file, which others can't use.
func (db *DB) roomFor(puts []ship.Put) error {
	if len(puts) == 0 || db.cfg.Spare == nil {
		return nil
	}
	page, stats := int64(db.bolt.Info().PageSize), db.bolt.Stats()
	need, largest := 16*page, int64(0)
	for _, put := range puts {
		size := int64(len(put.Payload))
		need, largest = need+size+page, max(largest, size)
	}
	need += 2 * largest // the last page of the tree is written anew, with what it holds
	if int64(stats.FreePageN+stats.PendingPageN)*page >= 2*need {
		return nil // it is likely that enough of them lie side by side
	}
	if spare := db.cfg.Spare(); spare < need {
		return fmt.Errorf("%w: %d bytes needed, %d to spare", ErrDiskFull, need, max(spare, 0))
	}
	return nil
}

// A writer is a transaction with its buckets: to find one takes as long as to write
// to it.
type writer struct {
	tx                *bbolt.Tx
	waiting, payloads *bbolt.Bucket
	sink              int // whose marks these are
	marks             *bbolt.Bucket
}

func newWriter(tx *bbolt.Tx) *writer {
	return &writer{tx: tx, waiting: tx.Bucket(waitingBucket), payloads: tx.Bucket(payloadBucket)}
}

// put adds an entry, and returns its place.
func (w *writer) put(put ship.Put) (seq uint64, err error) {
	if seq, err = w.waiting.NextSequence(); err != nil {
		return 0, err
	}
	at := place(seq)
	if err := w.payloads.Put(at, put.Payload); err != nil {
		return 0, err
	}
	text, err := encodeEntry(put.Entry)
	if err != nil {
		return 0, err
	}
	return seq, w.waiting.Put(at, text)
}

// settle notes that a sink has got an entry, and drops the entry if it was the
// last one.
func (w *writer) settle(done *ship.Done) error {
	if w.marks == nil || w.sink != done.Sink {
		marks, err := w.tx.Bucket(doneBucket).CreateBucketIfNotExists([]byte{byte(done.Sink)})
		if err != nil {
			return err
		}
		w.sink, w.marks = done.Sink, marks
	}
	if err := w.marks.Put(keyBytes(done.Key), mark{done.At, done.Digest, done.Dead}.encode()); err != nil {
		return err
	}
	at := place(done.Seq)
	value := w.waiting.Get(at)
	if value == nil {
		return nil
	}
	e, err := decodeEntry(at, value)
	if err != nil {
		return err
	}
	e.Owing &^= ship.SinkSet(done.Sink)
	return w.owe(&e)
}

// owe notes for whom an entry waits. It drops one that waits for nobody.
func (w *writer) owe(e *ship.Entry) error {
	at := place(e.Seq)
	if e.Owing == 0 {
		return w.drop(at)
	}
	text, err := encodeEntry(e)
	if err != nil {
		return err
	}
	return w.waiting.Put(at, text)
}

func (w *writer) drop(at []byte) error {
	if err := w.waiting.Delete(at); err != nil {
		return err
	}
	return w.payloads.Delete(at)
}

// Drop removes entries that wait, without a trace.
func (db *DB) Drop(seqs ...uint64) error {
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		w := newWriter(tx)
		for _, seq := range seqs {
			if err := w.drop(place(seq)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop from ledger %s: %w", db.path, err)
	}
	return nil
}

// Forget removes what is known of keys at all sinks, so that they may be sent
// again. It returns how many marks there were.
func (db *DB) Forget(keys ...ship.Key) (n int, err error) {
	err = db.bolt.Update(func(tx *bbolt.Tx) error {
		n = 0
		return tx.Bucket(doneBucket).ForEachBucket(func(number []byte) error {
			marks := tx.Bucket(doneBucket).Bucket(number)
			for _, key := range keys {
				if marks.Get(keyBytes(key)) == nil {
					continue
				}
				n++
				if err := marks.Delete(keyBytes(key)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("forget in ledger %s: %w", db.path, err)
	}
	return n, nil
}

// Reset forgets all that a sink has got: it is a new one under an old name.
func (db *DB) Reset(name string) error {
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		value := tx.Bucket(sinksBucket).Get([]byte(name))
		if value == nil {
			return nil
		}
		number, _ := decodeSink(value)
		if err := tx.Bucket(doneBucket).DeleteBucket([]byte{byte(number)}); err != nil {
			return err
		}
		_, err := tx.Bucket(doneBucket).CreateBucket([]byte{byte(number)})
		return err
	})
	if err != nil {
		return fmt.Errorf("forget sink in ledger %s: %w", db.path, err)
	}
	return nil
}

func place(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func keyBytes(key ship.Key) []byte { return append(key.Trace[:], key.Span[:]...) }

// mark is what is remembered of one item at one sink.
type mark struct {
	at     time.Time
	digest uint64
	dead   bool
}

const markSize = 4 + 8 + 1

func (m mark) encode() []byte {
	text := binary.BigEndian.AppendUint32(make([]byte, 0, markSize), uint32(m.at.Unix())) // until 2106
	text = binary.BigEndian.AppendUint64(text, m.digest)
	if m.dead {
		return append(text, 1)
	}
	return append(text, 0)
}

func decodeMark(text []byte) (mark, bool) {
	if len(text) != markSize {
		return mark{}, false
	}
	return mark{
		at:     time.Unix(int64(binary.BigEndian.Uint32(text)), 0),
		digest: binary.BigEndian.Uint64(text[4:]),
		dead:   text[markSize-1] == 1,
	}, true
}

// The members of an entry before its Beside, in bytes.
const entrySize = 24 + 8 + 8 + 8 + 8 + 4 + 8

func encodeEntry(e *ship.Entry) ([]byte, error) {
	text := append(make([]byte, 0, entrySize), keyBytes(e.Key)...)
	text = binary.BigEndian.AppendUint64(text, e.Digest)
	text = binary.BigEndian.AppendUint64(text, uint64(e.Start.UnixNano()))
	text = binary.BigEndian.AppendUint64(text, uint64(e.At.UnixNano()))
	text = binary.BigEndian.AppendUint64(text, uint64(e.Size))
	text = binary.BigEndian.AppendUint32(text, uint32(e.Spans))
	text = binary.BigEndian.AppendUint64(text, uint64(e.Owing))
	if e.Beside == (ship.Beside{}) {
		return text, nil
	}
	beside, err := json.Marshal(e.Beside)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return append(text, beside...), nil
}

func decodeEntry(at, text []byte) (ship.Entry, error) {
	const placeSize = 8
	if len(at) != placeSize || len(text) < entrySize {
		return ship.Entry{}, fmt.Errorf("%w: an entry of %d bytes", ErrCorrupt, len(text))
	}
	e := ship.Entry{Seq: binary.BigEndian.Uint64(at)}
	text = text[copy(e.Key.Trace[:], text):]
	text = text[copy(e.Key.Span[:], text):]
	next := func() uint64 {
		n := binary.BigEndian.Uint64(text)
		text = text[8:]
		return n
	}
	e.Digest = next()
	e.Start = time.Unix(0, int64(next())).UTC()
	e.At = time.Unix(0, int64(next())).UTC()
	e.Size = int64(next())
	e.Spans = int(binary.BigEndian.Uint32(text))
	text = text[4:]
	e.Owing = ship.Sinks(next())
	if len(text) > 0 {
		if err := json.Unmarshal(text, &e.Beside); err != nil {
			return ship.Entry{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return e, nil
}
