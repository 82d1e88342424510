package pair

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"tailer"
)

// front is the request side of a request whose records bear no call id: the
// body, and the headers that the same worker logs right after it.
type front struct {
	at       time.Time
	coarse   bool
	stream   tailer.Stream
	request  tailer.Request
	pos      []tailer.Position
	key      uint64 // of the headers; 0 while unknown
	claimed  bool
	awaiting bool // a body that waits for its headers
	flight   *flight
	slim     bool      // only its user is known
	suspect  bool      // a record of it may be somebody's text
	loadAt   time.Time // when a feature was loaded for it, or for another of its kind
	raw      [][]byte  // its records as written
	bytes    int64     // that it takes
	sums     *sums     // of its body; nil while nobody asked
}

// frontIndex holds the fronts that no call has claimed.
type frontIndex struct {
	seed   maphash.Seed
	byKey  map[uint64][]*front
	queue  []*front // by time
	swept  int      // length of queue when it was last swept
	bytes  int64    // of those of queue
	latest *front   // the last body, waiting for its headers
	whole  *front   // the last one with headers
	// arrivals are requests that reached the proxy and stated nothing of
	// themselves yet. Only a single one can be told to be the next front's.
	arrivals []arrival
}

func newFrontIndex() frontIndex {
	return frontIndex{seed: maphash.MakeSeed(), byKey: map[uint64][]*front{}}
}

// maxFronts bounds the index: beyond it the oldest are dropped.
const maxFronts = 20_000

// headerGap is how long after its body a request's headers may be logged: both
// are written without giving way to another request (litellm_pre_call_utils.py).
// Of 4,100 requests on a busy machine the slowest took 0.3 s.
const headerGap = 500 * time.Millisecond

// follows reports whether headers can be those of the front's body: if its own are
// lost, the next ones are of a request that has no body, or not in the log.
func (f *front) follows(r *tailer.Record) bool {
	gap := headerGap
	if r.Coarse {
		gap += 2 * time.Second
	}
	return f.awaiting && f.stream == r.Stream && r.Time.Sub(f.flight.at) <= gap && (f.request.Body.Get("messages") == nil || !isForm(r.Request.Headers))
}

// add takes a body, headers, or both.
func (x *frontIndex) add(r *tailer.Record, flights *flights) {
	switch r.Kind {
	case tailer.KindBody:
		f := &front{at: r.Time, coarse: r.Coarse, stream: r.Stream, request: r.Request, pos: []tailer.Position{r.Pos}, raw: [][]byte{r.Raw}, awaiting: true, suspect: r.Suspect}
		if isForeign(r.Request.Body) {
			f.claimed, f.flight = true, flights.foreign(r)
		} else {
			f.flight = flights.start(r.Kind, r.Time, isStream(r.Request.Body))
		}
		f.flight.front = f
		x.arrive(f)
		x.latest = f
		x.queue = append(x.queue, f)
		x.grow(f, r)
	case tailer.KindHeaders:
		key := x.keyOf(r.Request.Headers)
		f := x.latest
		if f == nil || !f.follows(r) {
			f = &front{at: r.Time, coarse: r.Coarse, stream: r.Stream}
			if f.flight = flights.badBody(r.Time); f.flight == nil {
				f.flight = flights.start(r.Kind, r.Time, false)
			}
			f.flight.front = f
			x.arrive(f)
			x.queue = append(x.queue, f)
		}
		x.latest = nil
		f.awaiting = false
		f.suspect = f.suspect || r.Suspect
		f.request.Headers = r.Request.Headers
		f.pos = append(f.pos, r.Pos)
		f.raw = append(f.raw, r.Raw)
		f.key = key
		x.whole = f
		if !f.claimed { // else it is forgotten already, or soon
			x.byKey[key] = append(x.byKey[key], f)
			x.grow(f, r)
		}
	case tailer.KindPrepared:
		f := x.whole
		if f == nil || f.request.Route != "" || f.key != x.keyOf(r.Request.Headers) {
			return
		}
		f.suspect = f.suspect || r.Suspect
		f.request.Route, f.request.Method = r.Request.Route, r.Request.Method
		if f.request.Body == nil {
			f.request.Body, f.sums = r.Request.Body, nil
			if !f.claimed {
				x.grow(f, r)
			}
			f.flight.streamed = isStream(r.Request.Body)
			if f.flight.streamed && !f.flight.landed.IsZero() {
				flights.expireBy(f.flight.last.Add(maxSilence))
			}
		}
	}
}

