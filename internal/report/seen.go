package report

import "encoding/binary"

// generation is how many requests are remembered at least, so that one which
// stands in two logs is counted once: 8 bytes each, and the map's own.
const generation = 500_000

// seen remembers the last requests by their ids, between one and two
// generations of them.
type seen struct {
	young, old map[[8]byte]struct{}
}

// add reports whether the request is new.
func (s *seen) add(traceID, spanID string) bool {
	id := requestID(traceID, spanID)
	if _, known := s.young[id]; known {
		return false
	}
	if _, known := s.old[id]; known {
		return false
	}
	if s.young == nil || len(s.young) >= generation {
		s.old, s.young = s.young, make(map[[8]byte]struct{})
	}
	s.young[id] = struct{}{}
	return true
}

// requestID folds both ids into 8 bytes. They are hashes already.
func requestID(traceID, spanID string) (id [8]byte) {
	var n uint64
	for i, c := range []byte(traceID + spanID) {
		n ^= uint64(c) << (8 * (i % 8))
		n *= 0x9e3779b97f4a7c15
		n ^= n >> 29
	}
	binary.BigEndian.PutUint64(id[:], n)
	return id
}
