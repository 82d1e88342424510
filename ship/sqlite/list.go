package sqlite

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"tailer/ship/otlp"
)

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

// where is the filter as SQL, but for its text.
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
	Start time.Time // of the request; not used in a search
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
	Entries []Entry
	More    bool   // others may follow
	Next    Cursor // after which they do
}

// entries selects what a list shows.
const entries = `SELECT id, question, answer, CASE WHEN session = '' THEN '' ELSE coalesce(
	(SELECT t.title FROM request AS t WHERE t.session = request.session AND t.title <> '' ORDER BY t.start DESC LIMIT 1), '') END, ` + columns + ` FROM request WHERE `

// List returns up to limit requests after a cursor: the latest first, or, if the
// filter has a text, those that were stored last. A search looks at so many
// requests at once and no more: a page of it may have few entries, even none, and
// More all the same.
func (r *Reader) List(ctx context.Context, f Filter, after Cursor, limit int) (Page, error) {
	if strings.TrimSpace(f.Text) != "" {
		return r.search(ctx, f, after, limit)
	}
	clause, args := f.where()
	if after.ID != 0 {
		clause += " AND (start, id) < (?, ?)"
		args = append(args, after.Start.UnixNano(), after.ID)
	}
	found, err := r.entries(ctx, entries+clause+` ORDER BY start DESC, id DESC LIMIT ?`, append(args, limit+1)...)
	return pageOf(found, limit), err
}

// pageOf cuts entries to a page.
func pageOf(found []Entry, limit int) Page {
	page := Page{Entries: found}
	if len(found) > limit {
		page.Entries, page.More, page.Next = found[:limit], true, found[limit-1].Cursor
	}
	return page
}

const (
	searchAll  = 4000 // requests that have the words are looked at for one page
	searchStep = 500  // of them in one step
)

// search goes through the requests that have the words, those stored last first,
// and picks those that the rest of the filter selects.
func (r *Reader) search(ctx context.Context, f Filter, after Cursor, limit int) (Page, error) {
	match := query(f.Text)
	if match == "" {
		return Page{}, nil // only signs, which are in no index
	}
	if after.ID == 0 {
		after.ID = math.MaxInt64
	}
	ids, err := r.having(ctx, match, after.ID)
	if err != nil {
		return Page{}, err
	}
	clause, args := f.where()
	var found []Entry
	for step := range slices.Chunk(ids, searchStep) {
		list, err := json.Marshal(step)
		if err != nil {
			return Page{}, err
		}
		more, err := r.entries(ctx, entries+`id IN (SELECT value FROM json_each(?)) AND `+clause+` ORDER BY id DESC LIMIT ?`,
			append(append([]any{string(list)}, args...), limit+1-len(found))...)
		if err != nil {
			return Page{}, err
		}
		if found = append(found, more...); len(found) > limit {
			return pageOf(found, limit), nil
		}
	}
	page := Page{Entries: found}
	if len(ids) == searchAll {
		page.More, page.Next.ID = true, ids[len(ids)-1]
	}
	return page, nil
}

// having returns the next ids below a place whose requests have the words, the
// highest first.
func (r *Reader) having(ctx context.Context, match string, below int64) ([]int64, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`, match, below, searchAll)
	if err != nil {
		return nil, storeError("search", r.path, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, storeError("search", r.path, err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, storeError("search", r.path, err)
	}
	return ids, nil
}

// entries reads what a query of them selects.
func (r *Reader) entries(ctx context.Context, query string, args ...any) ([]Entry, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, storeError("read", r.path, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var all []Entry
	for rows.Next() {
		var row scanned
		var e Entry
		if err := rows.Scan(append([]any{&e.Cursor.ID, &e.Question, &e.Answer, &e.Chat}, row.targets()...)...); err != nil {
			return nil, storeError("read", r.path, err)
		}
		e.Summary = row.summary()
		e.Cursor.Start = e.Start
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, storeError("read", r.path, err)
	}
	return all, nil
}
