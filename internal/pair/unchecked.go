package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// If the operator names the header that bears the key, LiteLLM logs all headers of
// a request before it checks the key (general_settings.litellm_key_header_name).
// That is the only record with headers of a request that it then refuses, and it
// bears no id. A request that is accepted states the same headers once more and
// uses its record up. What is left over belongs to the refusal for which it alone
// can be meant.

// A caller is a request whose key has yet to be checked, by its headers.
type caller struct {
	at      time.Time
	coarse  bool
	headers []tailer.Header
	hash    string // of its key; "" where LiteLLM masks it
	key     uint64 // of its headers, see keyOf
	stream  tailer.Stream
	writer  string
	order   int64 // of its record
	suspect bool  // its record may be somebody's text
	pos     tailer.Position
	raw     []byte
	size    int64
	bare    bool // it has no body: no call of a model, but it may be refused too
	arrived bool // it was noted when it reached the proxy, which a bad body is not
	taken   bool
	doubted bool // a refusal lacks its own, which this may be
}

// unchecked holds the callers of which it is not known what became of them, and
// the refusals that may be theirs.
type unchecked struct {
	callers  []*caller // oldest first
	refusals []*loose  // oldest first
	strange  []time.Time
	arrivals []time.Time // of requests whose keys have yet to be looked for
	size     int64       // of the callers' headers, in bytes
	blind    time.Time   // callers were forgotten up to then, for there were too many
}

const (
	// refusalGap is how long, in log time, the check of a key may take.
	refusalGap = 5 * time.Second
	// refusalDelay is how long a refusal waits for what is read late: requests that
	// are accepted meanwhile, and the other stream of a container.
	refusalDelay = 2 * time.Second
	// badBodyGap is how long after the note of a bad body the headers come: LiteLLM
	// checks the key without giving way to others (1.98 and later).
	badBodyGap = time.Second
	// maxCallers and maxCallerBytes bound the callers, and the refusals that wait.
	maxCallers     = 4096
	maxCallerBytes = 4 << 20
	// maxCallerSize is how much one may take: nobody's headers are as large, and its
	// text stands in memory twice.
	maxCallerSize = 32 << 10
	// maxStrange bounds the access lines that are remembered, see strangers.
	maxStrange = 256
)

// add takes the headers of a request whose key has yet to be checked.
func (u *unchecked) add(r *tailer.Record, key uint64, order int64) {
	c := &caller{at: r.Time, coarse: r.Coarse, headers: r.Request.Headers, hash: r.Key.Hash, key: key, stream: r.Stream, writer: r.Writer,
		bare: !hasBody(r.Request.Headers), order: order, suspect: r.Suspect, pos: r.Pos, raw: r.Raw, size: recordOverhead + size(r)}
	if c.size > maxCallerSize {
		c.headers, c.raw, c.size, c.doubted = nil, nil, recordOverhead, true
	}
	if len(u.callers) >= maxCallers || u.size+c.size > maxCallerBytes {
		u.callers, u.size, u.blind = nil, 0, r.Time
	}
	for len(u.arrivals) > 0 && r.Time.Sub(u.arrivals[0]) > badBodyGap {
		u.arrivals = u.arrivals[1:]
	}
	if c.arrived = len(u.arrivals) > 0; c.arrived {
		u.arrivals = u.arrivals[1:]
	}
	u.callers = append(u.callers, c)
	u.size += c.size
}

// arrive notes that a request has reached the proxy. Its key is looked for at once.
func (u *unchecked) arrive(at time.Time) {
	if len(u.arrivals) >= maxStrange {
		u.arrivals = u.arrivals[:0]
	}
	u.arrivals = append(u.arrivals, at)
}

// hasBody reports whether a request bears a body.
func hasBody(headers []tailer.Header) bool {
	return slices.ContainsFunc(headers, func(h tailer.Header) bool {
		return h.Name == "content-length" && h.Value != "0" || h.Name == "transfer-encoding"
	})
}

// accept uses up the record of a request that was accepted: of several that state
// the same it does not matter which.
func (u *unchecked) accept(key uint64) {
	for i, c := range u.callers {
		if c.key == key && !c.taken {
			u.size -= c.size
			u.callers = slices.Delete(u.callers, i, i+1)
			return
		}
	}
}

// fetched notes the access line of a request without a body: one less can be
// refused. Which one does not matter, for nothing is made of them.
func (u *unchecked) fetched() {
	if i := slices.IndexFunc(u.callers, func(c *caller) bool { return c.bare && !c.taken }); i >= 0 {
		u.size -= u.callers[i].size
		u.callers = slices.Delete(u.callers, i, i+1)
	}
}

// stranger notes an access line of no request that is known: one of the callers
// may have been it, such as a call of the proxy's own API.
func (u *unchecked) stranger(at time.Time) {
	if len(u.callers) == 0 {
		return
	}
	if len(u.strange) >= maxStrange {
		u.strange = append(u.strange[:0], u.strange[maxStrange/2:]...)
	}
	u.strange = append(u.strange, at)
}

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
	early := slices.ContainsFunc(unchecks, func(words string) bool { return strings.Contains(e.failure.Message, words) })
	if !early && len(u.refusals) < maxCallers {
		e.waits = true
		u.refusals = append(u.refusals, e)
	}
}

// fits reports whether a caller can be the one that was refused.
func (u *unchecked) fits(c *caller, e *loose) bool {
	gap := e.at.Sub(c.at)
	if e.coarse || c.coarse {
		gap = gap.Truncate(time.Second)
	}
	ordered := c.stream == e.stream // by the log
	switch {
	case c.taken || c.writer != e.writer:
		return false
	case e.kind == tailer.KindBadBody:
		return !c.bare && !c.arrived && strings.HasPrefix(e.failure.Message, lateBadBody) &&
			(!ordered || c.order > e.order) && gap <= 0 && gap >= -badBodyGap
	case ordered && c.order > e.order || gap < 0 || gap > refusalGap:
		return false
	}
	if e.call == nil {
		return true
	}
	hash := e.call.key.Hash
	return !c.bare && (hash == "" || c.hash == "" || hash == c.hash)
}

