package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// loose is an error without a call id that no call has claimed.
type loose struct {
	kind    tailer.Kind
	at      time.Time
	coarse  bool // at is exact to a second only
	failure tailer.Failure
	group   string // that it names
	callID  string // "" for most
	pos     tailer.Position
	flight  *flight // the request that it certainly ended; nil when unknown
	route   string  // LiteLLM's call type, where only one route words it so
	raw     []byte
	after   *call // which had succeeded when it came, and may have been told it; nil when unknown
	doubt   bool  // it may be about any that had succeeded when it came
	alone   bool  // nothing else was under way then
	shared  bool  // given to a call: of its model group, or of its call id

	// Of errors that refuse a request; see unchecked.
	stream  tailer.Stream
	writer  string
	order   int64   // of its record
	suspect bool    // it may be somebody's text
	waits   bool    // its caller is still looked for
	own     *call   // the request that it refused; nil while that is not certain
	caller  *caller // nil while unknown
	unsure  bool    // its caller may be another
	stray   bool    // its headers may not have been looked at
	seen    bool    // that has been found out
}

// addFailure takes an error that a client was told.
func (t *Table) addFailure(r *tailer.Record) {
	e := &loose{kind: r.Kind, at: r.Time, coarse: r.Coarse, failure: r.Failure, pos: r.Pos, route: r.Function, raw: r.Raw, suspect: r.Suspect}
	e.group = groupIn(r.Failure.Message)
	if r.Kind == tailer.KindFailure {
		t.outcomes.told(e)
	}
	if r.Kind == tailer.KindRefused {
		e.flight = t.flights.refused(r.Kind, r.Time)
		t.flights.landEarly(e.flight, r)
		t.refuse(e, r)
	}
	if r.CallID != "" {
		if c := t.bearer(e, r.CallID); c != nil {
			t.touch(c, r)
			c.told, e.callID = e, c.id
			t.settle(c)
			return
		}
	}
	if r.CallID == "" {
		if c := t.failedBy(e); c != nil {
			t.touch(c, r)
			c.told = e
			t.settle(c)
			return
		}
	}
	if r.CallID == "" && t.tell(e, r) || r.CallID != "" && t.name(e, r) {
		return
	}
	if e.callID = r.CallID; e.callID != "" && e.route == "" {
		e.route = t.outcomes.functionOf(e)
	}
	if e.kind == tailer.KindFailure && e.callID == "" && e.flight == nil {
		t.follow(e)
		if e.after == nil && !t.slim.full {
			e.flight = t.flights.unseen(r)
		}
	}
	t.await(e)
}

// failedBy returns the call that failed with what an error without an id says; nil if there
// is none.
func (t *Table) failedBy(e *loose) *call {
	if e.kind != tailer.KindStreamFailure && e.failure.Message != "" {
		return t.awaited.met(e)
	}
	for c := range t.waiting.all() { // what failed stands somewhere in the words
		if c.isUntold() && e.fits(c) {
			return c
		}
	}
	return nil
}

// tell gives an error to the call it certainly ended: the one request in flight,
// or the only call of the model group that the error names.
func (t *Table) tell(e *loose, r *tailer.Record) bool {
	if r.Kind == tailer.KindRefused {
		return false
	}
	var own *call
	inStream := r.Kind == tailer.KindStreamFailure
	some := 2 // which is one too many
	if inStream {
		some = len(t.flights.live)
	}
	mayFail := func(f *flight) bool {
		if inStream && !f.streamed || !inStream && f.streamed && f.answer.begun && !e.isUnsent() {
			return false // a stream may have begun without its being known whose it was
		}
		return f.mayMeet(e.failure.Message) && (f.call == nil || !f.call.settled())
	}
	failing := t.flights.some(some, mayFail)
	if model := unknownModel(e.failure.Message); model != "" && len(failing) > 1 {
		failing = t.flights.some(2, func(f *flight) bool { return mayFail(f) && f.body().Text("model") == model })
	}
	if inStream && len(failing) > 1 {
		for _, f := range failing {
			f.doubted = true
		}
	}
	if len(failing) == 1 {
		f := failing[0]
		if f.call == nil {
			e.flight = f
			f.failing = !inStream
			f.end(r.Time)
			return false
		}
		own, e.alone = f.call, len(t.flights.justAnswered(e.at)) == 0 && t.flights.foreigner.Before(f.at)
	} else if e.group != "" {
		several := false
		t.awaited.ofGroup(e.group, func(c *call) bool {
			own, several = c, own != nil
			return !several
		})
		if several {
			return false
		}
	}
	if own == nil || own.told != nil {
		return false
	}
	own.told = e
	t.touch(own, r)
	if f := own.flight(); f != nil {
		f.end(r.Time)
	}
	t.settle(own)
	return true
}

