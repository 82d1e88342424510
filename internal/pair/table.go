package pair

import (
	"time"

	"tailer"
)

// Config bounds what a Table holds.
type Config struct {
	// GiveUp is how long, in log time, a request may be silent before it is
	// handed out without an end. Zero means 10 minutes.
	GiveUp time.Duration
	// Settle is how long, in log time, an ended request waits for records that
	// are written late. Zero means 10 seconds.
	Settle time.Duration
	// MaxOpen is how many requests are held at most; zero means 20,000.
	MaxOpen int
	// MaxBytes is how much content they hold at most, in bytes; zero means 32 MiB.
	MaxBytes int64
	// Prompt hands out at once what is complete by rule, without waiting for
	// Settle: see prompt.
	Prompt bool
}

func (c Config) withDefaults() Config {
	if c.GiveUp <= 0 {
		c.GiveUp = 10 * time.Minute
	}
	if c.Settle <= 0 {
		c.Settle = 10 * time.Second
	}
	if c.MaxOpen <= 0 {
		c.MaxOpen = 20_000
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 32 << 20
	}
	return c
}

// Counts tells what became of the records.
type Counts struct {
	Records   int64 // taken in
	Exchanges int64 // handed out
	Attempts  int64 // failed tries among them
	Evicted   int64 // handed out early because too many were open
	Unclaimed int64 // request sides that no call claimed
	Unmatched int64 // errors and access lines that belong to no known call
	// Unidentified counts refused requests that are not handed out, because the
	// log tells neither who asked nor what.
	Unidentified int64
	// Late counts records that stated once more what was handed out at once.
	Late int64
}

// Table holds the requests whose records are still coming in. Its zero value is
// not usable: see New. It is not safe for concurrent use.
type Table struct {
	cfg       Config
	counts    Counts
	now       time.Time // log time: the newest record's
	calls     map[string]*call
	aside     aside
	waiting   queue // every call, by the time it gives up
	settling  queue // ended calls, by the time they are handed out
	fronts    frontIndex
	flights   flights
	chunks    chunks
	counted   counted
	slim      slim
	outcomes  outcomes
	unchecked unchecked
	byTrace   map[string]*call // calls by LiteLLM's trace id, where it can stand in for a call id
	answers   answers
	awaited   awaited
	seeds     seeds
	errors    []*loose // errors that no call has claimed yet, oldest first
	ending    []*loose // those that are known to have ended a request, until late records have come
	alike     []*loose // of share, reused
	sharers   []*call  // of share, reused
	bytes     int64
	open      int
	private   bool
	dumps     bool             // LiteLLM dumps failed calls into this log
	logging   bool             // it logs whole calls that succeeded
	anon      map[uint64]*call // calls without an id, by their headers
	prompt    prompt
	out       []tailer.Exchange
}

// New returns an empty table.
func New(cfg Config) *Table {
	return &Table{cfg: cfg.withDefaults(), prompt: prompt{on: cfg.Prompt}, calls: map[string]*call{}, aside: aside{}, byTrace: map[string]*call{}, answers: answers{}, awaited: newAwaited(), anon: map[uint64]*call{}, fronts: newFrontIndex()}
}

// Counts returns the counters so far.
func (t *Table) Counts() Counts { return t.counts }

