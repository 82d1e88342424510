package report

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
)

// maxEvicted bounds how many names are remembered as belonging to the others: 8
// bytes each, and the map's own.
const maxEvicted = 1_000_000

// row is what is known of one name of a dimension.
type row struct {
	figures
	name   string
	detail string // of a chat its title, of a user the name of the person, of an error its last words
}

// dimension counts by name. When there are twice as many names as it may show,
// the half with the fewest requests goes to the others, for good: a name that
// comes again later stays there, so that a row that is shown is whole.
type dimension struct {
	key     string
	max     int // rows that may be shown
	rows    map[string]*row
	others  row
	named   int64 // how many names are in others, as far as can be known
	evicted map[uint64]struct{}
	seed    maphash.Seed
	closed  bool // no new name gets a row: more were evicted than are remembered
}

func newDimension(key string, maximum int) *dimension {
	return &dimension{key: key, max: maximum, rows: map[string]*row{}, seed: maphash.MakeSeed()}
}

// at returns the row that counts for name, which may be that of the others.
func (d *dimension) at(name string) *row {
	if r := d.rows[name]; r != nil {
		return r
	}
	if d.closed {
		return &d.others
	}
	if len(d.evicted) > 0 {
		if _, gone := d.evicted[maphash.String(d.seed, name)]; gone {
			return &d.others
		}
	}
	if len(d.rows) >= 2*d.max {
		d.shrink()
		if d.closed {
			return &d.others
		}
	}
	r := &row{name: strings.Clone(name)} // not a part of a whole prompt
	d.rows[r.name] = r
	return r
}

// shrink moves the smaller half of the rows into the others.
func (d *dimension) shrink() {
	rows := d.sorted()
	if d.evicted == nil {
		d.evicted = map[uint64]struct{}{}
	}
	for _, r := range rows[d.max:] {
		d.others.merge(&r.figures)
		d.named++
		delete(d.rows, r.name)
		d.evicted[maphash.String(d.seed, r.name)] = struct{}{}
	}
	d.closed = len(d.evicted) >= maxEvicted
}

// sorted returns the rows, those with the most requests first.
func (d *dimension) sorted() []*row {
	rows := make([]*row, 0, len(d.rows))
	for _, r := range d.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.requests, a.requests), cmp.Compare(b.cost.value(), a.cost.value()), cmp.Compare(a.name, b.name))
	})
	return rows
}
