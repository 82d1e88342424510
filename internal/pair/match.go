package pair

import (
	"cmp"
	"slices"
	"time"

	"tailer"
)

// call returns the open call that a record belongs to, making one if there is
// none: by call id, and up to 1.80 by trace id.
func (t *Table) call(r *tailer.Record) *call {
	c := t.find(r)
	if c == nil {
		c = t.adopt(r)
	}
	if c == nil {
		c = t.retried(r)
	}
	if c == nil {
		c = &call{id: r.CallID, trace: r.TraceID, suspect: r.Suspect}
		t.waiting.push(c, r.Time)
		t.open++
	}
	c.suspect = c.suspect && r.Suspect
	if c.id == "" {
		c.id = r.CallID
	}
	if c.trace == "" {
		c.trace = r.TraceID
	}
	if id := r.CallID; id != "" && t.calls[id] != c {
		t.calls[id], c.ids = c, append(c.ids, id)
	}
	if c.trace != "" && !r.Call.SinceCall {
		t.byTrace[c.trace] = c
	}
	t.touch(c, r)
	return c
}

// touch notes a record of a call, and what it takes until the call is finished.
func (t *Table) touch(c *call, r *tailer.Record) {
	before := c.bytes
	if c.touch(r); !c.finished {
		t.bytes += c.bytes - before
	}
}

func (t *Table) find(r *tailer.Record) *call {
	if r.CallID != "" {
		if c := t.calls[r.CallID]; c != nil {
			return c
		}
	}
	if r.TraceID == "" || r.Call.SinceCall {
		return nil
	}
	if c := t.byTrace[r.TraceID]; c != nil && (c.id == "" || r.CallID == "" || c.isTriedAgain(r)) && !c.isOther(&r.Request) {
		if c.suspect && !r.Suspect && r.Kind == tailer.KindPayload && r.CallID == "" {
			return cmp.Or(t.stating(r), c) // it was stated before, where it might have been somebody's text
		}
		return c
	}
	if r.Kind == tailer.KindPayload && r.CallID == "" {
		if c := t.answers.find(r); c != nil {
			return c
		}
		if c := t.restated(r); c != nil {
			return c
		}
		return t.stating(r)
	}
	return nil
}

// isTriedAgain reports whether a record with another call id, but the same trace
// id, states a further attempt of a request that failed: up to 1.72 images are
// given a call id for each, up to 1.80 /v1/messages that are translated for another
// provider. A trace id that the client chose says nothing.
func (c *call) isTriedAgain(r *tailer.Record) bool {
	q := &r.Request
	return c.failed() && c.told == nil && r.Call.Start.After(c.final().Start) &&
		len(q.Headers) > 0 && len(c.request.Headers) > 0 && sameBody(c.request.Body, q.Body) &&
		!slices.ContainsFunc(q.Headers, func(h tailer.Header) bool { return h.Value == r.TraceID })
}

// restated returns the call whose answer a payload without a call id states
// again: 1.72 logs a stream of /v1/responses twice.
func (t *Table) restated(r *tailer.Record) *call {
	if r.Call.ResponseID == "" || r.Call.CallType != "aresponses" {
		return nil
	}
	for c := range t.waiting.all() {
		if !includes(c.request.Headers, r.Request.Headers) {
			continue
		}
		for i := range c.attempts {
			a := &c.attempts[i]
			if a.ResponseID == r.Call.ResponseID && a.End.Sub(r.Call.End).Abs() < time.Second {
				return c
			}
		}
	}
	return nil
}

// stating returns the only call without an end that a payload without a call id can
// state: its headers include the payload's, or it asks the same where that has none;
// nil when there is none or several.
func (t *Table) stating(r *tailer.Record) (one *call) {
	states := func(c *call) bool { return includes(c.request.Headers, r.Request.Headers) }
	if len(r.Request.Headers) == 0 {
		states = func(c *call) bool { return c.isStatedBy(r) && !t.asksAlike(c) }
	}
	for c := range t.waiting.all() {
		if len(c.attempts) > 0 || len(c.tries) == 0 || callType(c.request.Route, "") != r.Call.CallType || !states(c) {
			continue
		}
		if one != nil {
			return nil
		}
		one = c
	}
	return one
}

// includes reports whether headers contain all the others.
func includes(headers, others []tailer.Header) bool {
	return !slices.ContainsFunc(others, func(h tailer.Header) bool { return !slices.Contains(headers, h) })
}

// includesOpen is includes without credentials, which LiteLLM masks or leaves out, in
// each record in another way.
func includesOpen(headers, others []tailer.Header) bool {
	return !slices.ContainsFunc(others, func(h tailer.Header) bool { return !slices.Contains(headers, h) && !isCredential(h.Name) })
}

// isOther reports whether a request has other headers than the call's, though it
// has its id, which clients may choose, or its trace id, in whose place a session's
// may stand (1.84 to 1.98).
func (c *call) isOther(r *tailer.Request) bool {
	a, b := c.request.Headers, r.Headers
	return a != nil && b != nil && !includesOpen(a, b) && !includesOpen(b, a)
}

// adopt returns the call without an id that states the same headers and the same
// body as a record: up to 1.80 only chats are logged with their id from the
// start.
func (t *Table) adopt(r *tailer.Record) *call {
	if len(r.Request.Headers) == 0 {
		return nil
	}
	key := t.fronts.keyOf(r.Request.Headers)
	c := t.anon[key]
	if c == nil || c.finished || c.id != "" || !sameBody(c.request.Body, r.Request.Body) {
		return nil
	}
	if r.CallID != "" {
		delete(t.anon, key)
	}
	return c
}

// absorb joins a call without an id to the one it turned out to be.
func (t *Table) absorb(c, other *call) {
	c.tries, c.function, c.front = other.tries, other.function, other.front
	if c.front != nil {
		c.front.flight.call = c
	}
	c.pos = append(c.pos, other.pos...)
	c.bytes += other.bytes
	if other.first.Before(c.first) {
		c.first, c.coarse = other.first, other.coarse
	}
	c.state(&tailer.Record{Request: other.request, Key: other.key})
	c.suspect = c.suspect && other.suspect
	other.finished = true
	t.open--
}
