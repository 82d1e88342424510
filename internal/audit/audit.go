package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	// early and late are how far before and after its request's start an
	// observation may begin: LiteLLM's starts when an attempt does, and there may
	// have been others before. Text logs tell the second only.
	early = time.Minute
	late  = 15 * time.Minute
)

// Config says how to compare.
type Config struct {
	Dir     string        // folder for what does not fit in memory; "": the system's for temporary files
	MaxHeld int           // requests in memory that wait for their hour; 0: 50,000
	Now     time.Time     // when it is; zero: nothing is too recent
	Settle  time.Duration // a request that ended less than this before Now is not judged
	Folds   bool          // the server folds equal ids (Langfuse 2 and 3): the same id twice is one

	Callback bool // LiteLLM's own callback is to have written every request, too: list what it lost
}

// Source gives the observations that began from the one time on and before the
// other, in any order. It is called for times that only go forward.
type Source func(ctx context.Context, from, to time.Time, each func(*Observation) error) error

// Auditor compares one log with one project. It must not be used concurrently.
type Auditor struct {
	cfg   Config
	store *store

	fetched time.Time     // observations before this time were asked for
	tail    []Observation // those of them that the next hour needs again
}

// New returns an Auditor, which the caller must close.
func New(cfg Config) *Auditor {
	return &Auditor{cfg: cfg, store: newStore(cfg.Dir, cfg.MaxHeld)}
}

// Add takes one request of the log. Requests may come in any order.
func (a *Auditor) Add(r Request) error { return a.store.add(&r) }

// Close removes what was written to files.
func (a *Auditor) Close() error { return a.store.close() }

// Compare asks for what is there and calls hour for every hour of the log, in
// order. It returns the sums.
func (a *Auditor) Compare(ctx context.Context, observations Source, hour func(*Hour) error) (Counts, error) {
	var sums Counts
	var before []Request
	hours := a.store.hours()
	for i, number := range hours {
		if i == 0 || hours[i-1] != number-1 {
			before = nil
		}
		own, err := a.store.load(number)
		if err != nil {
			return sums, err
		}
		var after []Request
		if i+1 < len(hours) && hours[i+1] == number+1 {
			if after, err = a.store.load(number + 1); err != nil {
				return sums, err
			}
		}
		h, err := a.judge(ctx, observations, number, before, own, after)
		if err != nil {
			return sums, err
		}
		sums.add(&h.Counts)
		if err := hour(h); err != nil {
			return sums, err
		}
		before = own
		if err := a.store.forget(number); err != nil {
			return sums, err
		}
	}
	return sums, nil
}

// judge compares the requests of one hour. Those of the hours around it explain
// observations only.
func (a *Auditor) judge(ctx context.Context, observations Source, number int64, before, own, after []Request) (*Hour, error) {
	begin, end := timeOf(number), timeOf(number+1)
	x := newIndex(len(before) + len(own) + len(after))
	subjects := make([]*subject, 0, len(own))
	for _, group := range [][]Request{before, own, after} {
		for i := range group {
			s := &subject{Request: &group[i]}
			x.add(s)
			if hourOf(s.Start) == number {
				subjects = append(subjects, s)
			}
		}
	}
	h := &Hour{Start: begin}
	unexplained := func(o *Observation) {
		if !o.Start.Before(begin) && o.Start.Before(end) {
			h.Unexplained++
		}
	}
	look := func(o *Observation) error {
		if !o.Generation {
			return nil
		}
		unnamed := len(x.unnamed)
		switch s := x.find(o); {
		case s != nil:
			s.note(o, a.cfg.Folds)
		case len(x.unnamed) == unnamed:
			unexplained(o)
		}
		return nil
	}
	if err := a.fetch(ctx, observations, begin.Add(-early), end.Add(late), end.Add(-early), look); err != nil {
		return nil, fmt.Errorf("read what Langfuse has from %s: %w", begin.Format("2006-01-02T15:04Z"), err)
	}
	for _, o := range x.settle(func(s *subject, o *Observation) { s.note(o, a.cfg.Folds) }) {
		unexplained(&o)
	}
	for _, s := range subjects {
		a.count(h, s)
	}
	return h, nil
}

// fetch gives look all observations of a range. It asks for none twice: those after
// keep are remembered for the next hour.
func (a *Auditor) fetch(ctx context.Context, observations Source, from, to, keep time.Time, look func(*Observation) error) error {
	tail := a.tail
	a.tail = nil
	remember := func(o *Observation) {
		if o.Generation && !o.Start.Before(keep) {
			a.tail = append(a.tail, *o)
		}
	}
	for i := range tail {
		if tail[i].Start.Before(from) {
			continue
		}
		remember(&tail[i])
		if err := look(&tail[i]); err != nil {
			return err
		}
	}
	if a.fetched.After(from) {
		from = a.fetched
	}
	if !from.Before(to) {
		return nil
	}
	a.fetched = to
	return observations(ctx, from, to, func(o *Observation) error {
		remember(o)
		return look(o)
	})
}

// count judges one request.
func (a *Auditor) count(h *Hour, s *subject) {
	h.Requests++
	if !a.cfg.Now.IsZero() && s.End.After(a.cfg.Now.Add(-a.cfg.Settle)) {
		h.Recent++
		return
	}
	differ := func(kind Kind, user, detail string) {
		h.Differences = append(h.Differences, Difference{
			Kind: kind, ID: s.ID, TraceID: s.TraceID, SpanID: s.SpanID, Start: s.Start, LogUser: s.User, User: user, Detail: detail,
		})
	}
	n := len(s.tailer) + len(s.litellm) + s.others
	h.Traces += n
	if len(s.tailer) > 0 {
		h.ByTailer++
	}
	switch {
	case len(s.litellm) > 0:
		h.ByCallback++
	case !s.named():
		h.CallbackUnknown++
	default:
		h.CallbackLost++
		if a.cfg.Callback {
			differ(CallbackLost, "", "")
		}
	}
	if n == 0 {
		h.Missing++
		differ(Missing, "", "")
		return
	}
	h.Found++
	if n > 1 {
		h.Duplicate++
		differ(Duplicate, "", s.writers())
	}
	user, found := s.user()
	switch {
	case found == s.User:
		if found == "" {
			h.Anonymous++
		}
	case found == "":
		h.WithoutUser++
		differ(WithoutUser, "", "written by "+user.String())
	case s.User == "" && user != Tailer:
		h.Anonymous++ // LiteLLM knows its own users, whom the log need not name
	default:
		h.DifferentUser++
		differ(DifferentUser, found, "written by "+user.String())
	}
}

// user is whom Langfuse shows: as tailer wrote it, else as LiteLLM did. What
// somebody else wrote is not judged.
func (s *subject) user() (Writer, string) {
	switch {
	case len(s.tailer) > 0:
		return Tailer, worst(s.tailer, s.User)
	case len(s.litellm) > 0:
		return LiteLLM, worst(s.litellm, s.User)
	}
	return Other, s.User
}

// worst is the user that differs most from the right one: another, none, itself.
func worst(list []seen, right string) string {
	found := right
	for _, it := range list {
		if it.user != right && it.user != "" {
			return it.user
		}
		if it.user == "" {
			found = ""
		}
	}
	return found
}

// writers says who wrote a request how often.
func (s *subject) writers() string {
	var parts []string
	for _, p := range []struct {
		writer Writer
		n      int
	}{{Tailer, len(s.tailer)}, {LiteLLM, len(s.litellm)}, {Other, s.others}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", p.writer, p.n))
		}
	}
	return strings.Join(parts, ", ")
}
