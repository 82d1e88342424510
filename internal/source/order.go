package source

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A rotation tells where a file stands among the rotated siblings of one log.
type rotation struct {
	log    string // name of the live file
	date   string // digits of the date of a dated sibling, as far as given
	number string // digits of the number of a numbered sibling; 1 is the youngest
}

const datePattern = `(20\d\d-?[01]\d-?[0-3]\d(?:[-_T.]?\d[-_.:\d]*)?Z?)`

var (
	// numbered: logrotate, Docker, Python's RotatingFileHandler: app.log.1
	numbered = regexp.MustCompile(`^(.+)\.(\d{1,4})$`)
	// datedEnd: logrotate's dateext (app.log-20261101, with %s -20261101-1793491200),
	// Python's TimedRotatingFileHandler (app.log.2026-11-01), the kubelet
	// (0.log.20261101-101010).
	datedEnd = regexp.MustCompile(`^(.+?)[-_.]` + datePattern + `$`)
	// datedMiddle: logrotate's extension, lumberjack (app-2026-11-01T10-10-10.000.log).
	datedMiddle = regexp.MustCompile(`^(.+?)[-_.]` + datePattern + `(\.[A-Za-z]+)$`)
)

// archiveNames end the names of compressed files.
var archiveNames = []string{".gz", ".zst", ".xz"}

func hasArchiveName(path string) bool { return slices.Contains(archiveNames, filepath.Ext(path)) }

// rotationOf reads a file's name.
func rotationOf(name string) rotation {
	for _, ext := range archiveNames {
		name = strings.TrimSuffix(name, ext)
	}
	r := rotation{log: name}
	if m := numbered.FindStringSubmatch(r.log); m != nil {
		r.log, r.number = m[1], strings.TrimLeft(m[2], "0")
		if r.number == "" {
			r.number = "0"
		}
	}
	if m := datedEnd.FindStringSubmatch(r.log); m != nil {
		r.log, r.date = m[1], digitsOf(m[2])
	} else if m := datedMiddle.FindStringSubmatch(r.log); m != nil {
		r.log, r.date = m[1]+m[3], digitsOf(m[2])
	}
	return r
}

// dayPattern finds a day in a file's name.
var dayPattern = regexp.MustCompile(`(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)`)

// Day returns the day in an input's name, as rotated logs have it, in UTC; zero
// for none. It is that of the log's last record, or one later: logrotate names a
// file by when it was rotated.
func (in Input) Day() time.Time {
	m := dayPattern.FindStringSubmatch(filepath.Base(in.Path))
	if m == nil {
		return time.Time{}
	}
	day, err := time.Parse("20060102", m[1]+m[2]+m[3])
	if err != nil {
		return time.Time{}
	}
	return day
}

// digitsOf returns the digits of s.
func digitsOf(s string) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return c
		}
		return -1
	}, s)
}

// compareLogs puts paths in the order in which they are to be read.
func compareLogs(a, b string) int {
	ra, rb := rotationOf(filepath.Base(a)), rotationOf(filepath.Base(b))
	return cmp.Or(
		compareNatural(filepath.Dir(a), filepath.Dir(b)),
		compareNatural(ra.log, rb.log),
		cmp.Compare(ra.age(), rb.age()),
		cmp.Compare(ra.date, rb.date),
		compareNatural(rb.number, ra.number),
		compareNatural(a, b),
	)
}

// age ranks dated siblings before numbered ones, and both before the live file.
func (r rotation) age() int {
	switch {
	case r.date != "":
		return 0
	case r.number != "":
		return 1
	}
	return 2
}

// compareNatural compares two names, runs of digits by their value: 2 before 10.
func compareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		nx, ny := leadingDigits(x), leadingDigits(y)
		if nx > 0 && ny > 0 {
			vx, vy := strings.TrimLeft(x[:nx], "0"), strings.TrimLeft(y[:ny], "0")
			if c := cmp.Or(cmp.Compare(len(vx), len(vy)), cmp.Compare(vx, vy)); c != 0 {
				return c
			}
			x, y = x[nx:], y[ny:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}
