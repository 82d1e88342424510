package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship/otlp"
)

// ErrNotFound says that the store has no such request.
var ErrNotFound = errors.New("no such request in the store")

// Reader is the reading side. It may be used concurrently, also while another
// process writes.
type Reader struct {
	db      *sql.DB
	path    string
	decoder *zstd.Decoder
}

// OpenReader opens the store at path and changes nothing in it. fs.ErrNotExist:
// there is none; else the errors of Open.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("open store %s: %w: a folder", path, ErrForeign)
	}
	db, err := open(path, "mode=ro", "query_only(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	version, err := check(ctx, db)
	if err == nil && version < len(migrations) {
		err = fmt.Errorf("version %d: %w", version, fs.ErrNotExist) // its writer has not begun
	}
	if err != nil {
		return nil, errors.Join(storeError("open", path, err), db.Close())
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	return &Reader{db: db, path: path, decoder: decoder}, nil
}

// Close ends the reader.
func (r *Reader) Close() error {
	r.decoder.Close()
	return r.db.Close()
}

// Get returns the spans of a request. ErrNotFound: it is not there, any more.
func (r *Reader) Get(ctx context.Context, traceID, spanID string) (*tracepb.ResourceSpans, error) {
	var payload []byte
	err := r.db.QueryRowContext(ctx, `SELECT spans FROM payload WHERE id = (SELECT id FROM request WHERE span_id = ? AND trace_id = ?)`, spanID, traceID).Scan(&payload)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, storeError("read", r.path, err)
	}
	plain, err := r.decoder.DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("read store %s: decompress request: %w", r.path, err)
	}
	spans, err := otlp.Payload(plain).Spans()
	if err != nil {
		return nil, fmt.Errorf("read store %s: %w", r.path, err)
	}
	return spans, nil
}

// Summaries calls each for every request that began at since or later, in
// no order. The summary is valid until each returns.
func (r *Reader) Summaries(ctx context.Context, since time.Time, each func(*otlp.Summary)) error {
	clause, args := (&Filter{Since: since}).where()
	rows, err := r.db.QueryContext(ctx, `SELECT `+columns+` FROM request WHERE `+clause, args...)
	if err != nil {
		return storeError("read", r.path, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	row := &scanned{}
	targets := row.targets()
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return storeError("read", r.path, err)
		}
		s := row.summary()
		each(&s)
	}
	if err := rows.Err(); err != nil {
		return storeError("read", r.path, err)
	}
	return nil
}

// State changes whenever the store does: the lowest and the highest place, and how
// many requests there are.
func (r *Reader) State(ctx context.Context) (state [3]int64, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT coalesce(min(id), 0), coalesce(max(id), 0), count(*) FROM request`).Scan(&state[0], &state[1], &state[2])
	if err != nil {
		return state, storeError("read", r.path, err)
	}
	return state, nil
}

// Title returns the last title that was made for a session, "" for none.
func (r *Reader) Title(ctx context.Context, session string) (title string, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT title FROM request WHERE session = ? AND title <> '' ORDER BY start DESC LIMIT 1`, session).Scan(&title)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", storeError("read", r.path, err)
	}
	return title, nil
}
