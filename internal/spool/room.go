package spool

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// always is how many bytes may be held however little of the disk is to spare. A
	// pipe keeps a MiB of what is resolved, to find its way after a restart.
	always = 2 << 20
	// askDisk is how long to wait before the disk is asked for room again.
	askDisk = time.Second
	// tellFull is how often a spool that is full now and then says so.
	tellFull = time.Minute
)

// makeRoom returns when n more bytes may be held.
func (s *Spool) makeRoom(ctx context.Context, n int64) error {
	for {
		s.mu.Lock()
		full, room, first, held := s.full(n), s.room, s.first, s.end-s.first
		s.mu.Unlock()
		if !full {
			return nil
		}
		if s.cfg.DropOldest && held > 0 {
			if err := s.dropOldest(n); err != nil {
				return err
			}
			now, _ := s.Bounds()
			if s.cfg.OnDrop != nil {
				s.cfg.OnDrop(first, now)
			}
			continue
		}
		s.tellFull(held)
		timer := time.NewTimer(askDisk)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-room:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// full tells whether n more bytes are too many. What was released has left room
// in the file, which others can't use. It is called with mu held.
func (s *Spool) full(n int64) bool {
	held := s.end - s.first + n
	if held > s.cfg.MaxBytes {
		return true
	}
	if s.cfg.Spare == nil || held <= always {
		return false
	}
	// The last page of the tree is written anew with each append, and holds two or
	// three chunks. Free pages help if enough of them lie side by side.
	page, stats := int64(s.db.Info().PageSize), s.db.Stats()
	need := 3*n + 16*page
	if s.cfg.Spare() >= need {
		return false
	}
	return int64(stats.FreePageN+stats.PendingPageN)*page < 3*need || s.cfg.Left != nil && s.cfg.Left() < 0
}

func (s *Spool) tellFull(held int64) {
	now := time.Now()
	s.mu.Lock()
	tell := s.cfg.OnFull != nil && (s.told.IsZero() || now.Sub(s.told) >= tellFull)
	if tell {
		s.told = now
	}
	s.mu.Unlock()
	if tell {
		spare := s.cfg.MaxBytes - held
		if s.cfg.Spare != nil {
			spare = min(spare, s.cfg.Spare())
		}
		s.cfg.OnFull(held, spare)
	}
}

// dropOldest forgets whole chunks until n more bytes may be held, and some more, so
// that it is not done for each append.
func (s *Spool) dropOldest(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	least := max(s.end+n-s.cfg.MaxBytes+s.cfg.MaxBytes/64, s.first+n)
	before := s.first
	if err := s.forget(least, true); err != nil {
		return fmt.Errorf("drop from spool %s: %w", s.db.Path(), err)
	}
	s.dropped += s.first - before
	return nil
}

// forget removes the chunks below offset; of the one that offset is within,
// through says whether it goes too. It is called with mu held.
func (s *Spool) forget(offset int64, through bool) error {
	first := s.first
	err := s.db.Update(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(chunks).Cursor()
		for k, v := cursor.First(); k != nil; k, v = cursor.First() {
			begin := int64(binary.BigEndian.Uint64(k))
			end := begin + int64(len(v))
			if begin >= offset || end > offset && !through {
				return nil
			}
			if err := cursor.Delete(); err != nil {
				return err
			}
			first = end
		}
		first = s.end
		return nil
	})
	if err == nil {
		s.first = first
		close(s.room)
		s.room = make(chan struct{})
	}
	return err
}