// Add takes the next record and returns the exchanges that ended with it, oldest
// first. The caller owns the returned slice until the next call.
func (t *Table) Add(r *tailer.Record) []tailer.Exchange {
	t.out = t.out[:0]
	t.counts.Records++
	if r.Time.After(t.now) && !r.Suspect { // a stamp that somebody made up would end what is under way
		t.now = r.Time
	}
	if r.Call.Private {
		t.private = true
	}
	t.prompt.see(r)
	switch r.Kind {
	case tailer.KindRedate:
		t.redate(r.Shift, r.Since)
	case tailer.KindArrival:
		t.fronts.reach(r)
		t.unchecked.arrive(r, t.counts.Records)
	case tailer.KindAccess:
		t.fronts.arrivals = t.fronts.arrivals[:0]
		switch {
		case r.Request.Method == "POST":
			t.land(r)
		case r.Request.Method != "GET":
			t.unchecked.stranger(r.Time)
		case r.Status < 400:
			t.unchecked.fetched()
		}
	case tailer.KindBadBody:
		t.fronts.arrivals = t.fronts.arrivals[:0]
		t.addBadBody(r)
	case tailer.KindCall, tailer.KindPayload:
		t.addCall(r)
	case tailer.KindArguments:
		t.addArguments(r)
	case tailer.KindDetails:
		t.addDetails(r)
	case tailer.KindBody, tailer.KindHeaders, tailer.KindPrepared:
		t.isFull()
		t.fronts.add(r, &t.flights)
		if r.Kind == tailer.KindHeaders {
			t.accept(r)
		}
		if r.CallID != "" {
			t.identify(r)
		}
	case tailer.KindFailure, tailer.KindStreamFailure, tailer.KindRefused:
		t.fronts.arrivals = t.fronts.arrivals[:0]
		t.addFailure(r)
	case tailer.KindAttempt:
		t.outcomes.add(r)
		t.flights.succeed(r)
		t.tried(r)
	case tailer.KindUnchecked:
		t.unchecked.add(r, t.fronts.keyOf(r.Request.Headers), t.counts.Records)
	case tailer.KindFoundUser:
		t.foundUser(r)
	case tailer.KindRouted:
		t.routed(r)
	case tailer.KindChunk:
		t.chunks.add(r)
		t.addAnswer(r)
	case tailer.KindCounted:
		t.addCounted(r)
	case tailer.KindAnswer, tailer.KindRawAnswer, tailer.KindPiece, tailer.KindCost, tailer.KindLogged:
		t.addAnswer(r)
	case tailer.KindMaybeAccess:
		t.flights.mayLand(r)
	case tailer.KindDisconnect:
		t.hungUp(r)
	}
	t.expireAt(t.now)
	return t.out
}

// Now returns the log time: that of the newest record.
func (t *Table) Now() time.Time { return t.now }

// Tick returns the exchanges that have settled by a time, in a log that is
// silent since Now. It does not move the log time on.
func (t *Table) Tick(now time.Time) []tailer.Exchange {
	t.out = t.out[:0]
	t.expireAt(now)
	return t.out
}

// Drain hands out everything that is held, oldest first, as at the end of a log.
func (t *Table) Drain() []tailer.Exchange {
	t.out = t.out[:0]
	t.resolve(t.now.Add(time.Hour))
	for _, e := range t.errors {
		t.share(e)
	}
	for c := t.waiting.oldest(); c != nil; c = t.waiting.oldest() {
		t.finish(c)
	}
	for _, e := range t.errors {
		t.orphan(e)
	}
	for _, f := range t.fronts.queue {
		if !f.claimed {
			t.abandon(f)
		}
	}
	t.fronts = newFrontIndex()
	t.errors, t.ending = nil, nil
	return t.out
}

// expireAt hands out what has ended and settled, what has been silent too long,
// and the oldest when too much is held.
func (t *Table) expireAt(now time.Time) {
	t.unchecked.tick(now, t.resolve)
	for c := t.settling.due(now, t.cfg.Settle); c != nil; c = t.settling.due(now, t.cfg.Settle) {
		if c.ended() {
			t.finish(c)
		}
	}
	for c := t.waiting.due(now, t.cfg.GiveUp); c != nil; c = t.waiting.due(now, t.cfg.GiveUp) {
		t.finish(c)
	}
	for t.open > t.cfg.MaxOpen || t.bytes > t.cfg.MaxBytes {
		c := t.waiting.oldest()
		if c == nil {
			break
		}
		t.counts.Evicted++
		t.finish(c)
	}
	t.expireNameless(now)
	t.fronts.expire(now.Add(-t.cfg.GiveUp), t.cfg.MaxBytes, t.abandon)
	t.expireErrors(now)
}

