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

// failures returns how many attempts failed between the start of an attempt's
// request and its end. sure is false when they may be another request's: then
// another one was answered meanwhile, or the log has no such lines, as a file of
// payloads.
func (o *outcomes) failures(a *attempt) (n int, sure bool) {
	if !o.seen {
		return 0, false
	}
	answered := 0
	for i := len(o.recent) - 1; i >= 0; i-- {
		switch line := o.recent[i]; {
		case line.at.Before(a.Start.Add(-time.Second)):
			i = 0
		case line.at.After(a.End.Add(time.Second)) || line.at.Before(a.Start) || line.at.After(a.End):
		case line.failed:
			n++
		default:
			answered++
		}
	}
	if n == 0 {
		return 0, true
	}
	if answered > 1 {
		return 0, false
	}
	return n, true
}
