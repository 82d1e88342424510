package ship

import "time"

// SinkState is how one sink fares.
type SinkState struct {
	Name                    string
	Waiting                 int64     // items that it has not got
	Oldest                  time.Time // when the oldest of them was taken; zero: none
	Delivered, DeadLettered int64     // in this run
	Had                     int64     // of the items, the sink had so many before, as it said when asked
	Failures                int64     // requests that failed and were tried again
	Down                    bool      // the last request failed: the circuit is open
	Since                   time.Time // of the outage
	LastError               string    // of the outage, else why dead letters can't be written
	Ended                   error     // nothing is sent any more
}

// Sinks returns the state of every sink, in the order of New's targets.
func (d *Delivery) Sinks() []SinkState {
	d.mu.Lock()
	defer d.mu.Unlock()
	states := make([]SinkState, len(d.lanes))
	for i, l := range d.lanes {
		s := SinkState{
			Name: l.name, Delivered: l.counts.delivered, DeadLettered: l.counts.dead, Had: l.counts.had,
			Failures: l.counts.failures, Ended: l.failed,
		}
		if l.unburied != nil {
			s.LastError = l.unburied.Error()
		}
		if l.outage.failures > 0 {
			s.Down, s.Since = true, l.outage.since
			if l.outage.last != nil {
				s.LastError = l.outage.last.Error()
			}
		}
		for e := range d.waiting {
			if e.Owing.Has(l.number) {
				s.Waiting++
				if s.Oldest.IsZero() || e.At.Before(s.Oldest) {
					s.Oldest = e.At
				}
			}
		}
		states[i] = s
	}
	return states
}
