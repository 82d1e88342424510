package pair

import (
	"time"

	"tailer"
)

// flight is a request between its first record and its access line, which
// states the HTTP status but bears no id.
type flight struct {
	at     time.Time
	kind   tailer.Kind // of its first record
	status int         // sent to the client; 0 while unknown
	landed time.Time   // when the access line was written
}

// maxFlight is how long, in log time, a request may be in flight.
const maxFlight = 10 * time.Minute

// flights matches access lines to requests. A line is matched only while a
// single request is in flight that it can belong to; when several are, their
// lines are counted until all have come, and matched to none.
type flights struct {
	open    []*flight
	unknown int // access lines seen since several were open
}

// start notes a request's first record.
func (f *flights) start(kind tailer.Kind, at time.Time) *flight {
	f.expire(at)
	one := &flight{at: at, kind: kind}
	f.open = append(f.open, one)
	return one
}

// refused notes an error that refuses a request. The same request may have been
// noted already: a bad body is reported twice, and some are refused after it.
func (f *flights) refused(kind tailer.Kind, at time.Time) *flight {
	if n := len(f.open); n > 0 && kind == tailer.KindBadBody && f.open[n-1].kind == kind && at.Sub(f.open[n-1].at) < time.Second {
		return f.open[n-1]
	}
	return f.start(kind, at)
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
			f.open = f.open[:0]
			one.status, one.landed = r.Status, r.Time
			return one
		}
		f.open, f.unknown = f.open[:0], 0
		return nil
	}
	f.unknown++
	return nil
}

func (f *flights) expire(now time.Time) {
	for len(f.open) > 0 && (now.Sub(f.open[0].at) > maxFlight || len(f.open) > maxLoose) {
		f.open = f.open[1:]
		f.unknown = max(0, f.unknown-1)
	}
}
