package pair

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"tailer"
)

// call is one request that is being put together: every record that bears its
// call id, and the id-less ones that certainly belong to it.
type call struct {
	id        string    // "" while no record has stated it
	ids       []string  // all that records have stated
	trace     string    // LiteLLM's trace id
	first     time.Time // of its first record
	coarse    bool      // first is exact to a second only
	last      time.Time // of its newest record
	function  string    // the function of its first arguments record
	tries     []try
	attempts  []attempt
	request   tailer.Request
	key       tailer.Key
	front     *front
	told      *loose     // the error that the client was told; of several in the same words it may be another's
	bodySizes *bodySizes // of the request's body; nil while unknown
	refusal   *loose     // the error that refused it; nil while that is not certain
	refused   time.Time  // when LiteLLM began to state that it refused it; zero if it did not
	group     string     // by which it is awaited
	plain     string     // words by which it is awaited
	pos       []tailer.Position
	raw       [][]byte // its records as written, while it has no id
	bytes     int64
	answers   []answerKey

	firstChunk   chunk // of a streamed answer
	disconnected bool
	slim         bool     // known from its user and its access line only
	passage      *passage // through the router, where only that tells of its attempts
	unlogged     bool     // it has no record of its outcome, though this log has such records of others
	queued       bool     // waits to settle
	finished     bool
	suspect      bool // all its records may be somebody's text: none makes a request
	displaced    bool // a record with its id, which the client chose, is of another request
	unsureStatus bool // an error that states its id, which the client chose, may be another's
}

// try is the start of one attempt.
type try struct {
	at       time.Time
	coarse   bool
	model    string
	group    string
	modelID  string
	provider string
	version  string
}

// attempt is what payloads and call records state of one attempt.
type attempt struct {
	tailer.Call
	at      time.Time // when it was logged
	raw     []byte    // the record as written, where it bears no call id
	payload bool      // stated by a payload of its own
}

// touch notes a record of the call.
func (c *call) touch(r *tailer.Record) {
	if r.Time.After(c.last) {
		c.last = r.Time
	}
	if !r.Unstamped && (c.first.IsZero() || r.Time.Before(c.first)) {
		c.first, c.coarse = r.Time, r.Coarse
	}
	if c.id == "" && r.Raw != nil && r.Kind == tailer.KindArguments {
		c.raw = append(c.raw, r.Raw)
	}
	c.pos = append(c.pos, r.Pos)
	c.bytes += recordOverhead + size(r)
}

// recordOverhead is a call's own memory for each record, in bytes.
const recordOverhead = 256

// size returns how much content a record holds, in bytes.
func size(r *tailer.Record) int64 {
	n := len(r.Call.Response) + len(r.Request.Metadata) + len(r.Raw)
	for _, f := range r.Request.Body {
		n += len(f.Value)
	}
	for _, h := range r.Request.Headers {
		n += len(h.Name) + len(h.Value) + 32
	}
	return int64(n)
}

// addArguments notes the start of an attempt. Functions that LiteLLM calls
// inside another, for the same request, are no attempts of their own.
func (c *call) addArguments(r *tailer.Record) {
	// The router's own note of what it is about to try stands in until the
	// function it calls is logged, which some levels leave out.
	if c.function == "" || strings.HasPrefix(c.function, insideFunction) && !strings.HasPrefix(r.Function, insideFunction) {
		c.function, c.tries = r.Function, nil
	}
	if c.function == r.Function {
		c.tries = append(c.tries, try{at: r.Time, coarse: r.Coarse, model: r.Call.Model, group: r.Call.ModelGroup,
			modelID: r.Call.ModelID, provider: r.Call.Provider, version: r.Call.LiteLLM})
	}
	c.state(r)
}

// insideFunction starts the name of a function that is about to be called.
const insideFunction = "inside "

// addAttempt notes a whole attempt; the same one may be logged twice.
func (c *call) addAttempt(r *tailer.Record) {
	c.state(r)
	for i := range c.attempts {
		a := &c.attempts[i]
		if a.Outcome == r.Call.Outcome && sameInstant(a.Start, r.Call.Start) {
			a.merge(r)
			return
		}
	}
	c.attempts = append(c.attempts, attempt{Call: r.Call, at: r.Time, raw: r.Raw, payload: r.Kind == tailer.KindPayload})
	slices.SortStableFunc(c.attempts, func(a, b attempt) int { return a.Start.Compare(b.Start) })
}

// state takes what a record states of the request as the client sent it. What
// is known already stays.
func (c *call) state(r *tailer.Record) {
	q, s := &c.request, &r.Request
	if q.Method == "" {
		q.Method = s.Method
	}
	if q.Route == "" {
		q.Route = s.Route
	}
	q.Headers = fullest(q.Headers, s.Headers)
	if q.FoundUser == "" {
		q.FoundUser, q.FoundHeader = s.FoundUser, s.FoundHeader
	}
	if q.Body == nil || s.Body != nil && (q.Rebuilt && !s.Rebuilt || q.Lost && !s.Lost) {
		q.Body, q.Metadata, q.Rebuilt, q.Bare, q.Lost = s.Body, s.Metadata, s.Rebuilt, s.Bare, s.Lost
	}
	if q.User == "" {
		q.User = s.User
	}
	if c.key == (tailer.Key{}) {
		c.key = r.Key
	}
}

