package pair

import (
	"slices"
	"time"

	"tailer"
)

// nameless are requests of which no record states a call id: LiteLLM 1.73 to 1.80
// with LITELLM_LOG=DEBUG, which leaves out what its core logs, tells of a chat
// only what it received and, without saying whose they are, answers.
type nameless struct {
	named typeSet   // of which call types this log has records of calls
	over  []*flight // requests that are over, until their records have all come
}

// know notes that the log has records of calls of this type: a request without
// one is then no call.
func (n *nameless) know(callType string) { n.named |= typesOf(functionType(callType)) }

// expireNameless hands out the requests that have been over for some time and
// that no call has claimed.
func (t *Table) expireNameless(now time.Time) {
	over := t.flights.nameless.over
	for len(over) > 0 && now.Sub(over[0].ended) >= t.cfg.Settle {
		t.handNameless(over[0])
		over[0], over = nil, over[1:]
	}
	t.flights.nameless.over = over
}

// handNameless hands out a request that no call can claim any more, if the log
// names none of its kind. It reports whether it did.
func (t *Table) handNameless(f *flight) bool {
	front := f.front
	if front == nil || front.slim || front.suspect || front.claimed || f.call != nil || f.told || front.request.Headers == nil {
		return false
	}
	if types := f.callTypes() & succeeding; types&t.flights.nameless.named != 0 || types&^typesOf("acompletion", "atext_completion") != 0 {
		return false
	}
	c := &call{front: front, request: front.request, first: front.at, coarse: front.coarse, last: f.last, pos: front.pos}
	if i := slices.IndexFunc(front.request.Headers, func(h tailer.Header) bool { return h.Name == "x-litellm-call-id" }); i >= 0 {
		c.id = front.request.Headers[i].Value // which LiteLLM takes over
	}
	if ok := f.answer.ok; !f.unsure && !ok.IsZero() {
		c.tries = slices.Concat(f.failures, []try{{at: ok, model: f.answer.model}})
		if !c.sameModel() {
			c.tries[len(c.tries)-1].model = "" // a fallback: a stream's client is told otherwise
		}
	}
	for i, e := range t.errors {
		if e.flight == f {
			c.told, c.pos = e, append(c.pos[:len(c.pos):len(c.pos)], e.pos)
			t.errors = slices.Delete(t.errors, i, i+1)
			break
		}
	}
	front.claimed, f.call = true, c
	c.finished = true
	t.hand(c)
	return true
}

// abandon counts a front that no call has claimed, unless it is a request.
func (t *Table) abandon(f *front) {
	if !t.handNameless(f.flight) {
		t.counts.Unclaimed++
	}
}

// tried takes the router's word on one attempt where nothing else tells of it.
func (t *Table) tried(r *tailer.Record) {
	if !t.slim.full || t.flights.nameless.named&typesOf("acompletion") == 0 {
		t.flights.tried(r)
	}
}
