package pair

import (
	"slices"
	"strconv"
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
	length  int  // of its body, in bytes; 0 while unknown
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
	told     []*loose  // errors that refuse a request, to find what they refused
	calls    []*call   // requests that were refused, to find what refused them
	strange  []time.Time
	arrivals []reached // oldest first
	notes    bool      // the log notes arrivals
	size     int64     // of the callers' headers, in bytes
	blind    time.Time // callers were forgotten up to then, for there were too many
}

const (
	// refusalGap is how long, in log time, the check of a key may take.
	refusalGap = 2 * time.Second
	// refusalDelay is how long a refusal waits for what is read late: requests that
	// are accepted meanwhile, what a callback states of it, and the other stream of a
	// container.
	refusalDelay = 5 * time.Second
	// statedGap is how long after its refusal LiteLLM begins to state a request: 0.4
	// to 2.3 ms on a busy machine, for it does not give way to others.
	statedGap = 250 * time.Millisecond
	// reachedGap is how long after its arrival a request's key is looked for, or found
	// missing: at once, for LiteLLM does not give way to others.
	reachedGap = 250 * time.Millisecond
	// badBodyGap is how long after the note of a bad body the headers come: LiteLLM
	// checks the key without giving way to others (1.98 and later).
	badBodyGap = time.Second
	// maxCallers and maxCallerBytes bound the callers, and the refusals that wait.
	maxCallers     = 4096
	maxCallerBytes = 8 << 20
	// maxCallerSize is how much one may take: nobody's headers are as large, and its
	// text stands in memory twice.
	maxCallerSize = 32 << 10
	// maxStrange bounds the access lines that are remembered, see strangers.
	maxStrange = 256
	// maxArrivals bounds the arrivals that are remembered.
	maxArrivals = 16384
)

// add takes the headers of a request whose key has yet to be checked.
func (u *unchecked) add(r *tailer.Record, key uint64, order int64) {
	c := &caller{at: r.Time, coarse: r.Coarse, headers: r.Request.Headers, hash: r.Key.Hash, key: key, stream: r.Stream, writer: r.Writer,
		bare: !hasBody(r.Request.Headers), order: order, suspect: r.Suspect, pos: r.Pos, raw: r.Raw, size: recordOverhead + size(r)}
	for _, h := range r.Request.Headers {
		if h.Name == "content-length" {
			c.length, _ = strconv.Atoi(h.Value) // 0 if it is none
		}
	}
	if c.size > maxCallerSize {
		c.headers, c.raw, c.size, c.doubted = nil, nil, recordOverhead, true
	}
	if len(u.callers) >= maxCallers || u.size+c.size > maxCallerBytes {
		u.callers, u.size, u.blind = nil, 0, r.Time
	}
	c.arrived = u.depart(r, order)
	u.callers = append(u.callers, c)
	u.size += c.size
}

// A reached is a request that has reached the proxy (1.77 and later). Its key is
// looked for next. From 1.108 on it may have none where it is looked for, and be
// refused for that: such a refusal has no caller.
type reached struct {
	at     time.Time
	coarse bool
	stream tailer.Stream
	writer string
	order  int64
	left   int64     // order of the record that its next step wrote; 0 while there is none
	until  time.Time // when that was written
}

// arrive notes that a request has reached the proxy.
func (u *unchecked) arrive(r *tailer.Record, order int64) {
	if r.Function == "load" {
		return // its arrival follows
	}
	u.notes = true
	if len(u.arrivals) >= maxArrivals {
		u.arrivals, u.blind = nil, r.Time
	}
	u.arrivals = append(u.arrivals, reached{at: r.Time, coarse: r.Coarse, stream: r.Stream, writer: r.Writer, order: order})
}

// depart notes the next step of the oldest request that has just arrived, and
// reports whether there is one.
func (u *unchecked) depart(r *tailer.Record, order int64) bool {
	for i := u.arrivedSince(r.Time, r.Coarse); i < len(u.arrivals); i++ {
		if a := &u.arrivals[i]; a.left == 0 && a.writer == r.Writer {
			a.left, a.until = order, r.Time
			return true
		}
	}
	return false
}

// arrivedSince returns the index of the first arrival of which the next step can
// come at a time.
func (u *unchecked) arrivedSince(at time.Time, coarse bool) int {
	from := at.Add(-reachedGap)
	if coarse {
		from = from.Add(-time.Second)
	}
	i, _ := slices.BinarySearchFunc(u.arrivals, from, func(a reached, at time.Time) int { return a.at.Compare(at) })
	return i
}

// strays reports whether a refusal may be that of a request which had arrived and
// whose key was not looked for; that arrival is then used up.
func (u *unchecked) strays(e *loose) bool {
	for i := u.arrivedSince(e.at, e.coarse); i < len(u.arrivals); i++ {
		a := &u.arrivals[i]
		came, gone := !a.at.After(e.at), a.left != 0 && !a.until.After(e.at)
		if a.stream == e.stream {
			came, gone = a.order < e.order, a.left != 0 && a.left < e.order
		}
		if came && !gone && a.writer == e.writer && a.left != e.order {
			a.left, a.until = e.order, e.at
			return true
		}
	}
	return false
}

// hasBody reports whether a request bears a body.
func hasBody(headers []tailer.Header) bool {
	return slices.ContainsFunc(headers, func(h tailer.Header) bool {
		return h.Name == "content-length" && h.Value != "0" || h.Name == "transfer-encoding"
	})
}

// accept uses up the record of a request that was accepted: of several that state
// the same it does not matter which. It is returned if there is one only.
func (u *unchecked) accept(r *tailer.Record, key uint64, order int64) *caller {
	own, n := 0, 0
	for i, c := range u.callers {
		if c.key == key && !c.taken {
			if n++; n == 1 {
				own = i
			}
		}
	}
	if n == 0 {
		u.depart(r, order)
		return nil
	}
	c := u.callers[own]
	u.size -= c.size
	u.callers = slices.Delete(u.callers, own, own+1)
	if n > 1 {
		return nil
	}
	return c
}

// accept takes the headers of a request that was accepted, which began no later
// than its key was looked for.
func (t *Table) accept(r *tailer.Record) {
	if len(t.unchecked.callers)+len(t.unchecked.arrivals) == 0 {
		return
	}
	c, f := t.unchecked.accept(r, t.fronts.keyOf(r.Request.Headers), t.counts.Records), t.fronts.whole
	if c != nil && f != nil && c.at.Before(f.at) && f.at.Sub(c.at) < refusalGap && !c.suspect {
		f.at, f.coarse = c.at, c.coarse
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
