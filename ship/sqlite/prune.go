package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	pruneEvery = time.Minute
	pruneRows  = 2000 // are deleted in one transaction
)

// prune removes what is too old or too much, now and then.
func (s *Store) prune(ctx context.Context) error {
	now := s.cfg.now()
	if now.Sub(s.pruned) < pruneEvery && s.written < s.cfg.MaxBytes/64 {
		return nil
	}
	s.pruned, s.written = now, 0
	removed := int64(0)
	for s.cfg.MaxAge > 0 {
		n, err := s.remove(ctx, `SELECT id FROM request WHERE stored < ? ORDER BY id LIMIT ?`, now.Add(-s.cfg.MaxAge).Unix(), pruneRows)
		removed += n
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	n, err := s.shrink(ctx)
	removed += n
	if err != nil {
		return err
	}
	if removed == 0 {
		return nil
	}
	s.cfg.Logger.Info("old traces removed from the store", "path", s.path, "requests", removed)
	return s.vacuum(ctx)
}

// shrink removes the oldest until the file is 5 % below its limit, if it is over
// it, and returns how many that were.
func (s *Store) shrink(ctx context.Context) (removed int64, err error) {
	size, err := s.size(ctx)
	if err != nil || size <= s.cfg.MaxBytes {
		return 0, err
	}
	for target := s.cfg.MaxBytes - s.cfg.MaxBytes/20; size > target; {
		var rows int64
		if err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(id) - min(id) + 1, 0) FROM request`).Scan(&rows); err != nil {
			return removed, err
		}
		part := int64(float64(rows)*float64(size-target)/float64(size)) + 1
		n, err := s.remove(ctx, `SELECT id FROM request ORDER BY id LIMIT ?`, min(part, pruneRows))
		removed += n
		if err != nil || n == 0 {
			return removed, err
		}
		if size, err = s.size(ctx); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// vacuum gives free pages back to the file system.
func (s *Store) vacuum(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `PRAGMA incremental_vacuum`)
	if err != nil {
		return err
	}
	for rows.Next() { // each step frees one page
	}
	return errors.Join(rows.Err(), rows.Close())
}

// size is how much of the file is in use, in bytes.
func (s *Store) size(ctx context.Context) (bytes int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&bytes)
	return bytes, err
}

// remove deletes the requests that a query selects, and returns how many.
func (s *Store) remove(ctx context.Context, query string, args ...any) (n int64, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	var result sql.Result
	for _, table := range []string{"payload WHERE id", "words WHERE rowid", "request WHERE id"} {
		if result, err = tx.ExecContext(ctx, `DELETE FROM `+table+` IN (`+query+`)`, args...); err != nil {
			return 0, err
		}
	}
	if n, err = result.RowsAffected(); err != nil {
		return 0, err
	}
	return n, tx.Commit()
}

// Erase removes all requests of a user for good: no page and no index of the file
// holds them when it returns. It returns how many there were.
func (s *Store) Erase(ctx context.Context, user string) (n int64, err error) {
	if _, err := s.db.ExecContext(ctx, `PRAGMA secure_delete = on`); err != nil {
		return 0, storeError("erase from", s.path, err)
	}
	n, err = s.remove(ctx, `SELECT id FROM request WHERE user = ?`, user)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `INSERT INTO words (words) VALUES ('optimize')`)
	}
	if err == nil {
		err = s.vacuum(ctx)
	}
	if err == nil {
		_, err = s.db.ExecContext(ctx, `PRAGMA wal_checkpoint(truncate)`)
	}
	if err != nil {
		return n, storeError("erase from", s.path, err)
	}
	return n, nil
}
