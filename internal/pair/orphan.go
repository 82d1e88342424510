package pair

import (
	"slices"
	"time"

	"tailer"
)

// looseLife is how long, in log time, an error waits for its call.
const looseLife = time.Minute

// maxLoose bounds the errors that wait.
const maxLoose = 4096

// await keeps an error for the call that it belongs to.
func (t *Table) await(e *loose) {
	t.errors = append(t.errors, e)
	if e.callID == "" && e.flight == nil {
		return // it may be anybody's
	}
	if t.ending = append(t.ending, e); len(t.ending) > maxLoose {
		t.ending = t.ending[1:]
	}
}

// expireErrors hands out the requests that are known to have ended with an error
// which no call has claimed: once late records have come, as of any request that
// has ended. Other errors wait longer, for their call may not have failed yet.
func (t *Table) expireErrors(now time.Time) {
	for len(t.ending) > 0 && now.Sub(t.ending[0].at) >= t.cfg.Settle {
		e := t.ending[0]
		t.ending = t.ending[1:]
		if i := slices.Index(t.errors, e); i >= 0 && (e.callID != "" || e.group == "" || !t.slim.full) && t.handOrphan(e) {
			t.errors = slices.Delete(t.errors, i, i+1)
		}
	}
	n := 0
	for n < len(t.errors) && (now.Sub(t.errors[n].at) > looseLife || len(t.errors)-n > maxLoose) {
		t.share(t.errors[n])
		t.orphan(t.errors[n])
		n++
	}
	t.errors = t.errors[n:]
}

// orphan is done with an error that no call has claimed.
func (t *Table) orphan(e *loose) {
	if t.handOrphan(e) {
		return
	}
	t.counts.Unmatched++
	if !e.shared && e.flight != nil && e.flight.call == nil && e.flight.front == nil && !e.flight.told && !t.dumps {
		t.counts.Unidentified++
	}
}

// handOrphan hands out a request of which nothing has a call id, or only its error:
// one that failed before it was a call. Of a refused key the log tells neither who
// asked nor what; such a request is not handed out. It reports whether it did.
func (t *Table) handOrphan(e *loose) bool {
	if t.handNamed(e) {
		return true
	}
	if e.shared || e.flight == nil || e.flight.call != nil || e.flight.told {
		return false
	}
	c := &call{told: e, function: e.route, first: e.at, last: e.at, pos: []tailer.Position{e.pos}}
	t.lend(c)
	front := e.flight.front
	switch {
	case front == nil && c.request.Headers == nil || front != nil && (front.claimed || !t.tellsFailure(front)):
		return false
	case front != nil:
		front.claimed = true
		c.front, c.request = front, front.request
		c.pos = append(c.pos, front.pos...)
	}
	e.flight.told = true
	t.hand(c)
	return true
}

// handNamed hands out a request of which only the error has a call id, in a log
// that states no more of failures (1.109 at INFO): the error tells it from others,
// whatever else is in flight. What was called says which route it is.
func (t *Table) handNamed(e *loose) bool {
	if e.callID == "" || e.shared || e.kind != tailer.KindFailure || e.route == "" || e.suspect || t.slim.full || t.dumps || t.calls[e.callID] != nil {
		return false
	}
	t.hand(&call{id: e.callID, told: e, function: e.route, first: e.at, coarse: e.coarse, last: e.at, pos: []tailer.Position{e.pos}})
	return true
}

// unidentified reports whether a refused request is known by nothing but its
// model and its route, and neither an access line nor a call id with what the client
// was told tells it from others.
func (c *call) unidentified(x *tailer.Exchange) bool {
	if x.CallID != "" && x.Status != 0 {
		return false
	}
	if f := c.flight(); f != nil && f.access != nil && x.Request.Body.Text("model") != "" {
		return false
	}
	return x.Level == tailer.LevelError && x.Request.Headers == nil && x.Model == "" && x.Key.EndUser == "" &&
		x.Request.Body.Text("user") == "" && x.Request.FoundUser == ""
}
