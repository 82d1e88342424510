package pair

import (
	"slices"
	"time"

	"tailer"
)

// At INFO LiteLLM logs of a request only whose it is (`found user …`), that it is
// handed to the router, how its attempts ended, the error that the client was
// told, and the access line (1.84 and later). None of these says whose it is but
// the first. So they count for a request only while nothing else is in flight
// that they could be about; a request that names no user is in flight as well,
// from when it is handed to the router.
//
// Their lines are not held, as most belong to no request that is handed out, nor are
// they among those that a request is made of: it would count as resolved by the run
// before if that was killed between them and the first line that is held.

// slim follows the requests of a log that has no bodies and no headers.
type slim struct {
	full    bool // the log has bodies or headers: no need for any of this
	routing bool // the log tells when a request is handed to the router
	calls   []*call
}

// foundUser takes the user of a request: its first record in such a log.
func (t *Table) foundUser(r *tailer.Record) {
	if t.slim.full {
		return
	}
	f := &front{at: r.Time, coarse: r.Coarse, stream: r.Stream, request: r.Request, raw: [][]byte{r.Raw}, slim: true}
	alone := len(t.flights.some(1, anyFlight)) == 0
	if a := t.fronts.arrivals; alone && len(a) == 1 && a[0].load && r.Time.Sub(a[0].at) < arrivalGap {
		f.loadAt = a[0].at
	}
	t.fronts.arrivals = t.fronts.arrivals[:0]
	f.flight = t.flights.start(r.Kind, r.Time, false)
	f.flight.front = f
}

// routed takes the note that a request is handed to the router. If no known one
// can be meant, there is one that named no user.
func (t *Table) routed(r *tailer.Record) {
	if t.slim.full {
		return
	}
	t.slim.routing = true
	for _, f := range t.flights.live {
		if f.front != nil && f.front.slim && !f.routed && !f.over && !f.gone {
			f.routed, f.passage = true, t.outcomes.passages.begin(r)
			return
		}
	}
	f := t.flights.start(r.Kind, r.Time, false)
	f.routed, f.passage = true, t.outcomes.passages.begin(r)
}

// isFull notes that the log has bodies or headers after all.
func (t *Table) isFull() {
	if t.slim.full {
		return
	}
	t.slim.full = true
	kept := t.flights.open[:0]
	for _, f := range t.flights.open {
		if f.kind != tailer.KindFoundUser && f.kind != tailer.KindRouted {
			kept = append(kept, f)
		} else {
			t.flights.drop(f)
		}
	}
	t.flights.open = kept
}

// tried takes the router's word on one attempt: of the only request in flight.
func (f *flights) tried(r *tailer.Record) {
	waiting := f.unanswered(func(one *flight) bool { return one.answer.ok.IsZero() })
	if r.Call.Outcome != tailer.OutcomeFailure && len(waiting) == 1 {
		return
	}
	if len(waiting) > 1 {
		for _, one := range waiting {
			one.unsure, one.failures = true, nil
		}
		return
	}
	for _, one := range waiting {
		if len(one.failures) < maxFailures && !one.unsure {
			one.failures = append(one.failures, try{at: r.Time, coarse: r.Coarse, model: r.Call.Model})
		}
	}
}

// maxFailures bounds the failed attempts that are remembered of one request.
const maxFailures = 100

// landSlim makes a request of one whose access line has just come.
func (t *Table) landSlim(f *flight, r *tailer.Record) {
	if f.front == nil || !f.front.slim || f.front.claimed || f.call != nil || f.unsure || !t.slim.routing {
		return
	}
	for _, e := range t.errors {
		if e.flight == f {
			return // it is handed out with its error
		}
	}
	c := &call{front: f.front, request: f.front.request, first: f.front.at, coarse: f.front.coarse, slim: true}
	f.front.claimed, f.call = true, c
	if f.answer.ok.IsZero() {
		f.failures = nil
	}
	if !f.answer.ok.IsZero() {
		c.tries = slices.Concat(f.failures, []try{{at: f.answer.ok, model: f.answer.model}})
	}
	if len(c.tries) > 0 && !c.sameModel() {
		c.tries[len(c.tries)-1].model = "" // a fallback: before 1.98 a stream's client is told otherwise
	}
	t.touch(c, r)
	t.open++
	t.waiting.push(c, r.Time)
	t.slim.calls = append(t.slim.calls, c)
	t.settle(c)
}

// slimGap is how far, in log time, the user of a request and the beginning that
// its payload states may lie apart.
const slimGap = 2 * time.Second

// claimSlim gives a call that a payload states what such a log tells of it, if
// only one request of that user began at that time.
func (t *Table) claimSlim(c *call, r *tailer.Record) {
	if t.slim.full || c.front != nil || r.Call.Start.IsZero() {
		return
	}
	var match *front
	fits := func(f *front) bool {
		limit := slimGap
		if f.coarse {
			limit += time.Second
		}
		return f.slim && r.Call.Start.Sub(f.at).Abs() < limit && includes(c.request.Headers, []tailer.Header{{Name: f.request.FoundHeader, Value: f.request.FoundUser}})
	}
	live := t.slim.calls[:0]
	for _, one := range t.slim.calls {
		if one.finished {
			continue
		}
		live = append(live, one)
		if fits(one.front) {
			if match != nil {
				return
			}
			match = one.front
		}
	}
	t.slim.calls = live
	for _, f := range t.flights.open {
		if f.front != nil && f.front != match && !f.front.claimed && fits(f.front) {
			if match != nil {
				return
			}
			match = f.front
		}
	}
	if match == nil {
		match = t.slimAfter(c, r, fits)
	}
	if match == nil || routeType(c.request.Route) != "" && match.flight.route != "" && match.flight.route != c.request.Route {
		return
	}
	if other := match.flight.call; other != nil {
		other.finished = true
		t.open--
		t.bytes -= other.bytes
	}
	match.claimed = true
	c.front, match.flight.call = match, c
	if !match.loadAt.IsZero() && callType(c.request.Route, r.Call.CallType) == "anthropic_messages" {
		match.at = match.loadAt // the feature that /v1/messages needs
	}
}

// covered reports whether a request that is known from its user and its access
// line only is not handed out: one that was answered, for its answer is in no
// record, or in a payload; and a failure that says too little.
func (t *Table) covered(c *call) bool {
	return c.slim && (c.flight().status < 400 || !t.tellsFailure(c.front))
}

// tellsFailure reports whether a failure without a call id is handed out where no
// more is known of its request than its user. LiteLLM dumps failures of its own
// in some logs. In a JSON log without payloads the request's beginning, which is
// its first record, would be given to the ms though it may be late by a second.
func (t *Table) tellsFailure(f *front) bool {
	return !f.slim || t.slim.routing && !t.dumps && (t.logging || f.coarse)
}
