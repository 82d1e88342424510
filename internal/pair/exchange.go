package pair

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tailer"
)

// exchange builds the exchange. ok is false for what is not the request of a
// client to an LLM route, and for a call whose outcome no record states.
func (c *call) exchange(log *outcomes) (x tailer.Exchange, ok bool) {
	last, reasons, triedOn := c.final(), []string(nil), c.triedOn()
	if last == nil || triedOn {
		a, why, known := c.inferred()
		if !known {
			return x, false
		}
		last, reasons = &a, log.stated.withoutOthers(c.id, &a, why)
	}
	if f := c.flight(); f != nil && c.request.Route == "" {
		c.request.Route, c.request.Method = f.route, f.method
	}
	if !isRoute(c.request.Route, last.CallType) {
		return x, false
	}
	x = tailer.Exchange{
		CallID: c.id, Request: c.request, Key: c.key, Streamed: last.Streamed, Private: last.Private,
		CallType: callType(c.request.Route, last.CallType), ModelGroup: last.ModelGroup, LiteLLM: last.LiteLLM,
		LiteLLMTrace: last.TraceID,
		Callback:     last.Langfuse,
		Positions:    c.pos, Incomplete: append(reasons, last.LeftOut...),
	}
	x.ClientCallID = c.choseID()
	if x.Request.Body != nil {
		// 1.61 calls answers of a fallback streams that were none.
		x.Streamed = string(x.Request.Body.Get("stream")) == "true"
	}
	if c.front != nil && c.front.request.Body != nil {
		// LiteLLM writes session headers over the client's own metadata in all
		// later records (1.84 and later); the body as received still has them.
		x.Request.Metadata = c.front.request.Metadata
	}
	if last.Upstream {
		x.Model, x.ModelID, x.Provider = last.Model, last.ModelID, last.Provider
	}
	c.times(&x, last)
	switch last.Outcome {
	case tailer.OutcomeSuccess:
		c.answer(&x, last)
	case tailer.OutcomeFailure:
		c.failure(&x, last)
	case tailer.OutcomeUnknown:
		x.Response = last.Response // what a stream gave before it broke off
		if f := c.flight(); f != nil {
			x.Status = f.status
		}
		if c.disconnected {
			x.Level, x.StatusMessage = tailer.LevelWarning, "client disconnected"
		} else if len(c.attempts) > 0 && !triedOn {
			x.Level, x.Incomplete = tailer.LevelWarning, append(x.Incomplete, damagedRecord)
		}
	}
	if x.Response == nil && x.Level != tailer.LevelDefault {
		x.Response = c.brokenOff()
	}
	if len(c.attempts) > 0 && x.Streamed && isBefore(last.LiteLLM, 61) {
		c.oldStream(&x, last)
	}
	c.failedTries(&x, last, log)
	if x.Request.Rebuilt {
		c.requestedModel(&x, last)
		if lacksSystem(&x, last) {
			x.Incomplete = append(x.Incomplete, unsureSystem)
		}
	}
	c.namedModel(&x)
	c.unnamedFallback(&x, last)
	if x.Streamed && disagrees(&x, last) {
		x.Model, x.ModelGroup = "", ""
		x.Incomplete = append(x.Incomplete, "model of a streamed fallback not confirmed")
	}
	return x, true
}

// before198 reports whether an attempt was logged by a version before 1.98.
func before198(a *attempt) bool {
	if a.LiteLLM == "" {
		return !a.Since98
	}
	return isBefore(a.LiteLLM, 98)
}

// isBefore reports whether a version of LiteLLM is known to be before 1.minor.
func isBefore(version string, minor int) bool {
	rest, ok := strings.CutPrefix(version, "1.")
	text, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(text)
	return ok && err == nil && n < minor
}

// unsureStream is the reason given where LiteLLM may have lost the end of a stream.
const unsureStream = "end of output uncertain"

// oldStream takes from a stream before 1.61 what LiteLLM states of it unreliably:
// it counts tokens itself, whatever the provider said; its text may lack the last
// piece; and its error is not what the client was told.
func (c *call) oldStream(x *tailer.Exchange, last *attempt) {
	x.Usage = nil
	switch f := c.flight(); {
	case last.Outcome == tailer.OutcomeFailure:
		if c.told == nil {
			x.ErrorClass, x.StatusMessage = "", ""
		}
	case x.Response == nil:
	case f != nil && !f.answer.holed && f.answer.completed() && f.answer.pieces.id == last.ResponseID:
		x.Response = f.answer.joined(true)
	default:
		x.Response, x.Incomplete = nil, append(x.Incomplete, unsureStream)
	}
}

