package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrCorrupt says that the file can't be what a Spool wrote.
var ErrCorrupt = errors.New("not a spool of tailer")

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("in use by another tailer")

const (
	// maxChunk is how many bytes are kept under one key.
	maxChunk = 256 << 10
	// shrinkAbove is how large the file of an empty spool may be, in bytes, before
	// it is made anew: bbolt gives nothing back.
	shrinkAbove = 64 << 20
	openTimeout = time.Second
)

var (
	chunks = []byte("chunks") // stream offset, 8 bytes big endian → bytes
	marks  = []byte("marks")
	endKey = []byte("end") // stream offset behind the last byte, 8 bytes big endian
)

// Config bounds a Spool.
type Config struct {
	MaxBytes   int64                   // held at most; required
	DropOldest bool                    // when it is full; else Append waits
	OnDrop     func(from, upTo int64)  // called by Append for what it dropped; nil: nobody
	Spare      func() int64            // bytes of disk that the file may still take; nil: MaxBytes alone counts
	Left       func() int64            // the same of all who use the disk: below zero the file must not even risk to grow; nil: as Spare
	OnFull     func(held, spare int64) // called when Append begins to wait for room, at most once a minute; nil: nobody
}

// Spool is a stream of bytes on disk, of which the beginning is forgotten. It is
// safe for concurrent use.
type Spool struct {
	db  *bolt.DB
	cfg Config

	mu      sync.Mutex
	sealer  *sealer // guarded by mu
	first   int64   // of the bytes that are there; guarded by mu
	end     int64
	dropped int64
	told    time.Time     // when OnFull was called last
	room    chan struct{} // closed, and made anew, when bytes are released
}

// Open opens the file at path, and makes it and its folder if they are not there.
// Errors are ErrInUse, ErrCorrupt, and those of the file system.
func Open(path string, cfg Config) (*Spool, error) {
	if cfg.MaxBytes < maxChunk {
		return nil, fmt.Errorf("spool of %d bytes is too small: it needs %d", cfg.MaxBytes, maxChunk)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make spool folder: %w", err)
	}
	s := &Spool{cfg: cfg, room: make(chan struct{})}
	if err := s.open(path); err != nil {
		return nil, fmt.Errorf("open spool %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && s.first == s.end && info.Size() > shrinkAbove {
		if err := s.renew(path); err != nil {
			return nil, fmt.Errorf("shrink spool %s: %w", path, err)
		}
	}
	var err error
	if s.sealer, err = openSealer(path, s.first == s.end); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// open opens the database. bbolt panics on pages that make no sense.
func (s *Spool) open(path string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v); move it away to start with an empty one", ErrCorrupt, p)
		}
	}()
	s.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: openTimeout, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return err
	case err != nil:
		return fmt.Errorf("%w (%w); move it away to start with an empty one", ErrCorrupt, err)
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		kept, err := tx.CreateBucketIfNotExists(chunks)
		if err != nil {
			return err
		}
		notes, err := tx.CreateBucketIfNotExists(marks)
		if err != nil {
			return err
		}
		if b := notes.Get(endKey); len(b) == 8 {
			s.end = int64(binary.BigEndian.Uint64(b))
		}
		s.first = s.end
		if key, _ := kept.Cursor().First(); len(key) == 8 {
			s.first = int64(binary.BigEndian.Uint64(key))
		}
		return nil
	})
}

// renew makes the file of an empty spool anew; offsets go on.
func (s *Spool) renew(path string) error {
	if err := s.db.Close(); err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	end := s.end
	if err := s.open(fresh); err != nil {
		return err
	}
	err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(marks).Put(endKey, key(end)) })
	if err := errors.Join(err, s.db.Close(), os.Rename(fresh, path)); err != nil {
		return err
	}
	return s.open(path)
}

func key(offset int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(offset)) }

// Bounds returns which bytes of the stream are there.
func (s *Spool) Bounds() (first, end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first, s.end
}

// Dropped returns how many bytes were dropped because the spool was full.
func (s *Spool) Dropped() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Append adds bytes to the stream. They are on disk when it returns nil. When the
// spool is full it waits for room, or drops the oldest. An error that is not the
// context's is the disk's; then nothing was added, and Append can be tried again.
func (s *Spool) Append(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), maxChunk)
		if err := s.makeRoom(ctx, int64(n)); err != nil {
			return err
		}
		if err := s.append(b[:n]); err != nil {
			return fmt.Errorf("write spool %s: %w", s.db.Path(), err)
		}
		b = b[n:]
	}
	return nil
}

// ErrTooLarge says that something is larger than the whole spool may be.
var ErrTooLarge = errors.New("larger than the spool")

// AppendWhole is Append of all or nothing: a crash leaves no part of b.
func (s *Spool) AppendWhole(ctx context.Context, b []byte) error {
	n := int64(len(b))
	if n > s.cfg.MaxBytes {
		return ErrTooLarge
	}
	if err := s.makeRoom(ctx, n); err != nil {
		return err
	}
	if err := s.append(b); err != nil {
		return fmt.Errorf("write spool %s: %w", s.db.Path(), err)
	}
	return nil
}

func (s *Spool) append(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := s.end + int64(len(b))
	err := s.db.Update(func(tx *bolt.Tx) error {
		kept := tx.Bucket(chunks)
		kept.FillPercent = 0.9 // keys only grow
		at := s.end
		for chunk := range slices.Chunk(b, maxChunk) {
			hidden := make([]byte, len(chunk))
			s.sealer.hide(hidden, chunk, at, 0)
			if err := kept.Put(key(at), hidden); err != nil {
				return err
			}
			at += int64(len(chunk))
		}
		return tx.Bucket(marks).Put(endKey, key(end))
	})
	if err == nil {
		s.end = end
	}
	return err
}

// Release forgets what lies below offset, as far as whole chunks do.
func (s *Spool) Release(offset int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offset < s.first+maxChunk && offset < s.end {
		return nil // not worth a write
	}
	if s.first == s.end {
		return nil
	}
	if err := s.forget(offset, false); err != nil {
		return fmt.Errorf("release spool %s: %w", s.db.Path(), err)
	}
	if s.first == s.end && time.Since(s.sealer.made) > renewEvery {
		return s.sealer.renew()
	}
	return nil
}

// ErrGone says that bytes were dropped or released before they were read.
var ErrGone = errors.New("no longer in the spool")

// ReadAt reads from the stream's byte offset on, as far as the chunk there has
// bytes. At the end it returns io.EOF, before the first byte that is there ErrGone.
func (s *Spool) ReadAt(p []byte, offset int64) (n int, err error) {
	s.mu.Lock()
	first, end, sealer := s.first, s.end, s.sealer.copy()
	s.mu.Unlock()
	if offset < first {
		return 0, ErrGone
	}
	if offset >= end {
		return 0, io.EOF
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(chunks).Cursor()
		k, v := cursor.Seek(key(offset))
		if k == nil || int64(binary.BigEndian.Uint64(k)) > offset {
			k, v = cursor.Prev()
		}
		if k == nil {
			return ErrGone
		}
		at := offset - int64(binary.BigEndian.Uint64(k))
		if at < 0 || at >= int64(len(v)) {
			return ErrGone
		}
		n = copy(p, v[at:])
		sealer.hide(p[:n], p[:n], offset-at, int(at))
		return nil
	})
	return n, err
}

// Close closes the file. The key of a spool that is empty goes.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == s.end {
		return errors.Join(s.sealer.renew(), s.db.Close())
	}
	return s.db.Close()
}
