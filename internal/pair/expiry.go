package pair

import (
	"slices"
	"time"
)

const (
	// maxFlight is how long, in log time, a request may be in flight.
	maxFlight = 10 * time.Minute
	// maxSilence is how long a stream that has begun may pause before it counts
	// as broken off, if others follow it.
	maxSilence = 10 * time.Second
	// maxUnlanded is how long a request that is over may wait for its access line,
	// before it is only counted. uvicorn writes the line when the answer begins.
	maxUnlanded = 2 * time.Minute
)

func (f *flights) remove(one *flight) {
	if i := slices.Index(f.open, one); i >= 0 {
		f.open = slices.Delete(f.open, i, i+1)
		f.drop(one)
	}
}

// drop notes that a request is no longer among the open.
func (f *flights) drop(one *flight) {
	one.gone = true
	if one.over && !one.landed.IsZero() {
		f.done--
	}
}

// expireBy notes that a request may expire at a time.
func (f *flights) expireBy(at time.Time) {
	if at.Before(f.due) {
		f.due = at
	}
}

// expire forgets requests that can't be in flight any more. Those that are over
// and have landed, or are handed out, matter to nobody: they go when they are many.
func (f *flights) expire(now time.Time) {
	f.spent.expire(now)
	if f.landing && !now.After(f.due) && len(f.open) <= maxLoose+maxLoose/4 && f.done+f.spent.soon <= 16+len(f.open)/4 {
		return
	}
	f.due, f.spent.soon = now.Add(maxFlight), 0
	kept := f.open[:0]
	for i, one := range f.open {
		age := now.Sub(one.last)
		broken := one.streamed && !one.landed.IsZero() && age > maxSilence
		switch {
		case one.over && (!one.landed.IsZero() || !f.landing) || broken || age > maxFlight || len(f.open)-i+len(kept) > maxLoose:
			f.drop(one)
			continue
		case one.isSpent(now):
			f.spent.add(one)
			f.drop(one)
			continue
		}
		limit := maxFlight
		if one.streamed && !one.landed.IsZero() {
			limit = maxSilence
		}
		f.expireBy(one.last.Add(limit))
		kept = append(kept, one)
	}
	clear(f.open[len(kept):])
	f.open = kept
	if extra := len(f.unknown) - len(f.open) - len(f.spent.list); extra > 0 {
		f.unknown = append(f.unknown[:0], f.unknown[extra:]...)
	}
}

// isSpent reports whether nothing that is told of the request can matter any more,
// but that an access line may be its own.
func (f *flight) isSpent(now time.Time) bool {
	return f.over && f.landed.IsZero() && (f.call != nil && f.call.finished || now.Sub(f.ended) > maxUnlanded)
}

// spent are requests that are over and have not landed as far as the log tells.
// They are many where access lines can't be told apart, so only what their
// access lines can be is kept.
type spent struct {
	list   []unlanded // oldest first
	counts []typeCount
	soon   int // how many of the open may join
}

type unlanded struct {
	types typeSet
	last  time.Time
}

type typeCount struct {
	types typeSet
	n     int
}

func (s *spent) add(one *flight) {
	types := one.landings()
	s.list = append(s.list, unlanded{types, one.last})
	s.counts = addType(s.counts, types)
}

// match returns how many requests can have an access line of these types, and
// what else their access lines can be.
func (s *spent) match(types typeSet) (n int, all typeSet) {
	for _, c := range s.counts {
		if c.n > 0 && c.types&types != 0 {
			n, all = n+c.n, all|c.types
		}
	}
	return n, all
}

// land forgets the requests that can have an access line of these types.
func (s *spent) land(types typeSet) {
	s.list = slices.DeleteFunc(s.list, func(u unlanded) bool { return u.types&types != 0 })
	for i := range s.counts {
		if s.counts[i].types&types != 0 {
			s.counts[i].n = 0
		}
	}
}

func (s *spent) expire(now time.Time) {
	n := 0
	for n < len(s.list) && (now.Sub(s.list[n].last) > maxFlight || len(s.list)-n > maxLoose) {
		for i := range s.counts {
			if s.counts[i].types == s.list[n].types {
				s.counts[i].n--
			}
		}
		n++
	}
	s.list = s.list[n:]
}
