package pair

import (
	"slices"
	"time"

	"tailer"
)

// retried returns the request that a record without a known call id tries once
// more: up to 1.80 each attempt to translate a request for another provider has a
// call id of its own (/v1/messages by a chat model). Its headers and body are
// those of a request that was received, failed and is not answered yet, and no
// other was received with the same.
func (t *Table) retried(r *tailer.Record) *call {
	q := &r.Request
	if len(q.Headers) == 0 || !hasContent(q.Body) || r.Call.SinceCall {
		return nil
	}
	key, sought := t.fronts.keyOf(q.Headers), sought{body: q.Body}
	same := func(f *front) bool {
		return f != nil && f.key == key && hasContent(f.request.Body) && sought.alsoBy(f)
	}
	for _, f := range t.fronts.byKey[key] {
		if !f.claimed && same(f) {
			return nil // it is that one's first attempt
		}
	}
	var one *call
	for _, f := range t.flights.open {
		c := f.call
		if f.gone || c == nil || c.finished || !c.failed() || c.told != nil || !same(f.front) {
			continue
		}
		if f.over && (f.status >= 400 || r.Call.Outcome != tailer.OutcomeSuccess || r.Time.Sub(f.ended) > afterGap) {
			continue // answered: only the record of its success can still come
		}
		if one != nil {
			return nil
		}
		one = c
	}
	return one
}

// hasContent reports whether a body states what was asked.
func hasContent(body tailer.Fields) bool {
	return slices.ContainsFunc(contentNames, func(name string) bool { return body.Get(name) != nil })
}

// answers tells which call an answer is of, by its id and the moment at which it
// was asked for: an answer that comes from a cache keeps its id. Payloads up to
// 1.80 bear no call id, and their trace id is a session's where there is one.
type answers map[answerKey]*call

type answerKey struct {
	id    string
	start int64 // µs since 1970
}

func keyOfAnswer(r *tailer.Record) (answerKey, bool) {
	k := answerKey{id: r.Call.ResponseID}
	if k.id == "" || r.Call.Start.IsZero() {
		return k, false
	}
	k.start = r.Call.Start.UnixMicro()
	return k, true
}

// find returns the call of which another record states the same answer; nil if
// there is none.
func (m answers) find(r *tailer.Record) *call {
	k, ok := keyOfAnswer(r)
	if c := m[k]; ok && c != nil && !c.finished && !c.isOther(&r.Request) {
		return c
	}
	return nil
}

// note remembers that a record of the call states an answer.
func (m answers) note(c *call, r *tailer.Record) {
	if k, ok := keyOfAnswer(r); ok && m[k] != c {
		m[k] = c
		c.answers = append(c.answers, k)
	}
}

// forget forgets the answers of a call that is finished.
func (m answers) forget(c *call) {
	for _, k := range c.answers {
		if m[k] == c {
			delete(m, k)
		}
	}
}

// rejoin gives a request the attempt that was first stated by a payload without
// headers, as if it was a request of its own.
func (t *Table) rejoin(r *tailer.Record) {
	other := t.calls[r.CallID]
	if r.Kind != tailer.KindCall || other == nil || other.front != nil || len(other.request.Headers) > 0 {
		return
	}
	if c := t.retried(r); c != nil && c != other {
		t.unite(c, other)
	}
}

// unite joins a call that is known by payloads to the one that states the same
// answer with its id, or that it is a further attempt of.
func (t *Table) unite(c, other *call) {
	for _, id := range other.ids {
		t.calls[id], c.ids = c, append(c.ids, id)
	}
	for i := range other.attempts {
		a := other.attempts[i]
		if !slices.ContainsFunc(c.attempts, func(b attempt) bool { return a.Outcome == b.Outcome && sameInstant(a.Start, b.Start) }) {
			c.attempts = append(c.attempts, a)
		}
	}
	slices.SortStableFunc(c.attempts, func(a, b attempt) int { return a.Start.Compare(b.Start) })
	switch f := other.front; {
	case f == nil:
	case c.front == nil:
		c.front, f.flight.call = f, c
	default:
		f.claimed, f.flight.call = false, nil // it is another's, who asked the same
	}
	if other.told != nil && c.told == nil {
		c.told = other.told
	}
	c.pos = append(c.pos, other.pos...)
	c.bytes += other.bytes
	c.first, c.coarse = sooner(c, other)
	for _, k := range other.answers {
		t.answers[k] = c
	}
	c.answers = append(c.answers, other.answers...)
	if t.byTrace[other.trace] == other {
		delete(t.byTrace, other.trace)
	}
	c.suspect = c.suspect && other.suspect
	other.finished = true
	t.open--
}

// sooner returns when the first record of two calls was written, and whether that
// is exact to a second only.
func sooner(a, b *call) (time.Time, bool) {
	if a.first.IsZero() || !b.first.IsZero() && b.first.Before(a.first) {
		return b.first, b.coarse
	}
	return a.first, a.coarse
}
