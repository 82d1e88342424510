package pair

import (
	"time"

	"tailer"
)

// flight is a request between its first record and its last. While it is the
// only one, every record without an id is its own.
type flight struct {
	at       time.Time
	kind     tailer.Kind // of its first record
	streamed bool
	shared   bool // another request was in flight at the same time
	call     *call

	status int // sent to the client; 0 while unknown
	route  string
	method string
	access *tailer.Record
	landed time.Time // when the access line was written
	over   bool      // answered: only its access line can still come
	ended  time.Time // when it was answered; of a stream, when its last piece came
	last   time.Time // of its newest record
	answer answer
}

// touch notes that a record of the flight was written.
func (f *flight) touch(at time.Time) {
	if at.After(f.last) {
		f.last = at
	}
}

// end notes that the request was answered.
func (f *flight) end(at time.Time) {
	if !f.over {
		f.over, f.ended = true, at
	}
}

const (
	// maxFlight is how long, in log time, a request may be in flight.
	maxFlight = 10 * time.Minute
	// maxSilence is how long a stream that has begun may pause before it counts
	// as broken off, if others follow it.
	maxSilence = 10 * time.Second
)

// flights are the requests in flight, oldest first. Records without an id are
// matched while a single request can be meant, and to none otherwise.
type flights struct {
	open    []*flight // not landed
	unknown int       // access lines seen since several were open
}

// start notes a request's first record.
func (f *flights) start(kind tailer.Kind, at time.Time, streamed bool) *flight {
	f.expire(at)
	one := &flight{at: at, last: at, kind: kind, streamed: streamed}
	for _, other := range f.open {
		if !other.over {
			other.shared, one.shared = true, true
		}
	}
	f.open = append(f.open, one)
	return one
}

// refused notes an error that refuses a request. The same request may have been
// noted already: a bad body is reported twice.
func (f *flights) refused(kind tailer.Kind, at time.Time) *flight {
	if n := len(f.open); n > 0 && kind == tailer.KindBadBody && f.open[n-1].kind == kind && at.Sub(f.open[n-1].at) < time.Second {
		return f.open[n-1]
	}
	one := f.start(kind, at, false)
	one.end(at)
	return one
}

// only returns the one request that is not answered yet; nil when there is none
// or when there are several.
func (f *flights) only() (one *flight) {
	for _, other := range f.open {
		if other.over {
			continue
		}
		if one != nil {
			return nil
		}
		one = other
	}
	return one
}

// unbound returns the requests that no call has claimed and no error has ended.
func (f *flights) unbound() (list []*flight) {
	for _, one := range f.open {
		if one.call == nil && !one.over {
			list = append(list, one)
		}
	}
	return list
}

// land takes an access line and returns the request it certainly belongs to.
func (f *flights) land(r *tailer.Record) *flight {
	f.expire(r.Time)
	switch len(f.open) - f.unknown {
	case 0:
		return nil
	case 1:
		if f.unknown == 0 {
			one := f.open[0]
			f.take(one, r)
			return one
		}
		for _, one := range f.open {
			one.end(r.Time)
		}
		f.open, f.unknown = f.open[:0], 0
		return nil
	}
	f.unknown++
	return nil
}

// take lands one request. A stream lands when it begins.
func (f *flights) take(one *flight, r *tailer.Record) {
	one.status, one.landed = r.Status, r.Time
	one.touch(r.Time)
	if !one.streamed || r.Status >= 400 {
		one.end(r.Time)
		f.remove(one)
	}
}

func (f *flights) remove(one *flight) {
	for i := range f.open {
		if f.open[i] == one {
			f.open = append(f.open[:i], f.open[i+1:]...)
			return
		}
	}
}

// expire forgets requests that can't be in flight any more.
func (f *flights) expire(now time.Time) {
	for i := 0; i < len(f.open); {
		one := f.open[i]
		broken := one.streamed && !one.landed.IsZero() && now.Sub(one.last) > maxSilence
		if one.over && !one.landed.IsZero() || broken || now.Sub(one.last) > maxFlight || len(f.open) > maxLoose {
			f.open = append(f.open[:i], f.open[i+1:]...)
			f.unknown = min(f.unknown, len(f.open))
			continue
		}
		i++
	}
}
