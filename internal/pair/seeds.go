package pair

import (
	"strconv"
	"time"
)

// seeds numbers requests without a call id whose records are equal to the byte.
// Its zero value is ready to use.
type seeds struct {
	seen map[string]seedUse
}

type seedUse struct {
	last  time.Time
	times int
}

// seedLife is how long, in log time, equal records count as another request of
// the same kind (span contract, section 3).
const seedLife = time.Minute

// maxSeeds bounds the seeds that are remembered.
const maxSeeds = 4096

// take returns the seed, with `#2`, `#3`, … when it was taken before.
func (s *seeds) take(seed string, now time.Time) string {
	if s.seen == nil || len(s.seen) >= maxSeeds {
		s.seen = map[string]seedUse{}
	}
	use := s.seen[seed]
	if use.times > 0 && now.Sub(use.last) > seedLife {
		use.times = 0
	}
	use.times++
	use.last = now
	s.seen[seed] = use
	if use.times == 1 {
		return seed
	}
	return seed + "#" + strconv.Itoa(use.times)
}
