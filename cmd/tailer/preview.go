package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tailer"
)

// samples is how many traces a dry run shows.
const samples = 3

// preview takes exchanges in place of a sink and remembers what a dry run tells.
type preview struct {
	users  map[string]int64
	models map[string]int64
	levels map[tailer.Level]int64
	first  time.Time
	last   time.Time
	shown  []tailer.Exchange
}

func newPreview() *preview {
	return &preview{users: map[string]int64{}, models: map[string]int64{}, levels: map[tailer.Level]int64{}}
}

// maxNames bounds the users and models that are remembered.
const maxNames = 10_000

// Deliver implements pipeline.Deliverer.
func (p *preview) Deliver(_ context.Context, x *tailer.Exchange) error {
	count(p.users, cmp.Or(x.Attribution.User, "(nobody)"))
	count(p.models, cmp.Or(x.Model, x.Request.Body.Text("model"), "(unknown)"))
	p.levels[x.Level]++
	if p.first.IsZero() || x.Start.Before(p.first) {
		p.first = x.Start
	}
	if x.End.After(p.last) {
		p.last = x.End
	}
	if len(p.shown) < samples {
		p.shown = append(p.shown, *x)
	}
	return nil
}

// Flush implements pipeline.Deliverer.
func (p *preview) Flush(context.Context) error { return nil }

func count(m map[string]int64, name string) {
	if _, known := m[name]; known || len(m) < maxNames {
		m[name]++
	}
}

// print writes what would be sent.
func (p *preview) print(w io.Writer, r *report) {
	out := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	out("Would send %s (nothing was sent).", plural(r.Requests, "trace"))
	if r.Requests > 0 {
		out("  from %s to %s; dates from %s", stamp(p.first), stamp(p.last), r.dates)
		out("  %d errors, %d warnings, %d incomplete, %d failed attempts before an answer",
			p.levels[tailer.LevelError], p.levels[tailer.LevelWarning], r.Incomplete, r.Attempts)
		out("  %d of %d with a user, by source: %s", r.Requests-r.Users["none"], r.Requests, list(r.Users))
		out("  users: %s", list(p.users))
		out("  models: %s", list(p.models))
	}
	if len(r.Dropped) > 0 {
		out("  not traced by rule: %s", list(r.Dropped))
	}
	if len(r.envelopes) > 0 {
		out("  lines were unpacked from: %s", strings.Join(r.envelopes, ", "))
	}
	out("  read %s, records: %s", plural(r.Lines, "line"), list(r.Records))
	for i := range p.shown {
		out("\nTrace %d of %d", i+1, len(p.shown))
		printExchange(out, &p.shown[i])
	}
}

// printExchange shows one trace with the source of its values.
func printExchange(out func(string, ...any), x *tailer.Exchange) {
	row := func(name, value, source string) {
		if value != "" {
			out("  %-12s %-58s %s", name, value, source)
		}
	}
	a := &x.Attribution
	row("call id", cmp.Or(x.CallID, "(none in the log)"), "litellm_call_id")
	row("request", strings.TrimSpace(x.Request.Method+" "+x.Request.Route), "proxy_server_request")
	row("start", stamp(x.Start), "")
	row("end", stamp(x.End), fmt.Sprintf("%.3f s", x.End.Sub(x.Start).Seconds()))
	row("user", a.User, a.UserSource)
	row("session", a.Session, a.SessionSource)
	row("task", a.Task, "prompt")
	row("model", x.Model, "model; asked for "+x.Request.Body.Text("model"))
	row("asked", shorten(content(x.Request.Body)), "body")
	row("answered", shorten(string(x.Response)), "response")
	if x.CostTotal != nil {
		row("cost", fmt.Sprintf("$%g", *x.CostTotal), "response_cost")
	}
	row("usage", shorten(string(x.Usage)), "usage")
	row("status", fmt.Sprintf("%d %s", x.Status, x.Level), shorten(x.StatusMessage))
	for _, h := range a.ProfileHeaders {
		row("", h.Name+": "+h.Value, "header")
	}
	if len(x.Attempts) > 0 {
		row("attempts", fmt.Sprint(len(x.Attempts)+1), "litellm.<function> records")
	}
	row("incomplete", strings.Join(x.Incomplete, "; "), "")
}

// content returns what was asked, whatever the route calls it.
func content(body tailer.Fields) string {
	for _, name := range []string{"messages", "prompt", "input", "query"} {
		if v := body.Get(name); v != nil {
			return string(v)
		}
	}
	return ""
}

// shorten cuts text to one line of a terminal.
func shorten(s string) string {
	const most = 56
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// list writes counts, the greatest first, at most ten.
func list(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	var parts []string
	for i, name := range names {
		if i == 10 {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		quoted, _ := json.Marshal(name)
		parts = append(parts, fmt.Sprintf("%s %d", strings.Trim(string(quoted), `"`), counts[name]))
	}
	return strings.Join(parts, ", ")
}
