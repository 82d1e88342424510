package pair

import "time"

// redate moves every time from since on that was taken from a stamp: the log's
// date was a guess, or days went by in silence, and a record that states its own
// date has set it right.
func (t *Table) redate(shift time.Duration, since time.Time) {
	move := func(at *time.Time) {
		if !at.IsZero() && !at.Before(since) {
			*at = at.Add(shift)
		}
	}
	fronts, flights := map[*front]bool{}, map[*flight]bool{nil: true}
	moveFlight := func(f *flight) {
		if !flights[f] {
			flights[f] = true
			move(&f.at)
			move(&f.landed)
		}
	}
	moveFront := func(f *front) {
		if f != nil && !fronts[f] {
			fronts[f] = true
			move(&f.at)
			moveFlight(f.flight)
		}
	}
	move(&t.now)
	for c := range t.waiting.all() {
		move(&c.first)
		move(&c.last)
		move(&c.firstChunk.at)
		for i := range c.tries {
			move(&c.tries[i].at)
		}
		for i := range c.attempts {
			move(&c.attempts[i].at)
		}
		if c.told != nil {
			move(&c.told.at)
			moveFlight(c.told.flight)
		}
		moveFront(c.front)
	}
	t.waiting.redate(move)
	t.settling.redate(move)
	for _, f := range t.fronts.queue {
		moveFront(f)
	}
	for i := range t.fronts.arrivals {
		move(&t.fronts.arrivals[i].at)
	}
	for _, e := range t.errors {
		move(&e.at)
		moveFlight(e.flight)
	}
	for _, c := range t.unchecked.callers {
		move(&c.at)
	}
	for i := range t.unchecked.strange {
		move(&t.unchecked.strange[i])
	}
	for i := range t.unchecked.arrivals {
		move(&t.unchecked.arrivals[i].at)
		move(&t.unchecked.arrivals[i].until)
	}
	move(&t.unchecked.blind)
	for _, f := range t.flights.open {
		moveFlight(f)
	}
	t.flights.due = time.Time{}
	for i := range t.outcomes.recent {
		move(&t.outcomes.recent[i].at)
	}
	for i := range t.outcomes.errors {
		move(&t.outcomes.errors[i].at)
	}
	t.outcomes.passages.move(move)
	for id, first := range t.chunks.seen {
		move(&first.at)
		t.chunks.seen[id] = first
	}
}
