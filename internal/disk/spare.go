package disk

import "math"

// Reserve is how much of a file system is left to others: one part of so many, but
// no more than Most bytes.
type Reserve struct {
	Part int64 // 4: a quarter; required
	Most int64 // in bytes; required
}

// Spare returns a function that tells how many bytes may still be written to the
// file system of folder; below zero, its reserve is in use already. Where the
// system does not tell, that is as much as there are numbers.
func Spare(folder string, r Reserve) func() int64 {
	return func() int64 {
		free, size, ok := space(folder)
		if !ok {
			return math.MaxInt64
		}
		return free - min(size/r.Part, r.Most)
	}
}
