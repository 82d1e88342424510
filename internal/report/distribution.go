package report

import (
	"math"
	"slices"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

const (
	exactValues = 256  // so many values are kept as they are
	accuracy    = 0.01 // of a percentile beyond that, relative
)

// distribution answers percentiles of times in seconds: exact up to exactValues
// values, then within 1 %. The zero value is empty.
type distribution struct {
	values []float32
	sketch *ddsketch.DDSketch
	n      int64
}

// add takes a time in seconds; negative ones and what is no number are ignored.
func (d *distribution) add(seconds float64) {
	if !(seconds >= 0) || math.IsInf(seconds, 0) {
		return
	}
	d.n++
	if d.sketch == nil && len(d.values) < exactValues {
		d.values = append(d.values, float32(seconds))
		return
	}
	if d.sketch == nil {
		d.sketch = newSketch()
		for _, v := range d.values {
			_ = d.sketch.Add(float64(v)) // fails for what add has refused
		}
		d.values = nil
	}
	_ = d.sketch.Add(seconds)
}

func newSketch() *ddsketch.DDSketch {
	logarithmic, err := mapping.NewDefaultMapping(accuracy)
	if err != nil {
		panic(err) // the accuracy is a constant between 0 and 1
	}
	return ddsketch.NewDDSketch(logarithmic, store.NewBufferedPaginatedStore(), store.NewBufferedPaginatedStore())
}

// merge adds what other has seen.
func (d *distribution) merge(other *distribution) {
	for _, v := range other.values {
		d.add(float64(v))
	}
	if other.sketch == nil {
		return
	}
	if d.sketch == nil {
		values := d.values
		d.values, d.sketch = nil, newSketch()
		for _, v := range values {
			_ = d.sketch.Add(float64(v))
		}
	}
	if err := d.sketch.MergeWith(other.sketch); err != nil {
		panic(err) // all sketches have the same mapping
	}
	d.n += other.n
}

// quantiles returns the values below which those parts (0 to 1) of all lie, in
// seconds; nil when there are none. Of a few values it is the one at that rank.
func (d *distribution) quantiles(parts ...float64) []float64 {
	if d.n == 0 {
		return nil
	}
	if d.sketch != nil {
		found, err := d.sketch.GetValuesAtQuantiles(parts)
		if err != nil {
			return nil
		}
		return found
	}
	slices.Sort(d.values)
	found := make([]float64, len(parts))
	for i, part := range parts {
		rank := int(math.Ceil(part*float64(len(d.values)))) - 1
		found[i] = math.Round(float64(d.values[max(rank, 0)])*1e6) / 1e6
	}
	return found
}