// grow notes what a record of a front takes.
func (x *frontIndex) grow(f *front, r *tailer.Record) {
	n := recordOverhead + size(r)
	f.bytes += n
	x.bytes += n
}

// isForm reports whether headers announce a form: of files, with no messages.
func isForm(headers []tailer.Header) bool {
	return slices.ContainsFunc(headers, func(h tailer.Header) bool {
		return h.Name == "content-type" && strings.HasPrefix(h.Value, "multipart/")
	})
}

// arrival is a request that has reached the proxy.
type arrival struct {
	at   time.Time
	load bool // it made the proxy load a feature; its next record follows at once
}

// arrivalGap is how long before its body a request may have arrived.
const arrivalGap = 5 * time.Second

// isStream reports whether a body asks for a streamed answer.
func isStream(body tailer.Fields) bool { return string(body.Get("stream")) == "true" }

// reach notes that a request has reached the proxy. The one that loads a feature
// holds up all others, so the next arrival is its own second record.
func (x *frontIndex) reach(r *tailer.Record) {
	if n := len(x.arrivals); n > 0 && x.arrivals[n-1].load {
		x.arrivals[n-1].load = false
		return
	}
	if len(x.arrivals) >= maxFronts {
		x.arrivals = x.arrivals[:0]
	}
	x.arrivals = append(x.arrivals, arrival{at: r.Time, load: r.Function == "load"})
}

// arrive moves the front back to the arrival that is certainly its own.
func (x *frontIndex) arrive(f *front) {
	if len(x.arrivals) == 1 && f.at.Sub(x.arrivals[0].at) < arrivalGap {
		f.at = x.arrivals[0].at
	}
	x.arrivals = x.arrivals[:0]
}

// claim takes the front that states the same headers and the same body as the
// request; nil when there is none. Among fronts that are equal in all of it the
// one next to the call's beginning is taken: mostly the last one before it, for
// only some versions take the time before they log the front (1.104 and later).
func (x *frontIndex) claim(request *tailer.Request, began, logged time.Time) *front {
	if len(request.Headers) == 0 {
		return nil
	}
	key := x.keyOf(request.Headers)
	var best *front
	var least time.Duration
	sought := sought{body: request.Body}
	for _, f := range x.byKey[key] {
		if f.claimed || f.at.After(logged) || !sought.alsoBy(f) {
			continue
		}
		away := began.Sub(f.at)
		if f.coarse && away < 0 {
			away = min(0, away+time.Second)
		}
		if away < 0 {
			away *= -lateFront
		}
		if best == nil || away <= least {
			best, least = f, away
		}
	}
	if best != nil {
		best.claimed = true
		best.part(request.Body)
	}
	return best
}

// join gives a call a request side, with all that it holds.
func (t *Table) join(c *call, f *front) {
	f.claimed = true
	c.front, f.flight.call = f, c
	c.pos = append(c.pos, f.pos...)
	c.bytes += f.bytes
	t.bytes += f.bytes
}

// contentNames are the members of bodies that hold what was asked.
var contentNames = []string{"messages", "prompt", "input", "query"}

// part takes from the front the body that it got of another request, whose own
// headers are lost: what a record states of its content has another name.
func (f *front) part(stated tailer.Fields) {
	own, other := false, false
	for _, name := range contentNames {
		mine, its := f.request.Body.Get(name) != nil, stated.Get(name) != nil
		if mine && its {
			return
		}
		own, other = own || mine, other || its
	}
	if own && other {
		f.request.Body, f.request.Metadata, f.sums = nil, nil, nil
		f.flight.streamed = isStream(stated)
	}
}

// lateFront is how much nearer a front after the call's beginning has to be than
// one before it.
const lateFront = 4

