package pair

import "time"

// A mover moves every time from since on that was taken from a stamp. What is reached in
// several ways is moved once.
type mover struct {
	shift time.Duration
	since time.Time
	done  map[any]bool
}

func (m *mover) time(at *time.Time) {
	if !at.IsZero() && !at.Before(m.since) {
		*at = at.Add(m.shift)
	}
}

// first reports whether something is reached for the first time.
func (m *mover) first(one any) bool {
	seen := m.done[one]
	m.done[one] = true
	return !seen
}

func (m *mover) tries(list []try) {
	for i := range list {
		m.time(&list[i].at)
	}
}

func (m *mover) flight(f *flight) {
	if f == nil || !m.first(f) {
		return
	}
	for _, at := range []*time.Time{&f.at, &f.landed, &f.ended, &f.last, &f.likely, &f.answer.ok, &f.answer.first, &f.answer.at} {
		m.time(at)
	}
	m.tries(f.failures)
	m.front(f.front)
}

func (m *mover) front(f *front) {
	if f != nil && m.first(f) {
		m.time(&f.at)
		m.time(&f.loadAt)
		m.flight(f.flight)
	}
}

func (m *mover) caller(c *caller) {
	if c != nil && m.first(c) {
		m.time(&c.at)
	}
}

func (m *mover) loose(e *loose) {
	if e != nil && m.first(e) {
		m.time(&e.at)
		m.flight(e.flight)
		m.caller(e.caller)
	}
}

func (m *mover) call(c *call) {
	for _, at := range []*time.Time{&c.first, &c.last, &c.refused, &c.firstChunk.at} {
		m.time(at)
	}
	m.tries(c.tries)
	for i := range c.attempts {
		m.time(&c.attempts[i].at)
	}
	m.loose(c.told)
	m.loose(c.refusal)
	m.front(c.front)
}

// redate moves every time from since on that was taken from a stamp: the log's
// date was a guess, or days went by in silence, and a record that states its own
// date has set it right.
func (t *Table) redate(shift time.Duration, since time.Time) {
	m := &mover{shift: shift, since: since, done: map[any]bool{}}
	m.time(&t.now)
	for c := range t.waiting.all() {
		m.call(c)
	}
	t.waiting.redate(m.time)
	t.settling.redate(m.time)
	for _, f := range t.fronts.queue {
		m.front(f)
	}
	for i := range t.fronts.arrivals {
		m.time(&t.fronts.arrivals[i].at)
	}
	for _, e := range t.errors {
		m.loose(e)
	}
	t.unchecked.redate(m)
	t.flights.redate(m)
	for i := range t.outcomes.recent {
		m.time(&t.outcomes.recent[i].at)
	}
	for i := range t.outcomes.errors {
		m.time(&t.outcomes.errors[i].at)
	}
	t.outcomes.passages.move(m.time)
	for id, first := range t.chunks.seen {
		m.time(&first.at)
		t.chunks.seen[id] = first
	}
	m.time(&t.counted.at)
	for seed, use := range t.seeds.seen {
		m.time(&use.last)
		t.seeds.seen[seed] = use
	}
	for id, one := range t.prompt.given {
		m.time(&one.at)
		t.prompt.given[id] = one
	}
}

func (u *unchecked) redate(m *mover) {
	for _, c := range u.callers {
		m.caller(c)
	}
	for _, list := range [][]*loose{u.refusals, u.told} {
		for _, e := range list {
			m.loose(e)
		}
	}
	for i := range u.strange {
		m.time(&u.strange[i])
	}
	for i := range u.arrivals {
		m.time(&u.arrivals[i].at)
		m.time(&u.arrivals[i].until)
	}
	m.time(&u.blind)
}

func (f *flights) redate(m *mover) {
	for _, list := range [][]*flight{f.open, f.nameless.over, f.puzzled, {f.lastEnded, f.lastRaw}} {
		for _, one := range list {
			m.flight(one)
		}
	}
	for _, list := range [][]landing{f.early, f.unknown} {
		for _, l := range list {
			m.time(&l.record.Time)
		}
	}
	for i := range f.spent.list {
		m.time(&f.spent.list[i].last)
	}
	for hash, at := range f.restated {
		m.time(&at)
		f.restated[hash] = at
	}
	m.time(&f.oldestOK)
	m.time(&f.foreigner)
	f.due = time.Time{}
}
