package report

import (
	"math"
	"time"

	"tailer"
	"tailer/ship/otlp"
)

// sum adds amounts of money so that the order in which they come does not show
// (Neumaier's summation).
type sum struct{ total, rest float64 }

func (s *sum) add(v float64) {
	t := s.total + v
	if math.Abs(s.total) >= math.Abs(v) {
		s.rest += (s.total - t) + v
	} else {
		s.rest += (v - t) + s.total
	}
	s.total = t
}

func (s *sum) value() float64 { return s.total + s.rest }

// figures is what is counted of a set of requests.
type figures struct {
	requests, errors, warnings, incomplete, attributed int64
	metered, priced, cacheHits                         int64 // requests whose tokens, whose cost are stated; answered from a cache
	usage                                              otlp.Usage
	cost                                               sum
	latency, firstToken                                distribution
	first, last                                        time.Time // starts
}

func (f *figures) add(s *otlp.Summary) {
	f.requests++
	switch s.Level {
	case tailer.LevelError:
		f.errors++
	case tailer.LevelWarning:
		f.warnings++
	case tailer.LevelDefault:
		// The time of a request that failed or was cut says nothing of the model.
		f.latency.add(s.End.Sub(s.Start).Seconds())
		if !s.FirstToken.IsZero() {
			f.firstToken.add(s.FirstToken.Sub(s.Start).Seconds())
		}
	}
	count(&f.incomplete, s.Incomplete != "")
	count(&f.attributed, s.User != "")
	count(&f.cacheHits, s.CacheHit)
	count(&f.metered, s.Metered)
	count(&f.priced, s.Priced)
	f.addUsage(s.Usage)
	f.cost.add(s.Cost)
	f.span(s.Start)
}

func (f *figures) addUsage(u otlp.Usage) {
	f.usage.Input += u.Input
	f.usage.Cached += u.Cached
	f.usage.CacheCreation += u.CacheCreation
	f.usage.AudioIn += u.AudioIn
	f.usage.Output += u.Output
	f.usage.Reasoning += u.Reasoning
	f.usage.AudioOut += u.AudioOut
	f.usage.Total += u.Total
}

func (f *figures) span(start time.Time) {
	if start.IsZero() {
		return
	}
	if f.first.IsZero() || start.Before(f.first) {
		f.first = start
	}
	if start.After(f.last) {
		f.last = start
	}
}

// merge adds what other has counted.
func (f *figures) merge(other *figures) {
	f.requests += other.requests
	f.errors += other.errors
	f.warnings += other.warnings
	f.incomplete += other.incomplete
	f.attributed += other.attributed
	f.metered += other.metered
	f.priced += other.priced
	f.cacheHits += other.cacheHits
	f.addUsage(other.usage)
	f.cost.add(other.cost.total)
	f.cost.add(other.cost.rest)
	f.latency.merge(&other.latency)
	f.firstToken.merge(&other.firstToken)
	f.span(other.first)
	f.span(other.last)
}

func count(n *int64, yes bool) {
	if yes {
		*n++
	}
}