// answer fills in what a success states.
func (c *call) answer(x *tailer.Exchange, last *attempt) {
	x.Status, x.Level = 200, tailer.LevelDefault
	x.Response, x.Usage = last.Response, last.Usage
	x.ResponseID, x.ResponseModel, x.CacheHit = last.ResponseID, last.ResponseModel, last.CacheHit
	x.CostTotal, x.CostInput, x.CostOutput = last.CostTotal, last.CostInput, last.CostOutput
	if c.disconnected || last.HungUp {
		x.Level, x.StatusMessage = tailer.LevelWarning, "client disconnected"
	}
	c.refusedAnswer(x, last)
}

// failure fills in what the client was told, else what the last attempt met.
func (c *call) failure(x *tailer.Exchange, last *attempt) {
	if c.told == nil && last.Failure.Class == stopped {
		c.stoppedShort(x, last)
		return
	}
	x.Level = tailer.LevelError
	x.Response = last.Response
	f := last.Failure
	x.Status = f.Status
	if c.told != nil {
		f = told(f, c.told.failure)
		x.Status = f.Status
		if c.told.kind == tailer.KindStreamFailure {
			x.Status = streamStatus(last)
		}
	}
	if flight := c.flight(); flight != nil && flight.status != 0 {
		x.Status = flight.status
	}
	switch {
	case last.Refused && f.Class == "Exception":
		f = refusal(f, x.Status, last.SinceCall)
		x.Status = f.Status
	case last.Refused && len(c.attempts) == 0:
		f = refusal(f, x.Status, true)
		if x.Status == 400 {
			f.Message = c.told.failure.Message // of an exception that words itself
		}
	}
	x.ErrorClass, x.StatusMessage = f.Class, worded(f)
}

// worded returns the words of an error, with its class before them.
func worded(f tailer.Failure) string {
	if f.Class != "" && f.Message != "" && !strings.HasPrefix(f.Message, "litellm.") {
		return f.Class + ": " + f.Message
	}
	return f.Message
}

// streamStatus returns the status that was sent before a stream failed; 0 if it is
// not known. From 1.98 on one that fails before its first piece is sent is
// answered with an error (common_request_processing.py).
func streamStatus(last *attempt) int {
	if before198(last) {
		return 200
	}
	return 0
}

// brokenOff returns the pieces that a stream gave before it broke off, if they
// are certainly its own: nothing else was in flight, or they bear its answer's id; and
// nothing was tried twice.
func (c *call) brokenOff() json.RawMessage {
	f := c.flight()
	if c.told.isUnsent() || f == nil || !f.streamed || len(c.tries) > 1 || len(c.attempts) > 1 {
		return nil
	}
	if (f.crowded || f.shared) && (!f.answer.labelled || f.answer.holed) {
		return nil
	}
	return f.answer.joined(true)
}

// told prefers what the client was told to what the last attempt met.
func told(f, words tailer.Failure) tailer.Failure {
	if words.Message != "" {
		f.Message = words.Message
	}
	if words.Class != "" {
		f.Class = words.Class
	}
	if f.Status == 0 {
		f.Status = words.Status
	}
	return f
}

// authenticationError starts what the proxy says when it refuses a key.
const authenticationError = "Authentication Error, "

// refusal words the refusal of a key as the client gets it: the proxy turns a
// plain exception into a 401 with a prefix of its own (auth_exception_handler.py).
// Since 1.84 its handler may itself fail, and the client is told something else.
func refusal(f tailer.Failure, status int, since184 bool) tailer.Failure {
	switch {
	case status == 401 || status == 0 && !since184:
		message := strings.TrimPrefix(f.Message, authenticationError)
		return tailer.Failure{Class: "AuthenticationError", Status: 401, Message: authenticationError + message}
	case status == 0:
		return tailer.Failure{Class: f.Class}
	}
	return tailer.Failure{Class: f.Class, Status: status}
}

// flight returns the request as its access line saw it; nil when none was
// matched.
func (c *call) flight() *flight {
	switch {
	case c.front != nil && c.front.flight != nil:
		return c.front.flight
	case c.told != nil:
		return c.told.flight
	}
	return nil
}

