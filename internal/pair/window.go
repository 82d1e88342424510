package pair

import (
	"encoding/json"

	"tailer"
)

// land takes an access line.
func (t *Table) land(r *tailer.Record) {
	f := t.flights.land(r)
	if f == nil {
		return
	}
	f.route, f.method, f.access = r.Request.Route, r.Request.Method, r
	if f.call != nil {
		f.call.touch(r)
		t.settle(f.call)
	}
}

// addAnswer takes a record about an answer that does not say whose: it is the
// one request's that is in flight, or nobody's.
func (t *Table) addAnswer(r *tailer.Record) {
	f := t.flights.only()
	if f == nil {
		return
	}
	f.touch(r.Time)
	if f.shared || f.call == nil {
		return
	}
	a := &f.answer
	switch r.Kind {
	case tailer.KindAttempt:
		a.ok = r.Call.Outcome == tailer.OutcomeSuccess
	case tailer.KindRawAnswer:
		a.raw = r.Call.Response
	case tailer.KindAnswer:
		a.begun = true
		if r.Call.Response != nil {
			a.response = r.Call.Response
		}
	case tailer.KindPiece, tailer.KindChunk:
		if a.first.IsZero() {
			a.first, a.coarse = r.Time, r.Coarse
		}
		a.pieces.add(r.Call.Response, r.Kind)
	case tailer.KindCost:
		if *r.Call.CostTotal > 0 {
			a.cost = r.Call.CostTotal
		}
	case tailer.KindLogged:
		if f.streamed == (a.pieces.n > 0) && a.begun {
			f.end(r.Time)
		}
	}
}

// bindFlight ties a call to the request it is: of those that no call has claimed
// the only one that can state the same.
func (t *Table) bindFlight(c *call, r *tailer.Record) {
	if c.front != nil {
		return
	}
	var match *front
	for _, f := range t.fronts.queue {
		if f.claimed || f.awaiting || f.flight.call != nil || f.flight.over || !f.fits(r.Hint) {
			continue
		}
		if match != nil {
			return
		}
		match = f
	}
	if match == nil {
		return
	}
	match.claimed = true
	c.front, match.flight.call = match, c
	c.state(&tailer.Record{Request: match.request})
	c.pos = append(c.pos, match.pos...)
}

// fits reports whether what a record states of content, user and session as
// LiteLLM passed them on can come of this front.
func (f *front) fits(hint tailer.Fields) bool {
	for _, name := range []string{"messages", "prompt", "input", "query"} {
		if v, own := hint.Get(name), f.request.Body.Get(name); v != nil && own != nil && len(v) > 0 && v[0] == '[' && !sameJSON(v, own) {
			return false
		}
	}
	for _, name := range []string{"user", "litellm_session_id"} {
		var text string
		if v := hint.Get(name); v != nil && json.Unmarshal(v, &text) == nil && text != "" && !f.states(text) {
			return false
		}
	}
	return true
}

// states reports whether a header or a member of the body has this value.
func (f *front) states(text string) bool {
	for _, h := range f.request.Headers {
		if h.Value == text {
			return true
		}
	}
	for _, member := range f.request.Body {
		var own string
		if json.Unmarshal(member.Value, &own) == nil && own == text {
			return true
		}
	}
	return false
}
