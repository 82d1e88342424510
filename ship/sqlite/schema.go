package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks the file as tailer's (the letters "tail").
const applicationID = 0x7461696c

// ErrForeign says that a file is a database of another program, or none.
var ErrForeign = errors.New("not a store of tailer's")

// ErrNewer says that a file was written by a newer tailer.
var ErrNewer = errors.New("written by a newer version of tailer")

// migrations take the file from each version to the next. Ones that were released
// never change.
var migrations = []string{
	// 1: requests, their spans, their words. Times are nanoseconds UTC, stored is in
	// seconds; "" and 0 stand for absent.
	`CREATE TABLE request (
		id INTEGER PRIMARY KEY AUTOINCREMENT, stored INTEGER NOT NULL,
		span_id TEXT NOT NULL, trace_id TEXT NOT NULL,
		start INTEGER NOT NULL, finish INTEGER NOT NULL, first_token INTEGER NOT NULL,
		name TEXT NOT NULL, call_id TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL,
		user TEXT NOT NULL, user_source TEXT NOT NULL, user_name TEXT NOT NULL, role TEXT NOT NULL, groups TEXT NOT NULL,
		session TEXT NOT NULL, session_source TEXT NOT NULL, title TEXT NOT NULL, task TEXT NOT NULL,
		model TEXT NOT NULL, provider TEXT NOT NULL, key_alias TEXT NOT NULL, key_hash TEXT NOT NULL, team TEXT NOT NULL,
		status INTEGER NOT NULL, level TEXT NOT NULL, status_message TEXT NOT NULL, error_class TEXT NOT NULL,
		incomplete TEXT NOT NULL, finish_reason TEXT NOT NULL, attempts INTEGER NOT NULL, cache_hit INTEGER NOT NULL,
		metered INTEGER NOT NULL, input INTEGER NOT NULL, cached INTEGER NOT NULL, cache_creation INTEGER NOT NULL,
		audio_in INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_out INTEGER NOT NULL, total INTEGER NOT NULL,
		priced INTEGER NOT NULL, cost REAL NOT NULL,
		question TEXT NOT NULL, answer TEXT NOT NULL
	) STRICT;
	CREATE UNIQUE INDEX request_ids ON request (span_id, trace_id);
	CREATE INDEX request_stored ON request (stored);
	CREATE INDEX request_start ON request (start, id);
	CREATE INDEX request_user ON request (user, start, id);
	CREATE INDEX request_session ON request (session, start, id);
	CREATE INDEX request_model ON request (model, start, id);
	CREATE INDEX request_level ON request (level, start, id);
	CREATE INDEX request_incomplete ON request (start, id) WHERE incomplete <> '';
	CREATE INDEX request_title ON request (session, start) WHERE title <> '';
	CREATE TABLE payload (id INTEGER PRIMARY KEY, spans BLOB NOT NULL) STRICT;
	CREATE VIRTUAL TABLE words USING fts5 (text, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2');`,
}

// check looks whether the file is ours and of a version that we know.
func check(ctx context.Context, db *sql.DB) (version int, err error) {
	var id, tables int
	row := db.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)`)
	if err := row.Scan(&version, &id, &tables); err != nil {
		return 0, err
	}
	switch {
	case id != applicationID && (id != 0 || tables != 0):
		return 0, ErrForeign
	case version > len(migrations):
		return 0, fmt.Errorf("version %d: %w", version, ErrNewer)
	}
	return version, nil
}

// migrate brings the file to the newest version.
func migrate(ctx context.Context, db *sql.DB) error {
	version, err := check(ctx, db)
	if err != nil {
		return err
	}
	for ; version < len(migrations); version++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		mark := fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, version+1)
		if _, err := tx.ExecContext(ctx, migrations[version]+mark); err != nil {
			return errors.Join(fmt.Errorf("migrate from version %d: %w", version, err), tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("migrate from version %d: %w", version, err)
		}
	}
	return nil
}