// certain reports whether nothing else can have become of a caller that fits.
func (u *unchecked) certain(c *caller, e *loose) bool {
	if c.suspect || c.doubted || e.suspect || !e.at.After(u.blind.Add(refusalGap)) {
		return false
	}
	return e.kind == tailer.KindBadBody || !slices.ContainsFunc(u.strange, func(at time.Time) bool { return at.After(c.at) && at.Before(e.at) })
}

// A matching is which callers the refusals that wait are of, as far as it can be
// told. Each that finds its own leaves less choice to the others.
type matching struct {
	own map[*loose]*caller
	got map[*caller]bool
}

// match looks for refusals of a kind that one caller alone fits.
func (u *unchecked) match(m *matching, kind tailer.Kind) {
	var live []*caller // that can be of the next refusal, by time
	next := 0
	for _, e := range u.refusals {
		if e.kind != kind || m.own[e] != nil {
			continue
		}
		for next < len(u.callers) && !u.callers[next].at.After(e.at.Add(badBodyGap)) {
			if c := u.callers[next]; !m.got[c] {
				live = append(live, c)
			}
			next++
		}
		for len(live) > 0 && e.at.Sub(live[0].at) > refusalGap+time.Second {
			live = live[1:]
		}
		own, n := 0, 0
		for i, c := range live {
			if u.fits(c, e) {
				if own, n = i, n+1; n == 2 {
					break
				}
			}
		}
		if n == 1 {
			m.own[e], m.got[live[own]] = live[own], true
			live = slices.Delete(live, own, own+1)
		}
	}
}

// fitting returns the callers that fit a refusal.
func (u *unchecked) fitting(e *loose) (all []*caller) {
	from := e.at.Add(-refusalGap - time.Second)
	first, _ := slices.BinarySearchFunc(u.callers, from, func(c *caller, at time.Time) int { return c.at.Compare(at) })
	for _, c := range u.callers[first:] {
		if c.at.After(e.at.Add(badBodyGap)) {
			break
		}
		if u.fits(c, e) {
			all = append(all, c)
		}
	}
	return all
}

// resolve gives the refusals up to a time the callers that they are certainly of.
// If one is left without any that fits, either it has none or another took it: then
// neither is certain.
func (u *unchecked) resolve(until time.Time) {
	due := 0
	for due < len(u.refusals) && !u.refusals[due].at.After(until) {
		due++
	}
	if due == 0 {
		return
	}
	m := &matching{own: map[*loose]*caller{}, got: map[*caller]bool{}}
	for _, kind := range []tailer.Kind{tailer.KindBadBody, tailer.KindRefused, tailer.KindRefused} {
		u.match(m, kind)
	}
	for i, e := range u.refusals {
		if e.kind != tailer.KindRefused || m.own[e] != nil {
			continue
		}
		all := u.fitting(e)
		e.unsure = i < due && len(all) > 0
		if !slices.ContainsFunc(all, func(c *caller) bool { return !m.got[c] }) {
			for _, c := range all {
				c.doubted = true
			}
		}
	}
	for _, e := range u.refusals[:due] {
		e.waits = false
		switch one := m.own[e]; {
		case one == nil:
		case one.bare:
			one.taken = true
		case u.certain(one, e):
			e.caller, one.taken = one, true
		default:
			e.unsure = e.kind == tailer.KindRefused
		}
	}
	clear(u.refusals[:due])
	u.refusals = slices.Delete(u.refusals, 0, due)
	u.expire(until)
}

// tick resolves what has waited for long enough, some of it at a time, and forgets
// what is of no use any more.
func (u *unchecked) tick(now time.Time, resolve func(time.Time)) {
	switch {
	case len(u.refusals) > 0:
		if now.Sub(u.refusals[0].at) > refusalDelay+time.Second {
			resolve(now.Add(-refusalDelay))
		}
	case len(u.callers) > 0 && now.Sub(u.callers[0].at) > refusalGap+refusalDelay:
		u.expire(now)
	}
}

// expire forgets the callers that are used up, and those that no refusal can be
// about any more.
func (u *unchecked) expire(now time.Time) {
	from := now.Add(-refusalGap - refusalDelay)
	if len(u.refusals) > 0 && u.refusals[0].at.Before(now) {
		from = u.refusals[0].at.Add(-refusalGap)
	}
	u.callers = slices.DeleteFunc(u.callers, func(c *caller) bool {
		done := c.taken || c.at.Before(from)
		if done {
			u.size -= c.size
		}
		return done
	})
	for len(u.strange) > 0 && u.strange[0].Before(from) {
		u.strange = u.strange[1:]
	}
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
		if e.caller != nil && e.call != nil && !e.call.finished {
			e.call.bytes += e.caller.size
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
	e := c.told
	if e == nil {
		return
	}
	if e.waits {
		t.resolve(e.at)
	}
	if e.caller == nil || c.request.Headers != nil {
		return
	}
	c.request.Headers = e.caller.headers
	c.pos = append(c.pos[:len(c.pos):len(c.pos)], e.caller.pos)
	if c.first.IsZero() || e.caller.at.Before(c.first) {
		c.first, c.coarse = e.caller.at, e.caller.coarse
	}
}

// unsureHeaders is the reason given where a refused request's headers are in the
// log and may be another's.
const unsureHeaders = "headers ambiguous"