// merge takes what a second record of the same attempt says more.
func (a *attempt) merge(r *tailer.Record) {
	if r.Kind == tailer.KindPayload && !a.payload {
		old := a.Call
		a.Call, a.payload = r.Call, true
		r.Call = old
	}
	if a.Response == nil {
		a.Response = r.Call.Response
	}
	if a.Usage == nil {
		a.Usage = r.Call.Usage
	}
	if a.ReceivedAt.IsZero() {
		a.ReceivedAt = r.Call.ReceivedAt
	}
	if a.LiteLLM == "" {
		a.LiteLLM = r.Call.LiteLLM
	}
	if a.TraceID == "" {
		a.TraceID = r.Call.TraceID
	}
	if a.ModelID == "" {
		a.ModelID = r.Call.ModelID
	}
	if r.Call.End.After(a.End) && a.Outcome == tailer.OutcomeFailure {
		a.End = r.Call.End
	}
	a.HungUp = a.HungUp || r.Call.HungUp
	a.Upstream = a.Upstream || r.Call.Upstream
	a.Lost = a.Lost || r.Call.Lost
	a.Langfuse = a.Langfuse || r.Call.Langfuse
	a.Private = a.Private || r.Call.Private
}

// sameInstant compares times that were written by two loggers to the µs.
func sameInstant(a, b time.Time) bool {
	d := a.Sub(b)
	return d > -time.Millisecond && d < time.Millisecond
}

// isAnother reports whether a record that bears this call's id belongs to
// another request, by its time and its answer: clients may choose the id, and choose it
// twice. isOther tells by the headers.
func (c *call) isAnother(r *tailer.Record) bool {
	last := c.final()
	if last == nil || last.Outcome != tailer.OutcomeSuccess || r.Call.ResponseID != "" && r.Call.ResponseID == last.ResponseID {
		return false
	}
	if !last.End.IsZero() && r.Call.Start.After(last.End) {
		return true
	}
	return c.id == "" && r.Call.Outcome == tailer.OutcomeSuccess && r.Call.ResponseID != last.ResponseID
}

// seed hashes the records of a call without an id, as the proxy wrote them, up
// to and with its access line.
func (c *call) seed() string {
	var lines [][]byte
	if c.front != nil {
		lines = append(lines, c.front.raw...)
	}
	lines = append(lines, c.raw...)
	for i := range c.attempts {
		lines = append(lines, c.attempts[i].raw)
	}
	if c.told != nil {
		if c.told.caller != nil {
			lines = append(lines, c.told.caller.raw)
		}
		lines = append(lines, c.told.raw)
	}
	if f := c.flight(); f != nil && f.access != nil {
		lines = append(lines, f.access)
	}
	h := sha256.New()
	_, _ = h.Write(bytes.Join(lines, []byte{'\n'}))
	return hex.EncodeToString(h.Sum(nil))
}

// final returns the attempt that decided the request: the last success, else
// the last failure; nil when none is known.
func (c *call) final() *attempt {
	for i := len(c.attempts) - 1; i >= 0; i-- {
		if c.attempts[i].Outcome == tailer.OutcomeSuccess {
			return &c.attempts[i]
		}
	}
	if n := len(c.attempts); n > 0 {
		return &c.attempts[n-1]
	}
	return nil
}

// succeeded reports whether an attempt succeeded.
func (c *call) succeeded() bool {
	a := c.final()
	return a != nil && a.Outcome == tailer.OutcomeSuccess
}

// settled reports whether no error can be the call's any more.
func (c *call) settled() bool {
	return c.finished || c.succeeded() || c.failed() && c.told != nil
}

// failed reports whether the last known attempt failed.
func (c *call) failed() bool {
	a := c.final()
	return a != nil && a.Outcome == tailer.OutcomeFailure
}

// triedOn reports whether an attempt began after the last one whose outcome was
// logged, which failed: what became of the request is not known by that record.
// LiteLLM logs no success of some streams that it translates (/v1/messages by a
// model of another provider; 1.61 to 1.84).
func (c *call) triedOn() bool {
	if !c.failed() || c.told != nil || len(c.tries) == 0 || !c.tries[len(c.tries)-1].at.After(c.final().End) {
		return false
	}
	f := c.flight()
	return f == nil || f.status < 400
}

// ended reports whether the request's outcome is known.
func (c *call) ended() bool {
	if len(c.attempts) == 0 || c.triedOn() {
		f := c.flight()
		return c.told != nil || f != nil && !f.shared && f.over
	}
	return c.succeeded() || c.failed() && c.told != nil
}
