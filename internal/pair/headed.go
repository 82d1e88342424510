package pair

import (
	"time"

	"tailer"
)

// addStated takes a record that states the headers of a call which has begun: from 1.99 on
// those that begin it do not, and of requests that ask the same at once nothing else tells
// which is which.
func (t *Table) addStated(r *tailer.Record) {
	t.turnTo(r)
	c := t.calls[r.CallID]
	if c == nil || c.front != nil || len(c.tries) == 0 || r.Request.Headers == nil {
		return
	}
	t.touch(c, r)
	c.state(r)
	if t.claimFront(c, r); c.front == nil {
		t.claimMasked(c, r)
	}
	t.awaited.began(c)
}

// maskedGap is how long after a request was received its call may begin whose content a
// guardrail has changed.
const maskedGap = time.Minute

// claimMasked gives a call the only request that states its headers, though its content is
// another: a guardrail has masked some of it. The input stays what was passed on.
func (t *Table) claimMasked(c *call, r *tailer.Record) {
	var one *front
	for _, f := range t.fronts.byKey[t.fronts.keyOf(r.Request.Headers)] {
		if !f.claimed && f.flight.call == nil && !f.flight.over && !f.at.After(r.Time) && r.Time.Sub(f.at) < maskedGap {
			if one != nil {
				return
			}
			one = f
		}
	}
	if one == nil || !one.asksLike(c.request.Body) {
		return
	}
	t.join(c, one)
}

// asksLike reports whether a body names the front's model, and has content of the same
// name.
func (f *front) asksLike(body tailer.Fields) bool {
	own := f.request.Body
	if own == nil || body == nil || !hasContent(own) || own.Text("model") != body.Text("model") {
		return false
	}
	for _, name := range contentNames {
		if (own.Get(name) == nil) != (body.Get(name) == nil) {
			return false
		}
	}
	return true
}
