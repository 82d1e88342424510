package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tailer/internal/page"
	"tailer/internal/report"
	"tailer/ship/otlp"
	"tailer/ship/sqlite"
)

// pageSize is how many requests a part of the list has.
const pageSize = 50

// maxFilter is how long a filter may be, in bytes.
const maxFilter = 1000

// report shows the report of a range.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	all, err := s.live.get(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	shown := &page.Live{AsOf: all.at.In(s.cfg.Location), HasAuth: s.cfg.Token != ""}
	d := report.New(report.Config{Location: s.cfg.Location}).Document(0)
	if all.by == nil {
		shown.Advice = s.advice()
	} else {
		d, shown.Range = all.choose(r.URL.Query().Get("range"))
	}
	for _, c := range ranges {
		shown.Ranges = append(shown.Ranges, page.Choice{Value: c.name, Label: c.label, Chosen: c.name == shown.Range})
	}
	s.send(w, "text/html; charset=utf-8", func(out *bytes.Buffer) error { return page.WriteLiveReport(out, d, shown) })
}

// document is the report that a query asks for; nil if the answer is given.
func (s *Server) document(w http.ResponseWriter, r *http.Request) *report.Document {
	all, err := s.live.get(r.Context())
	switch {
	case err != nil:
		s.fail(w, err)
	case all.by == nil:
		http.Error(w, s.advice(), http.StatusNotFound)
	default:
		d, _ := all.choose(r.URL.Query().Get("range"))
		return d
	}
	return nil
}

func (s *Server) reportJSON(w http.ResponseWriter, r *http.Request) {
	if d := s.document(w, r); d != nil {
		s.send(w, "application/json", func(out *bytes.Buffer) error { return json.NewEncoder(out).Encode(d) })
	}
}

func (s *Server) reportCSV(w http.ResponseWriter, r *http.Request) {
	if d := s.document(w, r); d != nil {
		w.Header().Set("Content-Disposition", `attachment; filename="tailer.csv"`)
		s.send(w, "text/csv; charset=utf-8", func(out *bytes.Buffer) error { return d.WriteCSV(out, r.URL.Query()["by"]) })
	}
}

// send writes an answer that was made as a whole.
func (s *Server) send(w http.ResponseWriter, mediaType string, write func(*bytes.Buffer) error) {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	_, err := w.Write(out.Bytes())
	s.told(err)
}

// statuses are the choices of the list.
var statuses = []page.Choice{
	{Value: "", Label: "any"}, {Value: sqlite.StatusOK, Label: "answered"}, {Value: sqlite.StatusError, Label: "failed"},
	{Value: sqlite.StatusWarning, Label: "warning"}, {Value: sqlite.StatusIncomplete, Label: "incomplete"},
}

// list shows a part of the requests.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	field := func(name string) string {
		value := strings.TrimSpace(query.Get(name))
		return strings.ToValidUTF8(value[:min(len(value), maxFilter)], "")
	}
	f := sqlite.Filter{User: field("user"), Session: field("session"), Model: field("model"), Status: field("status"), Text: field("q")}
	view := &page.Requests{User: f.User, Session: f.Session, Model: f.Model, Text: f.Text, Zone: s.cfg.Location, HasAuth: s.cfg.Token != ""}
	for _, c := range statuses {
		c.Chosen = c.Value == f.Status
		view.Status = append(view.Status, c)
	}
	reader, err := s.store.open(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	if reader == nil {
		view.Advice = s.advice()
	} else {
		after, moved := cursor(query.Get("before"))
		part, err := reader.List(r.Context(), f, after, pageSize)
		if err != nil {
			s.fail(w, err)
			return
		}
		for _, e := range part.Entries {
			view.Entries = append(view.Entries, page.Item{Summary: e.Summary, Question: e.Question, Answer: e.Answer, Chat: e.Chat})
		}
		kept := url.Values{}
		for name := range query {
			if value := field(name); value != "" && name != "before" {
				kept.Set(name, value)
			}
		}
		if moved {
			view.First = address(kept)
		}
		if part.More {
			start := int64(0)
			if !part.Next.Start.IsZero() {
				start = part.Next.Start.UnixNano()
			}
			kept.Set("before", fmt.Sprintf("%d_%d", start, part.Next.ID))
			view.Older = address(kept)
		}
	}
	s.send(w, "text/html; charset=utf-8", func(out *bytes.Buffer) error { return page.WriteRequests(out, view) })
}

func address(query url.Values) string {
	if len(query) == 0 {
		return "/requests"
	}
	return "/requests?" + query.Encode()
}

// cursor reads a place in the list; false: its beginning.
func cursor(text string) (sqlite.Cursor, bool) {
	start, id, found := strings.Cut(text, "_")
	ns, err := strconv.ParseInt(start, 10, 64)
	place, err2 := strconv.ParseInt(id, 10, 64)
	if !found || err != nil || err2 != nil || place <= 0 {
		return sqlite.Cursor{}, false
	}
	return sqlite.Cursor{Start: time.Unix(0, ns), ID: place}, true
}

// request shows one request.
func (s *Server) request(w http.ResponseWriter, r *http.Request) {
	reader, err := s.store.open(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	if reader == nil {
		s.missing(w)
		return
	}
	spans, err := reader.Get(r.Context(), r.PathValue("trace"), r.PathValue("span"))
	if errors.Is(err, sqlite.ErrNotFound) {
		s.missing(w)
		return
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	summary, _ := otlp.Summarize(spans, nil)
	view := &page.Request{Item: page.Item{Summary: summary}, Spans: spans, Zone: s.cfg.Location, HasAuth: s.cfg.Token != ""}
	view.Question, view.Answer = otlp.Words(spans)
	if summary.Session != "" {
		if view.Chat, err = reader.Title(r.Context(), summary.Session); err != nil {
			s.fail(w, err)
			return
		}
	}
	s.send(w, "text/html; charset=utf-8", func(out *bytes.Buffer) error { return page.WriteRequest(out, view) })
}

func (s *Server) missing(w http.ResponseWriter) {
	w.WriteHeader(http.StatusNotFound)
	s.told(page.WriteMessage(w, "Not in the store", "The store does not hold this request, or no longer: the oldest go when it is full."))
}

// spans gives one request as any other back end gets it.
func (s *Server) spans(w http.ResponseWriter, r *http.Request) {
	reader, err := s.store.open(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	if reader == nil {
		s.missing(w)
		return
	}
	spans, err := reader.Get(r.Context(), r.PathValue("trace"), r.PathValue("span"))
	if err != nil {
		s.missing(w)
		return
	}
	s.send(w, "application/json", func(out *bytes.Buffer) error {
		payload, err := otlp.PayloadOf(spans)
		if err != nil {
			return err
		}
		_, err = out.Write(otlp.AppendLine(nil, payload))
		return err
	})
}
