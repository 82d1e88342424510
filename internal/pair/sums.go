package pair

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"slices"

	"tailer"
)

// summed are the members of bodies that sameBody compares.
var summed = append([]string{"model"}, contentNames...)

// sums are hashes of what bodies state in summed, 0 for nothing: one may have to be
// compared with those of thousands of fronts that have the same headers.
type sums struct {
	values  [5]uint64
	private bool // content of it is not logged
}

// sought compares a body with those of fronts, as sameBody does.
type sought struct {
	body tailer.Fields
	sums *sums // nil while they were of no use
}

// alsoBy reports whether a front's body asks the same. Mostly the bytes tell.
func (a *sought) alsoBy(f *front) bool {
	if !slices.ContainsFunc(summed, func(name string) bool {
		x, y := f.request.Body.Get(name), a.body.Get(name)
		return x != nil && y != nil && !bytes.Equal(x, y)
	}) {
		return true
	}
	if a.sums == nil {
		a.sums = sumsOf(a.body)
	}
	if f.sums == nil {
		f.sums = sumsOf(f.request.Body)
	}
	return f.sums.agree(a.sums) || a.sums.private && sameBody(f.request.Body, a.body)
}

// sumsOf returns the sums of a body.
func sumsOf(body tailer.Fields) *sums {
	s := &sums{}
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
		s.values[i] = max(1, sumOf(v))
	}
	return s
}

// sumOf hashes a JSON value; nulls in objects count as absent, as in sameValue.
func sumOf(v any) (sum uint64) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member != nil {
				sum += maphash.Comparable(jsonSeed, [2]uint64{maphash.String(jsonSeed, name), sumOf(member)})
			}
		}
		return maphash.Comparable(jsonSeed, [2]uint64{1, sum})
	case []any:
		sum = uint64(len(v))
		for _, element := range v {
			sum = maphash.Comparable(jsonSeed, [2]uint64{sum, sumOf(element)})
		}
		return maphash.Comparable(jsonSeed, [2]uint64{2, sum})
	default:
		return maphash.Comparable(jsonSeed, v)
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
