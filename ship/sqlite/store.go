package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tailer/ship"
	"tailer/ship/otlp"
)

const (
	defaultMaxAge   = 30 * 24 * time.Hour
	defaultMaxBytes = 4 << 30
	maxPreview      = 300   // bytes of question and answer that a list shows
	maxWords        = 8_000 // bytes of each that a search finds
)

// Config bounds a store. The zero value is usable.
type Config struct {
	MaxAge   time.Duration // since a request was stored, whatever its own time; 0: 30 days; negative: for ever
	MaxBytes int64         // of the file; 0: 4 GiB; the oldest go first
	Groups   []string      // headers that carry a user's groups; nil: otlp.GroupHeaders
	Logger   *slog.Logger  // nil: silent
	now      func() time.Time
}

// Store is the writing side. It must not be used concurrently, and only one
// process at a time should write; readers do not disturb it.
type Store struct {
	db      *sql.DB
	path    string
	cfg     Config
	encoder *zstd.Encoder
	puts    [3]*sql.Stmt // into request, payload, words
	pruned  time.Time    // when it was last looked for what is too old
	written int64        // bytes of payloads since then
}

// Open opens the store at path, makes it if there is none, and brings it to the
// newest version. Errors: ErrForeign, ErrNewer, and those of the file system and
// of SQLite.
func Open(ctx context.Context, path string, cfg Config) (*Store, error) {
	cfg.MaxAge, cfg.MaxBytes = cmp.Or(cfg.MaxAge, defaultMaxAge), cmp.Or(cfg.MaxBytes, defaultMaxBytes)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := look(ctx, path); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would make it readable for all
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db, err := open(path, "_txlock=immediate",
		"auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(full)", "journal_size_limit(33554432)", "secure_delete(fast)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(storeError("open", path, err), db.Close())
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	s := &Store{db: db, path: path, cfg: cfg, encoder: encoder}
	for i, text := range []string{insert, `INSERT INTO payload (id, spans) VALUES (?, ?)`, `INSERT INTO words (rowid, text) VALUES (?, ?)`} {
		if s.puts[i], err = db.PrepareContext(ctx, text); err != nil {
			return nil, errors.Join(storeError("open", path, err), s.Close())
		}
	}
	return s, nil
}

// look refuses a file that is not ours before anything is written to it.
func look(ctx context.Context, path string) error {
	db, err := open(path, "mode=ro", "query_only(1)")
	if err != nil {
		return err
	}
	if _, err = check(ctx, db); err != nil {
		err = storeError("open", path, err)
	}
	return errors.Join(err, db.Close())
}

// open prepares a pool of connections with those pragmas.
func open(path, query string, pragmas ...string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	for _, pragma := range append([]string{"busy_timeout(10000)"}, pragmas...) {
		query += "&_pragma=" + url.QueryEscape(pragma)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: full, RawQuery: query}).String())
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return db, nil
}

// storeError names the file, and says what may be done about it.
func storeError(what, path string, err error) error {
	var failure *driver.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			err = fmt.Errorf("%w: %w", ErrForeign, err)
		case sqlite3.SQLITE_CORRUPT:
			err = fmt.Errorf("damaged; move it away, and a new one is made: %w", err)
		}
	}
	return fmt.Errorf("%s store %s: %w", what, path, err)
}

// Send stores items in one transaction. It implements ship.Sink.
func (s *Store) Send(ctx context.Context, items []*ship.Item) error {
	if err := s.send(ctx, items); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failure := &ship.SendError{Err: storeError("write to", s.path, err)}
		var cause *driver.Error
		if errors.As(err, &cause) && cause.Code() == sqlite3.SQLITE_TOOBIG {
			failure.Class = ship.TooLarge
		}
		return failure
	}
	// What is stored is stored, whatever becomes of the old.
	if err := s.prune(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("old traces could not be removed from the store", "path", s.path, "err", err)
	}
	return nil
}

func (s *Store) send(ctx context.Context, items []*ship.Item) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	for _, item := range items {
		if err := s.put(ctx, tx, item); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// ignoreDone drops the word that a transaction has ended already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// put stores one item, if it is not there.
func (s *Store) put(ctx context.Context, tx *sql.Tx, item *ship.Item) error {
	sum, ok := otlp.Summarize(item.Spans(), s.cfg.Groups)
	if !ok {
		return nil // without a root there is no request
	}
	question, answer := otlp.Words(item.Spans())
	result, err := tx.StmtContext(ctx, s.puts[0]).ExecContext(ctx, append([]any{s.cfg.now().Unix(), cut(question, maxPreview), cut(answer, maxPreview)}, values(&sum)...)...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	payload := s.encoder.EncodeAll(item.Payload(), nil)
	s.written += int64(len(payload))
	if _, err := tx.StmtContext(ctx, s.puts[1]).ExecContext(ctx, id, payload); err != nil {
		return err
	}
	_, err = tx.StmtContext(ctx, s.puts[2]).ExecContext(ctx, id, searchable(&sum, question, answer))
	return err
}

// Flush implements ship.Sink: what was sent is on disk already.
func (s *Store) Flush(context.Context) error { return nil }

// Close ends the store.
func (s *Store) Close() error {
	return errors.Join(s.encoder.Close(), s.db.Close())
}
