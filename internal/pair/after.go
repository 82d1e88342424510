package pair

import (
	"cmp"
	"slices"
	"time"

	"tailer"
)

// A request whose model answered may fail all the same: a hook that LiteLLM runs
// after the call refuses the answer, or the answer can't be sent (up to 1.106: a
// model's name that no header can hold). A callback or a payload states the
// success; the client was told the error, and the access line has its status.

// afterGap is how long after its answer, in log time, such a request's error is
// logged.
const afterGap = 5 * time.Second

// hookGap is how long after an answer a hook refuses it, if nothing else says whose error
// it is.
const hookGap = time.Second

// justAnswered returns the calls that an error can follow: those that were answered a
// moment ago, and whose access line has not been written.
func (f *flights) justAnswered(at time.Time) (all []*call) {
	for _, o := range f.open {
		c := o.call
		if o.gone || o.streamed || !o.landed.IsZero() || c == nil || c.finished || c.told != nil || !o.endedBefore(at) {
			continue
		}
		if c.succeeded() || len(c.attempts) == 0 && (o.answer.begun || o.shared) { // the record of its success is still to come
			all = append(all, c)
		}
	}
	return all
}

// endedBefore reports whether the request was answered a moment before a time.
func (f *flight) endedBefore(at time.Time) bool {
	return f.over && !at.Before(f.ended) && at.Sub(f.ended) <= afterGap
}

// follow looks for the call whose answer an error followed: the only one that was answered
// a moment ago. Of several none is known to have been sent.
func (t *Table) follow(e *loose) {
	after := t.flights.justAnswered(e.at)
	if len(after) == 1 {
		f := after[0].flight()
		e.after, e.alone = after[0], len(t.flights.some(1, anyFlight)) == 0 && e.at.Sub(f.ended) < hookGap && t.flights.foreigner.Before(f.at)
		f.refused = e.alone
	}
	e.doubt = len(after) > 0 && !e.alone
}

// toldAfter gives a call that succeeded the error that came after it, if its
// access line says that the client got one, or nothing else can be meant.
func (t *Table) toldAfter(c *call) {
	f := c.flight()
	if !c.succeeded() || c.told != nil || f != nil && f.streamed {
		return
	}
	i := -1
	if f != nil && (f.status >= 400 || f.status == 0) {
		i = slices.IndexFunc(t.errors, func(e *loose) bool { return e.after == c && (e.alone || f.status >= 400) })
	}
	if i < 0 && (f == nil || f.status == 0 || f.status >= 400) {
		i = t.unsent(c)
	}
	if i < 0 {
		c.unsureStatus = c.unsureStatus || slices.ContainsFunc(t.errors, func(e *loose) bool { return e.after == c || e.doubt && f != nil && f.endedBefore(e.at) })
		return
	}
	e := t.errors[i]
	c.told, e.after = e, c
	c.pos = append(c.pos, e.pos)
	t.errors = slices.Delete(t.errors, i, i+1)
}

// slimAfter returns the front of a request that is known from its user and its
// error only, if the router said that it was answered, and the error came right
// after the call.
func (t *Table) slimAfter(c *call, r *tailer.Record, fits func(*front) bool) (match *front) {
	var told *loose
	for _, e := range t.errors {
		f := e.flight
		if f == nil || f.front == nil || f.front.claimed || f.call != nil || f.told || f.answer.ok.IsZero() || f.status < 400 || !fits(f.front) {
			continue
		}
		if late := e.at.Sub(r.Call.End); late < -2*time.Second || late > afterGap {
			continue
		}
		if match != nil {
			return nil
		}
		match, told = f.front, e
	}
	if told != nil {
		told.after = c
	}
	return match
}

// unsureStatus is the reason given where the client may have been told an error after the
// answer, or another one who chose the same call id.
const unsureStatus = "status uncertain"

// refusedAnswer turns the success into what the client was told, if it was told an
// error after it.
func (c *call) refusedAnswer(x *tailer.Exchange, last *attempt) {
	f := c.flight()
	switch {
	case x.Streamed || last.Streamed && (x.Request.Body == nil || x.Request.Rebuilt): // 1.61 calls other answers streams, too
		return
	case f != nil && f.status >= 400:
		x.Status = f.status
	case c.told != nil && c.told.kind == tailer.KindFailure && c.told.callID == c.id && !c.told.at.Before(last.End.Truncate(time.Second)):
		x.Status = c.told.failure.Status
	case c.told != nil && c.told.after == c:
		x.Status = cmp.Or(c.told.failure.Status, 500) // of what it has no status for (all versions)
	case c.unsureStatus && (f == nil || f.status == 0):
		x.Status, x.Incomplete = 0, append(x.Incomplete, unsureStatus)
		return
	default:
		return
	}
	x.Level = tailer.LevelError
	if c.told != nil {
		x.ErrorClass, x.StatusMessage = c.told.failure.Class, worded(c.told.failure)
	}
}
