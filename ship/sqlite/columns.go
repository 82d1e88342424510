package sqlite

import (
	"strings"
	"time"
	"unicode/utf8"

	"tailer"
	"tailer/ship/otlp"
)

// columns are those of a summary, in the order of values and of a scan.
const columns = `span_id, trace_id, start, finish, first_token, name, call_id, method, route,
	user, user_source, user_name, role, groups, session, session_source, title, task,
	model, provider, key_alias, key_hash, team, status, level, status_message, error_class,
	incomplete, finish_reason, attempts, cache_hit, metered, input, cached, cache_creation,
	audio_in, output, reasoning, audio_out, total, priced, cost`

// insert puts one request, unless it is there.
var insert = `INSERT INTO request (stored, question, answer, ` + columns + `) VALUES (?, ?, ?` +
	strings.Repeat(", ?", strings.Count(columns, ",")+1) + `) ON CONFLICT (span_id, trace_id) DO NOTHING`

func values(s *otlp.Summary) []any {
	u := &s.Usage
	return []any{
		s.SpanID, s.TraceID, nanoseconds(s.Start), nanoseconds(s.End), nanoseconds(s.FirstToken), s.Name, s.CallID, s.Method, s.Route,
		s.User, s.UserSource, s.UserName, s.Role, s.Groups, s.Session, s.SessionSource, s.Title, s.Task,
		s.Model, s.Provider, s.KeyAlias, s.KeyHash, s.Team, s.Status, string(s.Level), s.StatusMessage, s.ErrorClass,
		s.Incomplete, s.FinishReason, s.Attempts, s.CacheHit, s.Metered, u.Input, u.Cached, u.CacheCreation,
		u.AudioIn, u.Output, u.Reasoning, u.AudioOut, u.Total, s.Priced, s.Cost,
	}
}

// scanned reads the columns of a row into a summary.
type scanned struct {
	otlp.Summary
	start, finish, firstToken int64
	level                     string
}

// targets are where a scan of columns goes, in their order.
func (s *scanned) targets() []any {
	u := &s.Usage
	return []any{
		&s.SpanID, &s.TraceID, &s.start, &s.finish, &s.firstToken, &s.Name, &s.CallID, &s.Method, &s.Route,
		&s.User, &s.UserSource, &s.UserName, &s.Role, &s.Groups, &s.Session, &s.SessionSource, &s.Title, &s.Task,
		&s.Model, &s.Provider, &s.KeyAlias, &s.KeyHash, &s.Team, &s.Status, &s.level, &s.StatusMessage, &s.ErrorClass,
		&s.Incomplete, &s.FinishReason, &s.Attempts, &s.CacheHit, &s.Metered, &u.Input, &u.Cached, &u.CacheCreation,
		&u.AudioIn, &u.Output, &u.Reasoning, &u.AudioOut, &u.Total, &s.Priced, &s.Cost,
	}
}

// summary is what was read.
func (s *scanned) summary() otlp.Summary {
	s.Start, s.End, s.FirstToken, s.Level = instant(s.start), instant(s.finish), instant(s.firstToken), tailer.Level(s.level)
	return s.Summary
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// cut shortens text to at most limit bytes, between characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
