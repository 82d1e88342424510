package pair

import (
	"slices"
	"time"

	"tailer"
)

// A passage is what a log at INFO tells of a request between being handed to the
// router and its access line: how its attempts ended, while it was alone in flight.
// From 1.82 on no payload of a failed attempt is printed, and up to 1.83 none says
// how many there were.
type passage struct {
	from, to time.Time // to is zero while it is not over
	coarse   bool
	ok       time.Time // when the router told of the answer
	model    string    // that answered
	failures []try
	unsure   bool // an attempt may have been another's
	among    *stretch
}

// close notes what is known of the flight once it is over.
func (p *passage) close(f *flight, at time.Time) {
	if p == nil || !p.to.IsZero() {
		return
	}
	p.to, p.ok, p.model, p.unsure = at, f.answer.ok, f.answer.model, f.unsure
	p.failures = slices.Clone(f.failures)
	p.among.open--
	for _, t := range []time.Time{p.to, p.ok} {
		if t.After(p.among.end) {
			p.among.end = t
		}
	}
}

// A stretch is some passages one after another. What was over before an attempt began
// need not be looked at one by one: there are thousands.
type stretch struct {
	list []*passage
	open int       // those that are not over
	end  time.Time // of the others
}

// stretchSize is how many passages a stretch has.
const stretchSize = 64

// passages are those of late, oldest first.
type passages struct{ list []*stretch }

// begin notes a request that is handed to the router.
func (p *passages) begin(r *tailer.Record) *passage {
	if len(p.list) == 0 || len(p.list[len(p.list)-1].list) == stretchSize {
		if len(p.list) == maxOutcomes/stretchSize {
			p.list = slices.Delete(p.list, 0, len(p.list)/2)
		}
		p.list = append(p.list, &stretch{})
	}
	last := p.list[len(p.list)-1]
	one := &passage{from: r.Time, coarse: r.Coarse, among: last}
	last.list = append(last.list, one)
	last.open++
	return one
}

// move shifts all times.
func (p *passages) move(shift func(*time.Time)) {
	for _, s := range p.list {
		shift(&s.end)
		for _, one := range s.list {
			shift(&one.from)
			shift(&one.to)
			shift(&one.ok)
			for i := range one.failures {
				shift(&one.failures[i].at)
			}
		}
	}
}

// stampGap is how much a stamp may differ from the times that a payload states.
const stampGap = 2 * time.Millisecond

// coarseGap is that of a stamp of whole seconds.
const coarseGap = stampGap + time.Second

// of returns the passage of the request whose attempt a payload states: the only
// one during which it can have begun; nil when there are several, or when the
// router's words may be about others as well.
func (p *passages) of(a *attempt) (own *passage) {
	for _, s := range p.list {
		if s.open == 0 && a.Start.After(s.end.Add(coarseGap)) {
			continue
		}
		for _, one := range s.list {
			if !one.admits(a) {
				continue
			}
			if own != nil {
				return nil
			}
			own = one
		}
	}
	if own == nil || own.unsure || own.to.IsZero() || own.ok.IsZero() {
		return nil
	}
	return own
}

// admits reports whether the attempt may have begun during the passage. A payload
// states when a stream was asked for, but of other answers when the attempt that
// was answered began.
func (p *passage) admits(a *attempt) bool {
	from, to := p.from, p.to
	if p.to.IsZero() {
		to = from.Add(maxFlight)
	}
	if !p.unsure && !p.ok.IsZero() {
		to = p.ok
		if p.model != a.Model {
			return false
		}
		if n := len(p.failures); n > 0 && a.Streamed {
			to = p.failures[0].at
		} else if n > 0 {
			from = p.failures[n-1].at
		}
	}
	gap := stampGap
	if p.coarse {
		gap = coarseGap
	}
	return !a.Start.Before(from.Add(-stampGap)) && !a.Start.After(to.Add(gap))
}

// fellBack reports whether another model answered than was asked first.
func (p *passage) fellBack() bool {
	return slices.ContainsFunc(p.failures, func(t try) bool { return t.model != p.model })
}
