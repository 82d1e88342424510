package report

import "time"

// defaultMaxRows is for people: nobody reads a longer table, and a busy year of
// a large company has not many more users.
const defaultMaxRows = 10_000

// Config says how to group. The zero value is usable.
type Config struct {
	Location    *time.Location // of days and hours; nil: UTC
	Departments Departments    // who belongs where; nil: by group header, else by e-mail domain
	Distinct    bool           // no request comes twice, so none is looked for
	MaxRows     int            // per dimension that may be shown, the rest is added up as others; 0: 10,000
}