// addCall takes a record that states a whole attempt.
func (t *Table) addCall(r *tailer.Record) {
	if r.CallID == "" && r.TraceID == "" {
		t.counts.Unmatched++
		return
	}
	if t.prompt.isLate(r) {
		t.counts.Late++
		return
	}
	t.dumps = t.dumps || r.Call.Outcome == tailer.OutcomeFailure
	t.logging = t.logging || r.Call.Outcome == tailer.OutcomeSuccess
	t.turnTo(r)
	if c := t.find(r); c != nil && c.isAnother(r) {
		t.finish(c)
	}
	t.flights.nameless.know(r.Call.CallType)
	t.rejoin(r)
	c := t.call(r)
	if other := t.adopt(r); other != nil && other != c && c.front == nil {
		t.absorb(c, other)
	}
	if other := t.answers.find(r); other != nil && other != c && other.id == "" {
		t.unite(c, other)
	}
	c.addAttempt(r)
	t.answers.note(c, r)
	t.outcomes.stated.note(r)
	if r.Call.Refused && r.Call.Outcome == tailer.OutcomeFailure {
		t.unchecked.stated(c, r)
	}
	if first, ok := t.chunks.first(r.Call.ResponseID); ok {
		c.firstChunk = first
	}
	t.claimFront(c, r)
	t.claimSlim(c, r)
	t.claimError(c)
	t.awaited.failed(c)
	if f := c.flight(); f != nil && (r.Call.Outcome == tailer.OutcomeSuccess || f.streamed && f.answer.begun && r.Call.Outcome == tailer.OutcomeFailure) {
		f.end(r.Time) // answered, or broken off
	}
	if t.prompt.complete(c) {
		t.prompt.note(c, t.now, t.cfg.GiveUp)
		t.finish(c)
		return
	}
	t.settle(c)
}

// addArguments takes the start of one attempt.
func (t *Table) addArguments(r *tailer.Record) {
	t.turnTo(r)
	if c := t.calls[r.CallID]; c != nil && c.succeeded() && r.Time.Sub(c.last) > time.Second {
		t.finish(c)
	}
	t.flights.nameless.know(r.Function)
	c := t.call(r)
	if c.id == "" {
		t.anon[t.fronts.keyOf(r.Request.Headers)] = c
	}
	c.addArguments(r)
	t.claimFront(c, r)
	t.bindFlight(c, r)
	t.awaited.began(c)
}

// identify takes the call id of a request that the router may refuse: no record
// of an attempt would state it then.
func (t *Table) identify(r *tailer.Record) {
	t.turnTo(r)
	if t.calls[r.CallID] != nil {
		return
	}
	c := t.call(r)
	c.state(r)
	t.claimFront(c, r)
}

// settle queues a call that has ended.
func (t *Table) settle(c *call) {
	if c.ended() && !c.queued {
		c.queued = true
		t.settling.push(c, c.last)
	}
}

// claimFront gives the call the request side that states the same.
func (t *Table) claimFront(c *call, r *tailer.Record) {
	if c.front != nil {
		return
	}
	began := r.Time
	if !r.Call.Start.IsZero() && r.Call.Start.Before(began) {
		began = r.Call.Start
	}
	if f := t.fronts.claim(&c.request, began, r.Time); f != nil {
		c.suspect = c.suspect && f.suspect
		t.join(c, f)
	}
}

// finish turns the call into an exchange and forgets it.
func (t *Table) finish(c *call) {
	if c.finished {
		return
	}
	c.finished = true
	for _, id := range c.ids {
		if t.calls[id] == c {
			delete(t.calls, id)
		}
	}
	t.aside.forget(c)
	t.answers.forget(c)
	if t.byTrace[c.trace] == c {
		delete(t.byTrace, c.trace)
	}
	t.open--
	t.bytes -= c.bytes
	f := c.flight()
	if f != nil && c.ended() {
		f.end(c.last) // no retry has come for as long as late records may take
	}
	t.toldAfter(c)
	t.hand(c)
	for _, e := range t.errors {
		e.shared = e.shared || e.callID != "" && e.callID == c.id
	}
	if f != nil && f.over && f.landed.IsZero() && !f.gone {
		t.flights.spent.soon++
	}
}

// hand turns a call into an exchange and hands it out, unless a rule drops it.
func (t *Table) hand(c *call) {
	c.unlogged = t.logging && len(c.attempts) == 0
	if c.displaced && len(c.attempts) == 0 && (t.logging || t.dumps) {
		t.counts.Unclaimed++ // the record of its end, which states all, is still to come
		return
	}
	t.lend(c)
	x, ok := c.exchange(&t.outcomes)
	if ok && c.suspect {
		t.counts.Unmatched++
		return
	}
	if !ok || t.covered(c) {
		return
	}
	c.noteLost(&x)
	if c.request.Headers == nil && c.isUnsure() {
		x.Incomplete = append(x.Incomplete, unsureHeaders)
	}
	x.Private = x.Private || t.private
	if x.Private && c.unidentified(&x) {
		t.counts.Unidentified++
		return
	}
	if x.CallID == "" {
		x.Seed = t.seeds.take(c.seed(), t.now)
	}
	t.counts.Exchanges++
	t.counts.Attempts += int64(len(x.Attempts))
	t.out = append(t.out, x)
}
