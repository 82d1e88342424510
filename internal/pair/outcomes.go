package pair

import (
	"time"

	"tailer"
)

// outcomes remembers the router's lines of late: how each attempt ended, without
// saying of which request.
type outcomes struct {
	recent []outcome
	seen   bool // the log has such lines at all
}

type outcome struct {
	at     time.Time
	failed bool
}

// maxOutcomes bounds the lines that are remembered.
const maxOutcomes = 8192

func (o *outcomes) add(r *tailer.Record) {
	if len(o.recent) >= maxOutcomes {
		o.recent = append(o.recent[:0], o.recent[maxOutcomes/2:]...)
	}
	o.seen = true
	o.recent = append(o.recent, outcome{at: r.Time, failed: r.Call.Outcome == tailer.OutcomeFailure})
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
		case line.failed && !line.at.After(a.End):
			return false
		}
	}
	return len(o.recent) < maxOutcomes/2
}