// name gives an error that states its call id to the request that never got as
// far as a call: the only one without, or the only one of these whose model the
// error names. Such requests are refused by the router (unknown model, no
// messages).
func (t *Table) name(e *loose, r *tailer.Record) bool {
	if r.Kind != tailer.KindFailure || t.calls[r.CallID] != nil || len(t.aside[r.CallID]) > 0 {
		return false
	}
	free := t.flights.unanswered(func(f *flight) bool { return f.call == nil && f.front != nil && !f.front.claimed })
	if len(free) > 1 {
		named := free[:0:0]
		for _, f := range free {
			if model := f.body().Text("model"); model != "" && strings.Contains(e.failure.Message, "model="+model) {
				named = append(named, f)
			}
		}
		free = named
	}
	if len(free) != 1 {
		return false
	}
	f := free[0]
	c := t.call(r)
	t.join(c, f.front)
	c.told = e
	c.state(&tailer.Record{Request: f.front.request})
	f.end(r.Time)
	t.settle(c)
	return true
}

// claimError gives the call the oldest error that fits it. A call that went on
// to succeed gives back what it had claimed.
func (t *Table) claimError(c *call) {
	if c.succeeded() && c.told != nil && c.told.callID == "" && c.told.kind != tailer.KindStreamFailure {
		t.errors = append(t.errors, c.told)
		if f := c.flight(); f != nil {
			f.refused = true
		}
		c.told.after, c.told = c, nil
	}
	if !c.failed() || c.told != nil {
		return
	}
	for i, e := range t.errors {
		if t.claims(c, e) {
			c.told = e
			c.pos = append(c.pos, e.pos)
			if e.at.After(c.last) {
				c.last = e.at
			}
			t.errors = append(t.errors[:i], t.errors[i+1:]...)
			return
		}
	}
}

// addBadBody takes the note that a body was no JSON. The same request may be
// noted twice, the second time in more words.
func (t *Table) addBadBody(r *tailer.Record) {
	f := t.flights.refused(r.Kind, r.Time)
	if n := len(t.errors); n > 0 && t.errors[n-1].flight == f {
		t.errors[n-1].failure, t.errors[n-1].pos.End = r.Failure, r.Pos.End
		return
	}
	e := &loose{kind: r.Kind, at: r.Time, coarse: r.Coarse, failure: r.Failure, pos: r.Pos, raw: r.Raw, flight: f}
	t.refuse(e, r)
	t.await(e)
}

// share gives errors that name one model group, in the same words, to the calls of
// that group that are without an end, when there are as many of the ones as of
// the others: then each call has met one of them.
func (t *Table) share(first *loose) {
	if first.group == "" || first.shared {
		return
	}
	errors, calls := t.alike[:0], t.sharers[:0] // in memory that is used again: these can be thousands
	for _, e := range t.errors {
		if e.kind == first.kind && e.callID == "" && !e.shared && e.group == first.group {
			errors = append(errors, e)
		}
	}
	t.awaited.ofGroup(first.group, func(c *call) bool {
		calls = append(calls, c)
		return len(calls) <= len(errors)
	})
	t.alike, t.sharers = errors, calls
	if len(errors) != len(calls) || slices.ContainsFunc(errors, func(e *loose) bool { return !sameWords(e.failure.Message, first.failure.Message) }) {
		return
	}
	slices.SortStableFunc(calls, func(a, b *call) int { return a.tries[len(a.tries)-1].at.Compare(b.tries[len(b.tries)-1].at) })
	for i, c := range calls {
		c.told, errors[i].shared = errors[i], true
		c.pos = append(c.pos, errors[i].pos)
		t.settle(c)
	}
}

// fits reports whether the error is what a client of the call was told: it
// starts with the words of the failed attempt and names the same model group.
func (e *loose) fits(c *call) bool {
	a := c.final()
	if e.at.Before(a.Start.Add(-time.Second)) {
		return false
	}
	if e.group != "" && a.ModelGroup != "" && e.group != a.ModelGroup {
		return false
	}
	words := c.words()
	switch {
	case a.Refused && e.kind == tailer.KindFailure: // for what it asked, not for its key
		return words != "" && e.failure.Message == a.Failure.Message
	case a.Refused || e.refuses():
		return a.Refused && e.refuses() && e.failure.Message == a.Failure.Message && (e.kind == tailer.KindRefused || words != "")
	case e.kind == tailer.KindStreamFailure:
		return len(words) >= 8 && strings.Contains(e.failure.Message, words)
	case words == "":
		return e.failure.Message == ""
	}
	return sameWords(e.failure.Message, words)
}

// refuses reports whether the error keeps a request from being looked at.
func (e *loose) refuses() bool { return e.kind == tailer.KindRefused || e.kind == tailer.KindBadBody }

// comparedWords is how many bytes of an error's words are compared. 1.109 leaves
// out the middle of what is longer than 4096 characters.
const comparedWords = 1500

// sameWords reports whether text starts with words, but for digits: each attempt
// reports how long it took. Of a text log blank lines are not kept.
func sameWords(text, words string) bool {
	i := 0
	for j := 0; j < len(words); {
		switch {
		case words[j] == '\n':
			j++
		case i < len(text) && text[i] == '\n':
			i++
		case i < len(text) && text[i] == words[j] && !isDigit(words[j]):
			i, j = i+1, j+1
		case i < len(text) && isDigit(text[i]) && isDigit(words[j]):
			for i < len(text) && isDigit(text[i]) {
				i++
			}
			for j < len(words) && isDigit(words[j]) {
				j++
			}
		default:
			return false
		}
	}
	return true
}

// isDigit also takes the point of a decimal fraction.
func isDigit(c byte) bool { return c >= '0' && c <= '9' || c == '.' }
