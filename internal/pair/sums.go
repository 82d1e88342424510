package pair

import (
	"bytes"
	"encoding/json"
	"hash/maphash"

	"tailer"
)

// summed are the members of bodies that sameBody compares.
var summed = append([]string{"model"}, contentNames...)

// sums are hashes of what bodies state in summed, 0 for nothing: a claim may have to
// compare its body with those of thousands of fronts that have the same headers.
type sums struct {
	values  [5]uint64
	private bool // content of it is not logged
}

// sumsOf returns the sums of a body.
func (x *frontIndex) sumsOf(body tailer.Fields) (s sums) {
	for i, name := range summed {
		raw := body.Get(name)
		if raw == nil {
			continue
		}
		s.private = s.private || bytes.Contains(raw, privateMark)
		var v any
		if json.Unmarshal(raw, &v) != nil {
			v = string(raw)
		}
		s.values[i] = max(1, x.sumOf(v))
	}
	return s
}

// sumOf hashes a JSON value; nulls in objects count as absent, as in sameValue.
func (x *frontIndex) sumOf(v any) (sum uint64) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member != nil {
				sum += maphash.Comparable(x.seed, [2]uint64{maphash.String(x.seed, name), x.sumOf(member)})
			}
		}
		return maphash.Comparable(x.seed, [2]uint64{1, sum})
	case []any:
		sum = uint64(len(v))
		for _, element := range v {
			sum = maphash.Comparable(x.seed, [2]uint64{sum, x.sumOf(element)})
		}
		return maphash.Comparable(x.seed, [2]uint64{2, sum})
	default:
		return maphash.Comparable(x.seed, v)
	}
}

// agree reports whether what both state is equal.
func (s *sums) agree(other *sums) bool {
	for i, mine := range s.values {
		if its := other.values[i]; mine != 0 && its != 0 && mine != its {
			return false
		}
	}
	return true
}
