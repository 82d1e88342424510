package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// noKey is what LiteLLM says of a request without any key: it has not looked at
// the headers then (1.108 and later).
const noKey = "No api key passed in"

// unchecks are the words of refusals that come before the key is looked for
// (proxy/auth/auth_utils.py, pre_db_read_auth_checks; 1.61 to 1.109).
var unchecks = []string{noKey, "Access forbidden: ", "Request size is too large", "Rejected Request: "}

// lateBadBody begins the second note of a bad body in the versions that check the
// key all the same, after it (1.98 and later, and 1.90, which does not).
const lateBadBody = "Invalid JSON payload: "

// refuse takes an error that refuses a request.
func (u *unchecked) refuse(e *loose) {
	if len(u.told) < maxCallers {
		u.told = append(u.told, e)
	}
	e.stray = slices.ContainsFunc(unchecks, func(words string) bool { return strings.Contains(e.failure.Message, words) })
	if len(u.refusals) < maxCallers {
		e.waits = true
		u.refusals = append(u.refusals, e)
	}
}

// stated notes a request of which a record states that it was refused.
func (u *unchecked) stated(c *call, r *tailer.Record) {
	if !c.refused.IsZero() {
		return
	}
	if c.refused = r.Call.Start; c.refused.IsZero() {
		c.refused = r.Time
	}
	if len(u.calls) < maxCallers {
		u.calls = append(u.calls, c)
	}
}

// link finds what refused each of the requests up to a time: the only error that
// can have been logged right before LiteLLM began to state the request. Its words
// have to be the same, but do not tell, for those of many are.
func (u *unchecked) link(until time.Time) {
	slices.SortStableFunc(u.calls, func(a, b *call) int { return a.refused.Compare(b.refused) })
	done, first := 0, 0
	for _, c := range u.calls {
		if c.refused.After(until) {
			break
		}
		done++
		for first < len(u.told) && c.refused.Sub(u.told[first].at) > statedGap+time.Second {
			first++
		}
		var only *loose
		n := 0
		for _, e := range u.told[first:] {
			gap := c.refused.Sub(e.at)
			if gap < 0 {
				break
			}
			if e.own == nil && c.failedWith(e) && (gap <= statedGap || e.coarse && gap <= statedGap+time.Second) {
				only, n = e, n+1
			}
		}
		if n == 1 {
			c.refusal, only.own = only, c
		}
	}
	clear(u.calls[:done])
	u.calls = slices.Delete(u.calls, 0, done)
	u.told = slices.DeleteFunc(u.told, func(e *loose) bool { return until.Sub(e.at) > statedGap+time.Second })
}

// failedWith reports whether a refused request can have failed with an error.
func (c *call) failedWith(e *loose) bool {
	a := c.final()
	if e.kind == tailer.KindBadBody && (a == nil || !strings.HasPrefix(e.failure.Message, lateBadBody)) {
		return false // no version states it then
	}
	return a == nil || a.Failure.Message == e.failure.Message
}

// hasContent reports whether the request is known to have had a body.
func (c *call) hasContent() bool {
	return slices.ContainsFunc(contentNames, func(name string) bool { return c.request.Body.Get(name) != nil })
}

// isUnsure reports whether the log has headers that may be the refused request's.
func (c *call) isUnsure() bool {
	return c.told != nil && c.told.unsure || c.refusal != nil && c.refusal.unsure
}

// resolve looks for the callers of the refusals up to a time.
func (t *Table) resolve(until time.Time) {
	waiting := t.unchecked.refusals
	if len(waiting) == 0 || waiting[0].at.After(until) {
		return
	}
	due := slices.Clone(waiting)
	t.unchecked.resolve(until)
	for _, e := range due {
		if e.caller != nil && e.own != nil && !e.own.finished {
			e.own.bytes += e.caller.size
			t.bytes += e.caller.size
		}
	}
}

// refuse notes an error that refuses a request.
func (t *Table) refuse(e *loose, r *tailer.Record) {
	e.stream, e.writer, e.order, e.suspect = r.Stream, r.Writer, t.counts.Records, r.Suspect
	t.unchecked.refuse(e)
}

// lend gives a refused request the headers of its caller, if they are known and no
// other record states any.
func (t *Table) lend(c *call) {
	if c.told != nil && c.told.kind == tailer.KindRefused {
		t.resolve(latest(c.told.at, c.refused))
	}
	e := c.refusal
	if e == nil && c.refused.IsZero() && c.told != nil && c.told.own == nil {
		e = c.told // nothing else states the request
	}
	if e == nil || e.caller == nil || c.request.Headers != nil {
		return
	}
	c.request.Headers = e.caller.headers
	c.pos = append(c.pos[:len(c.pos):len(c.pos)], e.caller.pos)
	if c.first.IsZero() || e.caller.at.Before(c.first) {
		c.first, c.coarse = e.caller.at, e.caller.coarse
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// unsureHeaders is the reason given where a refused request's headers are in the
// log and may be another's.
const unsureHeaders = "headers ambiguous"
