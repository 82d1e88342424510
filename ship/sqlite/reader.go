package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/klauspost/compress/zstd"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

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

// The values of Filter.Status.
const (
	StatusOK         = "ok"
	StatusError      = "error"
	StatusWarning    = "warning"
	StatusIncomplete = "incomplete"
)

// Filter selects requests; zero fields select all.
type Filter struct {
	User        string    // exactly
	Session     string    // exactly
	Model       string    // exactly
	Status      string    // one of the statuses
	Text        string    // words that question, answer, user, model, ids or error begin with, all of them
	Since, Till time.Time // start: at or after, before
}

// where is the filter as SQL.
func (f *Filter) where() (clause string, args []any) {
	var all []string
	and := func(condition string, values ...any) {
		all, args = append(all, condition), append(args, values...)
	}
	if f.User != "" {
		and("user = ?", f.User)
	}
	if f.Session != "" {
		and("session = ?", f.Session)
	}
	if f.Model != "" {
		and("model = ?", f.Model)
	}
	switch f.Status {
	case StatusOK:
		and("level = 'DEFAULT' AND incomplete = ''")
	case StatusError:
		and("level = 'ERROR'")
	case StatusWarning:
		and("level = 'WARNING'")
	case StatusIncomplete:
		and("incomplete <> ''")
	}
	if !f.Since.IsZero() {
		and("start >= ?", f.Since.UnixNano())
	}
	if !f.Till.IsZero() {
		and("start < ?", f.Till.UnixNano())
	}
	if match := query(f.Text); match != "" {
		and("id IN (SELECT rowid FROM words WHERE words MATCH ?)", match)
	} else if strings.TrimSpace(f.Text) != "" {
		and("0") // only signs, which are in no index
	}
	if all == nil {
		return "1", nil
	}
	return strings.Join(all, " AND "), args
}

// maxTerms bounds the words of a search.
const maxTerms = 12

// query makes a query of the index from what a person typed: each word may go on.
func query(text string) string {
	terms := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	if len(terms) > maxTerms {
		terms = terms[:maxTerms]
	}
	for i, term := range terms {
		terms[i] = `"` + term + `"*`
	}
	return strings.Join(terms, " AND ")
}

// searchable is what a search looks through.
func searchable(s *otlp.Summary, question, answer string) string {
	return strings.Join([]string{
		cut(question, maxWords), cut(answer, maxWords), s.User, s.UserName, s.Session, s.Title, s.Model, s.Task,
		s.StatusMessage, s.CallID, s.TraceID, s.KeyAlias, s.Team, s.Groups,
	}, "\n")
}

// A Cursor is a place in a list: the zero value is its beginning.
type Cursor struct {
	Start time.Time
	ID    int64
}

// An Entry is one request in a list.
type Entry struct {
	otlp.Summary
	Cursor   Cursor // of this entry
	Question string // its beginning, as that of Answer
	Answer   string
	Chat     string // title of the chat, if one was made
}

// A Page is a part of a list.
type Page struct {
	Entries []Entry // newest first
	More    bool    // older ones follow after the last entry's cursor
}

// List returns up to limit requests after a cursor, newest first.
func (r *Reader) List(ctx context.Context, f Filter, after Cursor, limit int) (Page, error) {
	clause, args := f.where()
	if after.ID != 0 {
		clause += " AND (start, id) < (?, ?)"
		args = append(args, after.Start.UnixNano(), after.ID)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT id, question, answer, CASE WHEN session = '' THEN '' ELSE coalesce(
		(SELECT t.title FROM request AS t WHERE t.session = request.session AND t.title <> '' ORDER BY t.start DESC LIMIT 1), '') END, `+columns+`
		FROM request WHERE `+clause+` ORDER BY start DESC, id DESC LIMIT ?`, append(args, limit+1)...)
	if err != nil {
		return Page{}, storeError("read", r.path, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var page Page
	for rows.Next() {
		if len(page.Entries) == limit {
			page.More = true
			break
		}
		var row scanned
		var e Entry
		if err := rows.Scan(append([]any{&e.Cursor.ID, &e.Question, &e.Answer, &e.Chat}, row.targets()...)...); err != nil {
			return Page{}, storeError("read", r.path, err)
		}
		e.Summary = row.summary()
		e.Cursor.Start = e.Start
		page.Entries = append(page.Entries, e)
	}
	if err := rows.Err(); err != nil {
		return Page{}, storeError("read", r.path, err)
	}
	return page, nil
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
	var data tracepb.TracesData
	if err := proto.Unmarshal(plain, &data); err != nil {
		return nil, fmt.Errorf("read store %s: decode request: %w", r.path, err)
	}
	for _, spans := range data.GetResourceSpans() {
		return spans, nil
	}
	return nil, ErrNotFound
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

// State changes whenever the store does: the highest and the lowest place, and
// how many requests there are.
func (r *Reader) State(ctx context.Context) (state [2]int64, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM request`).Scan(&state[0], &state[1])
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
