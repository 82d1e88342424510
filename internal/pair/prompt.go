package pair

import (
	"time"

	"tailer"
)

// prompt hands out at once what is complete by rule, and remembers it, so that a
// record that comes late makes no second exchange. Its zero value is off.
//
// The rule: in a log that tells of requests by their payloads alone, a payload
// with a call id that states a success is all that the log will ever tell of
// that request. LiteLLM writes it last, after the access line, which nothing
// joins to it there (1.77 to 1.109 at INFO). Streams of /v1/responses are left
// out, for they are logged twice.
type prompt struct {
	on    bool
	mixed bool // the log has other records of requests too
	given map[string]given
	order []string // of given, oldest first
}

// given is a request that was handed out at once.
type given struct {
	at         time.Time // log time
	end        time.Time
	responseID string
}

// maxGiven bounds what is remembered; life is that of a silent request.
const maxGiven = 20_000

// see notes what kinds of records the log has.
func (p *prompt) see(r *tailer.Record) {
	switch r.Kind {
	case tailer.KindCall, tailer.KindArguments, tailer.KindBody, tailer.KindHeaders, tailer.KindPrepared, tailer.KindDetails:
		p.mixed = true
	}
}

// complete reports whether nothing more will be logged of a call.
func (p *prompt) complete(c *call) bool {
	if !p.on || p.mixed || c.id == "" || !c.succeeded() || c.front != nil || c.told != nil || len(c.tries) > 0 {
		return false
	}
	for i := range c.attempts {
		if a := &c.attempts[i]; !a.payload || a.Streamed && a.CallType == "aresponses" {
			return false
		}
	}
	return unsendable(c.final().ModelGroup) == "" // else an error may follow
}

// note remembers a call that is handed out at once.
func (p *prompt) note(c *call, now time.Time, life time.Duration) {
	if p.given == nil {
		p.given = map[string]given{}
	}
	last := c.final()
	p.given[c.id] = given{at: now, end: last.End, responseID: last.ResponseID}
	p.order = append(p.order, c.id)
	for len(p.order) > maxGiven || now.Sub(p.given[p.order[0]].at) > life {
		delete(p.given, p.order[0])
		p.order = p.order[1:]
	}
}

// isLate reports whether a record states once more what was handed out already.
func (p *prompt) isLate(r *tailer.Record) bool {
	g, ok := p.given[r.CallID]
	return ok && r.CallID != "" && (r.Call.ResponseID != "" && r.Call.ResponseID == g.responseID || !r.Call.Start.After(g.end))
}
