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
type restated map[uint64]time.Time // by the hash of an answer, when it was logged

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
	if *s == nil || len(*s) >= maxRestated {
		*s = restated{}
	}
	hash := maphash.Bytes(jsonSeed, r.Call.Response)
	before, known := (*s)[hash]
	(*s)[hash] = r.Time
	return known && r.Time.Sub(before) <= restateGap
}
