package pair

import (
	"encoding/json"
	"slices"
	"time"

	"tailer"
)

// land takes an access line.
func (t *Table) land(r *tailer.Record) {
	f := t.flights.land(r)
	if f == nil || f.front == nil && !f.failed() {
		t.unchecked.stranger(r.Time)
	}
	if f == nil {
		return
	}
	f.route, f.method, f.access = r.Request.Route, r.Request.Method, r.Raw
	t.landSlim(f, r)
	if f.call != nil {
		t.touch(f.call, r)
		t.settle(f.call)
	}
}

// addAnswer takes a record about an answer that does not say whose.
func (t *Table) addAnswer(r *tailer.Record) {
	if r.Kind == tailer.KindCost {
		t.addCost(r)
		return
	}
	t.flights.lastRaw = nil
	t.flights.labelled = t.flights.labelled || r.Kind == tailer.KindChunk
	if t.flights.labelled && r.Kind == tailer.KindPiece && r.Function == "delta" {
		return // a chunk repeats it
	}
	if r.Function == "cut" {
		if one := t.flights.alone(); one != nil && one.streamed && one.answer.begun {
			one.end(r.Time)
		}
		return
	}
	if r.Kind == tailer.KindRawAnswer && t.flights.restated.has(r) {
		return
	}
	f := t.flights.owner(r)
	if f == nil && r.Kind == tailer.KindChunk {
		if last := t.flights.lastEnded; last != nil && last.answer.pieces.id == r.Call.ResponseID {
			f = last // usage comes after the last piece
		}
	}
	if f == nil {
		return
	}
	f.touch(r.Time)
	f.take(r)
	if f.call != nil && !f.call.finished {
		n := size(r)
		f.call.bytes += n
		t.bytes += n
	}
	if r.Kind == tailer.KindRawAnswer {
		t.flights.lastRaw = f
	}
	if f.over && f.streamed {
		t.flights.lastEnded = f
	}
}

// addCost takes a cost. LiteLLM works out the cost of an answer right after it
// has logged the provider's, and that of a stream right after its end.
func (t *Table) addCost(r *tailer.Record) {
	f := t.flights.lastRaw
	if last := t.flights.lastEnded; f == nil && last != nil && len(t.flights.some(1, anyFlight)) == 0 && r.Time.Sub(last.ended) < time.Second {
		f = last
	}
	others := t.flights.some(1, func(one *flight) bool { return one != f })
	if f != nil && f.answer.cost == nil && *r.Call.CostTotal > 0 && len(others) == 0 {
		f.answer.cost = r.Call.CostTotal
		return
	}
	for _, one := range t.flights.open {
		if one.answer.raw != nil && !one.answer.begun {
			one.answer.costs.add(*r.Call.CostTotal)
		}
	}
}

// costs are those that were logged between the provider's answer to a request
// and the router's: one of them is its own.
type costs struct {
	cost  float64
	mixed bool // they differ
}

func (c *costs) add(cost float64) {
	c.mixed = c.mixed || c.cost != 0 && c.cost != cost
	c.cost = cost
}

// take notes a record about the flight's answer.
func (f *flight) take(r *tailer.Record) {
	a := &f.answer
	switch r.Kind {
	case tailer.KindRawAnswer:
		a.raw, a.at = r.Call.Response, r.Time
	case tailer.KindAnswer:
		a.begun = true
		if a.cost == nil && a.costs.cost > 0 && !a.costs.mixed {
			a.cost = &a.costs.cost
		}
		if !f.streamed {
			a.response, a.at = r.Call.Response, r.Time
			f.end(r.Time)
		}
	case tailer.KindPiece, tailer.KindChunk:
		a.begun, a.at = true, r.Time
		a.labelled = a.labelled || r.Kind == tailer.KindChunk
		if a.holed {
			return
		}
		if a.first.IsZero() {
			a.first, a.coarse = r.Time, r.Coarse
		}
		a.pieces.add(r.Call.Response, r.Kind)
		if a.pieces.finish != "" {
			f.end(r.Time)
		}
	case tailer.KindLogged:
		if !f.streamed || a.pieces.n > 0 || a.holed || f.call == nil || functionType(f.call.function) != "acompletion" {
			f.end(r.Time)
		}
	}
}

// bindFlight ties a call to the request it is: of those that no call has claimed
// the only one that can state the same. One with other headers than the call states is
// another's, whose own record may be lost.
func (t *Table) bindFlight(c *call, r *tailer.Record) {
	if c.front != nil {
		return
	}
	var match *front
	known, several := false, false // that what was called serves the match; there is more than one
	for _, f := range t.fronts.queue {
		if f.claimed || f.awaiting || f.flight.call != nil || f.flight.over || !f.fits(r.Hint) || c.isOther(&f.request) {
			continue
		}
		switch serves := f.flight.callTypes()&servedBy(r.Function) != 0; {
		case serves && !known:
			match, known, several = f, true, false
		case serves == known:
			match, several = f, match != nil
		}
	}
	if match == nil || several {
		return
	}
	match.part(r.Hint)
	t.join(c, match)
	c.state(&tailer.Record{Request: match.request})
}

// addDetails takes the call id of a request that never reaches a provider: the
// only one in flight, or the one whose error was just logged, if it states the
// same content.
func (t *Table) addDetails(r *tailer.Record) {
	if r.Function == tailer.FunctionCached {
		t.addStated(r)
		return
	}
	if r.Request.Route != "" {
		t.addRefused(r)
		return
	}
	f, e := t.flights.alone(), (*loose)(nil)
	if n := len(t.errors); n > 0 && t.errors[n-1].flight != nil && r.Time.Sub(t.errors[n-1].at) < time.Second {
		e = t.errors[n-1]
		f = e.flight
	}
	if f == nil || f.call != nil || f.front == nil || f.front.claimed || t.calls[r.CallID] != nil {
		return
	}
	if messages := f.front.request.Body.Get("messages"); (messages == nil) != (r.Hint == nil) || !f.front.fits(r.Hint) {
		return
	}
	c := t.call(r)
	t.join(c, f.front)
	c.state(&tailer.Record{Request: f.front.request})
	if e != nil {
		c.told, c.pos = e, append(c.pos, e.pos)
		t.errors = t.errors[:len(t.errors)-1]
		t.settle(c)
	}
}

// refusedGap is how long after the error that refuses a key LiteLLM states the
// request that it refused, at most.
const refusedGap = time.Second

// addRefused takes a request whose key was refused: that of the only error of this
// kind which was just logged.
func (t *Table) addRefused(r *tailer.Record) {
	own := -1
	for i := len(t.errors) - 1; i >= 0 && r.Time.Sub(t.errors[i].at) < refusedGap; i-- {
		e := t.errors[i]
		if e.kind != tailer.KindRefused || e.callID != "" || e.flight == nil || e.flight.call != nil {
			continue
		}
		if own >= 0 {
			return
		}
		own = i
	}
	if own < 0 || t.calls[r.CallID] != nil {
		return
	}
	c, e := t.call(r), t.errors[own]
	c.state(r)
	c.told, e.flight.call = e, c
	c.pos = append(c.pos, e.pos)
	t.unchecked.stated(c, r)
	t.errors = slices.Delete(t.errors, own, own+1)
	t.settle(c)
}

// fits reports whether what a record states of content, user and session as
// LiteLLM passed them on can come of this front.
func (f *front) fits(hint tailer.Fields) bool {
	for _, name := range contentNames {
		if v, own := hint.Get(name), f.request.Body.Get(name); v != nil && own != nil && len(v) > 0 && (v[0] == '[' || v[0] == '"') && !sameJSON(v, own) {
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
