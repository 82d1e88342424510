package pair

import (
	"hash/maphash"
	"time"

	"tailer"
	"tailer/internal/rawjson"
)

// restated knows the providers' answers of the last moments: LiteLLM logs those to
// /v1/messages, and others with a cache, a second time when it has sent them on, and another
// request may be the only one in flight by then.
type restated struct {
	seed maphash.Seed
	at   map[uint64]time.Time
}

const (
	// restateGap is how long after an answer it may be logged again.
	restateGap = 10 * time.Second
	// maxRestated bounds the answers that are known.
	maxRestated = 4096
)

// has reports whether the very same answer was logged before. One without an id may be
// the answer to another request, which asked the same.
func (s *restated) has(r *tailer.Record) bool {
	if rawjson.Text(rawjson.Member(r.Call.Response, "id")) == "" {
		return false
	}
	if len(s.at) == 0 || len(s.at) >= maxRestated {
		s.seed, s.at = maphash.MakeSeed(), map[uint64]time.Time{}
	}
	hash := maphash.Bytes(s.seed, r.Call.Response)
	before, known := s.at[hash]
	s.at[hash] = r.Time
	return known && r.Time.Sub(before) <= restateGap
}
