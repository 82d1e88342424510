package pair

import (
	"slices"

	"tailer"
)

// aside holds, by their call id, the requests under way that another one with the same
// id has displaced, for clients may choose it: until a record states their headers.
type aside map[string][]*call

// turnTo lets a record's call id stand for the request whose headers it states. Another
// one makes way.
func (t *Table) turnTo(r *tailer.Record) {
	id, c := r.CallID, t.calls[r.CallID]
	if id == "" || r.Request.Headers == nil || c != nil && !c.isOther(&r.Request) {
		return
	}
	own := slices.DeleteFunc(slices.Clone(t.aside[id]), func(o *call) bool { return o.request.Headers == nil || o.isOther(&r.Request) })
	switch {
	case c == nil:
	case len(c.attempts) > 0 && c.ended():
		c.displaced = true
		t.finish(c)
	default:
		c.displaced = true
		t.aside[id] = append(t.aside[id], c)
		delete(t.calls, id)
	}
	if len(own) == 1 {
		t.aside.forget(own[0])
		t.calls[id] = own[0]
	}
}

// hungUp takes the note that a client has hung up, which does not say which of several
// that bear the id.
func (t *Table) hungUp(r *tailer.Record) {
	c := t.calls[r.CallID]
	if c == nil || len(t.aside[r.CallID]) > 0 {
		return
	}
	c.disconnected = true
	t.touch(c, r)
	if f := c.flight(); f != nil {
		f.end(r.Time)
	}
}

// bearer returns the request that an error which states its call id is about: of several
// that bear the id the only one that failed in these words.
func (t *Table) bearer(e *loose, id string) (one *call) {
	c, others := t.calls[id], t.aside[id]
	if len(others) == 0 {
		if c != nil && c.succeeded() && c.choseID() && !t.slim.full {
			c.unsureStatus = true // of one that failed nothing else is logged
			return nil
		}
		return c
	}
	for _, o := range append(others[:len(others):len(others)], c) {
		if o == nil || !o.failed() || o.told != nil || !e.fits(o) {
			continue
		}
		if one != nil {
			return nil
		}
		one = o
	}
	return one
}

// choseID reports whether the client chose the request's call id.
func (c *call) choseID() bool {
	return slices.Contains(c.request.Headers, tailer.Header{Name: "x-litellm-call-id", Value: c.id})
}

// claims reports whether an error may be a failed call's, by its id or its words.
func (t *Table) claims(c *call, e *loose) bool {
	if e.callID == c.id && c.id != "" && !c.displaced && len(t.aside[c.id]) == 0 {
		return true
	}
	return (e.callID == "" || e.callID == c.id) && e.fits(c)
}

// forget takes a request out.
func (a aside) forget(c *call) {
	if !c.displaced {
		return
	}
	for _, id := range c.ids {
		if a[id] = slices.DeleteFunc(a[id], func(o *call) bool { return o == c }); len(a[id]) == 0 {
			delete(a, id)
		}
	}
}
