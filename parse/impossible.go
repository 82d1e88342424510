package parse

import (
	"slices"
	"time"

	"tailer"
)

// What a record states of time and money may be impossible: a provider, or a price list
// of the operator's, may say anything. Such values are left out, and why is told.
const (
	impossibleTime = "impossible time"
	impossibleCost = "impossible cost"
)

const (
	// maxTook is how long an attempt may take at most. LiteLLM gives up after 100 minutes,
	// if nothing else is configured.
	maxTook = 24 * time.Hour
	// maxAway is how far the times in a record may be from its stamp, in a zone that is
	// not known, or wrong.
	maxAway = 2 * 24 * time.Hour
	// maxBack is how far a clock may be set back while an attempt is under way: the naive
	// times of a record are off by an hour then, twice a year.
	maxBack = time.Second
	// maxCost is what an attempt may cost at most, in USD.
	maxCost = 1e6
)

// isPossible reports whether a time can be that of a request.
func isPossible(at time.Time) bool { return at.Year() >= 2020 && at.Year() < 2100 }

// leaveOutTimes takes the times out of a record that can't be those of its attempt. stamped
// says that the proxy itself wrote when the record was made.
func leaveOutTimes(r *tailer.Record, stamped bool) {
	c := &r.Call
	out := func(at *time.Time) {
		if !at.IsZero() {
			*at, c.FirstToken = time.Time{}, time.Time{}
			leaveOutOf(c, impossibleTime)
		}
	}
	for _, at := range []*time.Time{&c.Start, &c.End} {
		if !isPossible(*at) || stamped && r.Time.Sub(*at).Abs() > maxAway {
			out(at)
		}
	}
	switch took := c.End.Sub(c.Start); {
	case c.Start.IsZero() || c.End.IsZero():
	case took > maxTook:
		out(&c.Start)
		out(&c.End)
	case took < -maxBack:
		out(&c.End)
	}
}

// leaveOutCosts takes out of a call what nobody pays for it.
func leaveOutCosts(c *tailer.Call) {
	for _, cost := range []**float64{&c.CostTotal, &c.CostInput, &c.CostOutput} {
		if *cost != nil && !isCost(**cost) {
			*cost = nil
			leaveOutOf(c, impossibleCost)
		}
	}
}

func isCost(cost float64) bool { return cost >= 0 && cost <= maxCost }

// leaveOutOf notes why something was left out of a call.
func leaveOutOf(c *tailer.Call, why string) {
	if !slices.Contains(c.LeftOut, why) {
		c.LeftOut = append(c.LeftOut, why)
	}
}