// expire forgets the fronts from before a time, and the oldest while all take more than
// a limit.
func (x *frontIndex) expire(before time.Time, limit int64, unclaimed func(*front)) {
	x.shorten(unclaimed, func(f *front) bool { return f.claimed || f.at.Before(before) || len(x.queue) > maxFronts })
	if len(x.queue) > 2*x.swept+64 || x.bytes > limit {
		x.sweep()
	}
	x.shorten(func(f *front) {
		unclaimed(f)
		f.request, f.raw, f.flight.typeKey = tailer.Request{}, nil, typeKey{} // its flight is held for longer
		if c := f.flight.call; c != nil {
			c.request = tailer.Request{}
		}
	}, func(*front) bool { return x.bytes > limit })
}

// shorten forgets the oldest fronts, as long as they are to go.
func (x *frontIndex) shorten(unclaimed func(*front), goes func(*front) bool) {
	for len(x.queue) > 0 && goes(x.queue[0]) {
		f := x.queue[0]
		x.queue[0] = nil
		x.queue = x.queue[1:]
		if x.forget(f); f.claimed {
			continue
		}
		if unclaimed(f); f == x.latest {
			x.latest = nil
		}
		if f == x.whole {
			x.whole = nil
		}
	}
}

// forget takes the front out of the index.
func (x *frontIndex) forget(f *front) {
	x.bytes -= f.bytes
	if list := slices.DeleteFunc(x.byKey[f.key], func(o *front) bool { return o == f }); len(list) > 0 {
		x.byKey[f.key] = list
	} else {
		delete(x.byKey, f.key)
	}
}

// sweep forgets the fronts of calls that are finished. One that nobody claims
// stays until it is given up, and must not keep all calls behind it in memory.
func (x *frontIndex) sweep() {
	x.queue = slices.DeleteFunc(x.queue, func(f *front) bool {
		done := f.claimed && f.flight.call != nil && f.flight.call.finished
		if done {
			x.forget(f)
		}
		return done
	})
	x.swept = len(x.queue)
}

// keyOf hashes the headers that every record of a request states alike: LiteLLM
// leaves credentials out of some records, or masks them.
func (x *frontIndex) keyOf(headers []tailer.Header) uint64 {
	var sum uint64 // a sum does not depend on the order
	for _, h := range headers {
		if !isCredential(h.Name) {
			sum += maphash.Comparable(x.seed, h)
		}
	}
	return sum
}

func isCredential(name string) bool {
	for i := range len(name) {
		found := false
		switch rest := name[i:]; rest[0] {
		case 'a':
			found = strings.HasPrefix(rest, "auth") || strings.HasPrefix(rest, "assertion")
		case 'c':
			found = strings.HasPrefix(rest, "cookie") || strings.HasPrefix(rest, "credential")
		case 'j':
			found = strings.HasPrefix(rest, "jwt")
		case 'k':
			found = strings.HasPrefix(rest, "key")
		case 'p':
			found = strings.HasPrefix(rest, "password")
		case 's':
			found = strings.HasPrefix(rest, "secret")
		case 't':
			found = strings.HasPrefix(rest, "token")
		}
		if found {
			return true
		}
	}
	return false
}

// privateMark stands for content in records of a proxy that logs none.
var privateMark = []byte("redacted-by-litellm")

// sameBody reports whether two bodies can be the same request's: what both state
// of model and content is equal.
func sameBody(a, b tailer.Fields) bool {
	same := func(name string) bool {
		x, y := a.Get(name), b.Get(name)
		return x == nil || y == nil || sameJSON(x, y) || bytes.Contains(y, privateMark)
	}
	return same("model") && !slices.ContainsFunc(contentNames, func(name string) bool { return !same(name) })
}

// sameJSON compares two JSON values; nulls in objects count as absent.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return sameValue(x, y)
}

func sameValue(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range x {
			if w, found := y[k]; (v != nil || w != nil) && (!found && v != nil || !sameValue(v, w)) {
				return false
			}
		}
		for k, w := range y {
			if _, found := x[k]; !found && w != nil {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, sameValue)
	default:
		return a == b
	}
}
