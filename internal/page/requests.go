package page

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"tailer"
	"tailer/ship/otlp"
)

// Requests is a part of the list of requests.
type Requests struct {
	Entries []Item
	User    string // what is filtered by, as it was asked for
	Session string
	Model   string
	Text    string
	Status  []Choice
	First   string // address of the newest part; "" when this is it
	Older   string // address of the next part; "" when there is none
	Advice  string // what to do when the store is not there
	HasAuth bool
	Zone    *time.Location
}

// Item is one request in the list.
type Item struct {
	otlp.Summary
	Question string
	Answer   string
	Chat     string
}

// requestsView is what the template of the list gets.
type requestsView struct {
	*Requests
	Styles  []asset
	Scripts []asset
	Page    string
}

// WriteRequests writes the list.
func WriteRequests(w io.Writer, r *Requests) error {
	return write(w, "requests.html", requestsView{r, assets().own(), assets().theme, "requests"})
}

// Filtered tells whether a filter is set.
func (r *Requests) Filtered() bool {
	for _, c := range r.Status {
		if c.Chosen && c.Value != "" {
			return true
		}
	}
	return r.User+r.Session+r.Model+r.Text != ""
}

// At is when the request began, in the zone of the page.
func (r *Requests) At(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(r.Zone).Format("2 Jan 15:04:05")
}

// Address is where the request can be looked at.
func (i *Item) Address() string { return "/requests/" + i.TraceID + "/" + i.SpanID }

// With is the address of the list with one filter.
func (i *Item) With(name, value string) string {
	return "/requests?" + url.Values{name: {value}}.Encode()
}

// Took is how long it took, in seconds.
func (i *Item) Took() float64 { return i.End.Sub(i.Start).Seconds() }

// State is the class and the words of how the request ended.
func (i *Item) State() State { return state(&i.Summary) }

// State is how a request ended: Class is ok, bad, warn or open.
type State struct{ Class, Words string }

func state(s *otlp.Summary) State {
	switch {
	case s.Level == tailer.LevelError && s.Status != 0:
		return State{"bad", fmt.Sprintf("%d", s.Status)}
	case s.Level == tailer.LevelError:
		return State{"bad", "error"}
	case s.StatusMessage == "client disconnected":
		return State{"warn", "hung up"}
	case s.Level == tailer.LevelWarning:
		return State{"warn", "warning"}
	case s.Level == "":
		return State{"open", "unknown"}
	case s.Status != 0:
		return State{"ok", fmt.Sprintf("%d", s.Status)}
	}
	return State{"ok", "ok"}
}

// Pending tells whether something of the request is missing.
func (i *Item) Pending() bool { return i.Incomplete != "" }

func write(w io.Writer, name string, view any) error {
	if err := parsed().ExecuteTemplate(w, name, view); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// message is a page of a few words.
type message struct {
	Title, Text string
	Login       bool
	Failed      bool
	Styles      []asset
	Scripts     []asset
}

// WriteMessage writes a page that says why there is none.
func WriteMessage(w io.Writer, title, text string) error {
	return write(w, "message.html", message{Title: title, Text: text, Styles: assets().own(), Scripts: assets().theme})
}

// WriteLogin writes a page that asks for the token; failed: the last one was wrong.
func WriteLogin(w io.Writer, failed bool) error {
	return write(w, "message.html", message{Title: "Sign in", Login: true, Failed: failed, Styles: assets().own(), Scripts: assets().theme})
}
