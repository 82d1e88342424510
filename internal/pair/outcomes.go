package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// outcomes remembers the router's lines of late: how each attempt ended, without
// saying of which request.
type outcomes struct {
	recent   []outcome
	seen     bool      // the log has such lines at all
	errors   []*failed // the newest failures, oldest first
	passages passages
	stated   stated
}

// failed is an attempt that failed, in the router's words.
type failed struct {
	at              time.Time
	function, words string
	tellings        int  // errors in its words that clients were told since
	ended           bool // it was the last one of a request that failed
}

// maxFailed bounds the failures whose words are remembered.
const maxFailed = 64

type outcome struct {
	at     time.Time
	failed *failed // nil if it succeeded
}

// maxOutcomes bounds the lines that are remembered.
const maxOutcomes = 8192

func (o *outcomes) add(r *tailer.Record) {
	if len(o.recent) >= maxOutcomes {
		o.recent = append(o.recent[:0], o.recent[maxOutcomes/2:]...)
	}
	o.seen = true
	line := outcome{at: r.Time}
	if r.Call.Outcome == tailer.OutcomeFailure {
		if len(o.errors) >= maxFailed {
			for _, old := range o.errors[:maxFailed/2] {
				old.words = "" // recent has it yet
			}
			o.errors = slices.Delete(o.errors, 0, maxFailed/2)
		}
		words := r.Call.Failure.Message
		line.failed = &failed{at: r.Time, function: r.Function, words: strings.Clone(words[:min(len(words), comparedWords)])}
		o.errors = append(o.errors, line.failed)
	}
	o.recent = append(o.recent, line)
}

// told notes an error that a client was told. The attempt that met it was the last of
// a request that failed, so no request that was answered has made it: the only one in
// these words, or one of as many as there are errors in them.
func (o *outcomes) told(e *loose) {
	var met []*failed
	for i := len(o.errors) - 1; i >= 0 && e.at.Sub(o.errors[i].at) <= retryTime; i-- {
		one := o.errors[i]
		if one.ended || one.words == "" || !sameWords(e.failure.Message, one.words) {
			continue
		}
		if len(met) == 0 && e.at.Sub(one.at) > toldGap {
			return
		}
		one.tellings++
		met = append(met, one)
	}
	if slices.ContainsFunc(met, func(one *failed) bool { return one.tellings < len(met) }) {
		return
	}
	for _, one := range met {
		one.ended = true
	}
}

// toldGap is how long before the client is told of an error the router may tell
// of the attempt that met it: it looks for a fallback meanwhile.
const toldGap = 2 * time.Second

// functionOf returns what was called when an error came that a client is told; ""
// where it is not known, or may be one or another.
func (o *outcomes) functionOf(e *loose) (function string) {
	for i := len(o.errors) - 1; i >= 0 && e.at.Sub(o.errors[i].at) <= toldGap; i-- {
		met := o.errors[i]
		if met.words == "" || !sameWords(e.failure.Message, met.words) {
			continue
		}
		if function != "" && function != met.function {
			return ""
		}
		function = met.function
	}
	return functionType(function)
}

// retryTime is how long before an attempt begins another one of the same request
// may have failed: LiteLLM waits up to a minute before it tries again.
const retryTime = time.Minute

// none reports whether no attempt of a request can have failed before the one that
// succeeded. The line of a failed attempt may be another request's, so a single
// one will do for a doubt, or that the log has no such lines, as a file of
// payloads. A payload states when a stream was asked for, but of other answers
// when the last attempt began.
func (o *outcomes) none(a *attempt) bool {
	if !o.seen {
		return false
	}
	from := a.Start
	if !a.Streamed {
		from = from.Add(-retryTime)
	}
	for i := len(o.recent) - 1; i >= 0; i-- {
		switch line := o.recent[i]; { // nearly in order
		case line.at.Before(from.Add(-time.Second)):
			return true
		case line.at.Before(from):
		case line.failed != nil && !line.failed.ended && !line.at.After(a.End):
			return false
		}
	}
	return len(o.recent) < maxOutcomes/2
}