// times sets start, end and first token. The request began no later than the
// first thing that any record states of it; LiteLLM's own note of when it
// received the request is later than that where a feature had to be loaded.
func (c *call) times(x *tailer.Exchange, last *attempt) {
	began := last.Start
	if len(c.attempts) == 0 {
		began = c.began()
	}
	for i := range c.attempts {
		if a := &c.attempts[i]; !a.Start.IsZero() && (began.IsZero() || a.Start.Before(began)) {
			began = a.Start
		}
	}
	if began.IsZero() { // the record that states it is damaged
		began = c.began()
	}
	if began.IsZero() { // and has no stamp
		began = c.last
	}
	x.Start = began
	sooner := func(at time.Time, coarse bool) {
		if !at.IsZero() && at.Before(x.Start) {
			x.Start = withinSecond(at, coarse, x.Start)
		}
	}
	sooner(c.received(began), false)
	sooner(c.first, c.coarse)
	if c.front != nil {
		sooner(c.front.at, c.front.coarse)
	}
	if c.told != nil { // what refuses a request is the first record of it
		sooner(c.told.at, c.told.coarse)
	}
	x.End = last.End
	if c.told != nil && c.told.at.After(x.End) {
		x.End = c.told.at
	}
	if f := c.flight(); f != nil && (!last.Streamed && !f.streamed || f.status >= 400) && f.landed.After(x.End) {
		x.End = f.landed // a stream's access line is written as it begins
	}
	if x.End.IsZero() {
		x.End = c.last
	}
	if f := c.flight(); f != nil && len(c.attempts) == 0 && (f.shared || f.landed.IsZero()) && f.likely.After(x.End) {
		x.End = f.likely
	}
	if x.End.Before(x.Start) {
		x.End = x.Start
	}
	first := last.FirstToken
	if first.IsZero() && x.Streamed {
		first = c.firstPiece(x.Start)
	}
	if !first.IsZero() && !first.Before(x.Start) && !first.After(x.End) {
		x.FirstToken = first
	}
}

// received returns when the proxy says it received the request. Later attempts
// state it on another clock in some versions (1.98), so the newest one before
// the request began is taken.
func (c *call) received(began time.Time) (at time.Time) {
	for i := range c.attempts {
		if r := c.attempts[i].ReceivedAt; r.After(at) && !r.After(began) && began.Sub(r) < time.Hour {
			at = r
		}
	}
	return at
}

// withinSecond makes a stamp that is exact to a second only as exact as a later
// time in the same second allows.
func withinSecond(stamp time.Time, coarse bool, later time.Time) time.Time {
	if !coarse {
		return stamp
	}
	if end := stamp.Add(time.Second - time.Millisecond); later.After(end) {
		return end
	}
	if later.Before(stamp) {
		return stamp
	}
	return later
}

// unsureAttempts is the reason given where attempts may have failed that cannot
// be told from another request's.
const unsureAttempts = "attempts uncertain"

// failedTries adds the attempts that another one followed.
func (c *call) failedTries(x *tailer.Exchange, last *attempt, log *outcomes) {
	var failed []attempt
	for _, a := range c.attempts {
		if a.Outcome == tailer.OutcomeFailure && a.Start.Before(last.Start) && !sameInstant(a.Start, last.Start) {
			failed = append(failed, a)
		}
	}
	count := max(len(failed), len(c.tries)-1, last.Failed)
	if last.OnlySuccess && last.Failed < 0 && len(c.tries) == 0 && last.payload {
		n, sure := 0, false
		if c.front != nil && c.front.slim && !c.front.flight.unsure {
			n, sure = len(c.front.flight.failures), true
		} else if c.passage = log.passages.of(last); c.passage != nil {
			n, sure = len(c.passage.failures), true
			c.tries = slices.Concat(c.passage.failures, []try{{at: c.passage.ok, model: c.passage.model}})
		} else {
			sure = log.none(last)
		}
		if !sure {
			x.Incomplete = append(x.Incomplete, unsureAttempts)
		}
		count = max(count, n)
	}
	if count <= 0 {
		return
	}
	x.Tries = count + 1
	for i := range count {
		x.Attempts = append(x.Attempts, c.failedTry(i, failed, x))
	}
}

// failedTry describes the i-th failed attempt from its own record, else from the
// arguments that began it.
func (c *call) failedTry(i int, failed []attempt, x *tailer.Exchange) tailer.Attempt {
	t := tailer.Attempt{Start: x.Start, End: x.Start}
	if i < len(c.tries) {
		t.Start, t.Model, t.ModelGroup = c.tries[i].at, c.tries[i].model, c.tries[i].group
	}
	if i < len(failed) {
		a := failed[i]
		t = tailer.Attempt{Start: a.Start, End: a.End, Model: a.Model, ModelGroup: a.ModelGroup, Provider: a.Provider,
			Status: a.Failure.Status, ErrorClass: a.Failure.Class, Message: a.Failure.Message}
	} else if i+1 < len(c.tries) {
		t.End = c.tries[i+1].at
	}
	if t.Start.Before(x.Start) {
		t.Start = x.Start
	}
	if t.End.Before(t.Start) {
		t.End = t.Start
	}
	if t.End.After(x.End) {
		t.End = x.End
		t.Start = earlier(t.Start, t.End)
	}
	return t
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
