package pair

import (
	"strings"
	"time"

	"tailer"
)

// Reasons given in Exchange.Incomplete.
const (
	noAnswer        = "no response"
	ambiguousAnswer = "output ambiguous"
	noEnd           = "end not in the log"
	damagedRecord   = "record damaged"
)

// inferred describes the last attempt of a call of which no record states the
// outcome, from the records without an id that are certainly its own. ok is
// false when not even the request is known.
func (c *call) inferred() (a attempt, reasons []string, ok bool) {
	if c.request.Headers == nil && c.request.Body == nil && c.told == nil && !c.slim {
		return a, nil, false
	}
	f := c.flight()
	a.Failed = -1
	if n := len(c.tries); n > 0 {
		last := c.tries[n-1]
		a.Model, a.ModelGroup, a.ModelID, a.Provider, a.LiteLLM = last.model, last.group, last.modelID, last.provider, last.version
		if a.Model == "" && f != nil && !f.unsure && c.sameModel() {
			a.Model = f.answer.model // by the router's word on the answer
		}
		a.Upstream = !c.slim || a.Model != ""
		a.Start = last.at
	}
	if a.ModelGroup == "" && c.sameModel() {
		a.ModelGroup = c.request.Body.Text("model")
	}
	a.CallType = functionType(c.function)
	a.Streamed = isStream(c.request.Body)
	if a.Start.IsZero() {
		a.Start = c.began()
	}
	a.End = c.last
	switch {
	case c.told != nil:
		a.Outcome = tailer.OutcomeFailure
		a.Failure = c.told.failure
		if c.told.kind == tailer.KindRefused {
			a.Refused = true
		}
		if f != nil && !f.shared && !c.told.isUnsent() {
			a.Response = f.answer.joined(a.Streamed)
		}
	case f == nil:
		reasons = append(reasons, noEnd)
	case a.Streamed && f.answer.text != nil && (f.shared || f.answer.holed || f.answer.pieces.finish == ""):
		a.Outcome = tailer.OutcomeSuccess
		a.Response = completed(f.answer.text)
		a.FirstToken, a.End = f.firstToken(a.Start), f.answer.at
	case a.Streamed && f.answer.begun && c.unlogged && !f.answer.completed():
		// It broke off: of what completes, a callback tells in this log.
		a.Response = f.answer.joined(true)
		a.FirstToken = f.firstToken(a.Start)
		reasons = append(reasons, noEnd)
	case f.shared && (a.Streamed || f.answer.response == nil && f.answer.raw == nil):
		reasons = append(reasons, ambiguousAnswer)
		if f.status == 200 && !f.doubted {
			a.Outcome = tailer.OutcomeSuccess
		}
	default:
		reasons = c.ownAnswer(&a, f)
	}
	return a, reasons, true
}

// sameModel reports whether all attempts asked one upstream model: then the group
// that the client named has answered.
func (c *call) sameModel() bool {
	for _, t := range c.tries {
		if t.model != c.tries[0].model {
			return false
		}
	}
	return len(c.tries) > 0
}

// began returns when the first record of the call was written.
func (c *call) began() time.Time {
	if c.front != nil && (c.first.IsZero() || c.front.at.Before(c.first)) {
		return c.front.at
	}
	return c.first
}

// ownAnswer takes the answer of a request that was alone in flight.
func (c *call) ownAnswer(a *attempt, f *flight) (reasons []string) {
	if f.status >= 400 {
		a.Outcome = tailer.OutcomeFailure
		a.Failure.Status = f.status
		return nil
	}
	if !f.answer.begun && f.answer.raw == nil && f.status != 200 {
		if !f.over {
			reasons = append(reasons, noEnd)
		}
		return append(reasons, noAnswer)
	}
	if a.Streamed && f.answer.labelled && !f.answer.holed && !f.answer.completed() {
		// Its last piece would have said that it was the last.
		a.Response = f.answer.joined(true)
		a.FirstToken = f.firstToken(a.Start)
		if f.answer.at.After(a.Start) {
			a.End = f.answer.at
		}
		return append(reasons, noEnd)
	}
	a.Outcome = tailer.OutcomeSuccess
	switch a.Response = f.answer.joined(a.Streamed); {
	case a.Streamed && f.answer.holed:
		a.Response = nil
		reasons = append(reasons, ambiguousAnswer)
	case a.Response == nil:
		reasons = append(reasons, noAnswer)
	}
	a.CostTotal = f.answer.cost
	if a.Streamed {
		a.FirstToken = f.firstToken(a.Start)
	}
	if f.answer.at.After(a.Start) {
		a.End = f.answer.at
	}
	return reasons
}

// firstPiece returns when the first piece of the call's streamed answer was
// written, by the answer's id, else by the pieces that are certainly its own.
func (c *call) firstPiece(start time.Time) time.Time {
	if c.told.isUnsent() {
		return time.Time{}
	}
	if !c.firstChunk.at.IsZero() {
		f := flight{answer: answer{first: c.firstChunk.at, coarse: c.firstChunk.coarse}}
		return f.firstToken(start)
	}
	if f := c.flight(); f != nil && f.streamed && len(c.tries) < 2 && len(c.attempts) < 2 {
		return f.firstToken(start)
	}
	return time.Time{}
}

// firstToken returns when the first piece was written, as far as it is known. A
// stamp that is exact to a second only may lie before the request.
func (f *flight) firstToken(start time.Time) time.Time {
	if f.answer.coarse && f.answer.first.Before(start) && start.Sub(f.answer.first) < time.Second {
		return start
	}
	return f.answer.first
}

// completed reports whether the stream came to its end.
func (a *answer) completed() bool { return a.pieces.finish != "" || len(a.pieces.complete) > 0 }

// joined returns the answer as LiteLLM gave it to the client: the router's, else
// the provider's; of a stream its pieces.
func (a *answer) joined(streamed bool) []byte {
	switch {
	case streamed:
		return a.pieces.response()
	case a.response != nil:
		return a.response
	}
	return a.raw
}

// functionType returns LiteLLM's call type for the function of an arguments
// record.
func functionType(function string) string {
	switch name := strings.TrimPrefix(strings.TrimPrefix(function, insideFunction), "_"); name {
	case "acompletion", "atext_completion", "aembedding", "aimage_generation", "aimage_edit", "atranscription", "aspeech",
		"arerank", "amoderation", "anthropic_messages", "aresponses":
		return name
	}
	return ""
}
