package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

// A Version is what is known of a LiteLLM's version: exactly, or between bounds.
// The zero value knows nothing.
type Version struct {
	Exact string // "1.98.1"; "" when it is not known exactly
	min   int    // lowest minor version that it can be; 0: any
	max   int    // lowest minor version that it cannot be; 0: any
}

// ParseVersion reads "1.98.1" or "1.98"; v before it does no harm.
func ParseVersion(text string) (Version, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "v")
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if m, errMajor := strconv.Atoi(major); err != nil || errMajor != nil || m != 1 || n < 0 {
		return Version{}, fmt.Errorf("%q is no version of LiteLLM such as 1.98.1", text)
	}
	return Version{Exact: text, min: n, max: n + 1}, nil
}

// Since reports whether it is certain that the version is 1.minor or later.
func (v Version) Since(minor int) bool { return v.min >= minor }

// Before reports whether it is certain that the version is older than 1.minor.
func (v Version) Before(minor int) bool { return v.max > 0 && v.max <= minor }

// Known reports whether anything is known.
func (v Version) Known() bool { return v.min > 0 || v.max > 0 }

// String returns "1.98.1", "1.84 to 1.98", "1.84 or later", "before 1.84" or "unknown".
func (v Version) String() string {
	switch {
	case v.Exact != "":
		return v.Exact
	case v.min > 0 && v.max > 0 && v.min+1 < v.max:
		return fmt.Sprintf("1.%d to 1.%d", v.min, v.max-1)
	case v.min > 0 && v.max > 0:
		return fmt.Sprintf("1.%d", v.min)
	case v.min > 0:
		return fmt.Sprintf("1.%d or later", v.min)
	case v.max > 0:
		return fmt.Sprintf("before 1.%d", v.max)
	}
	return "unknown"
}

// atLeast and below narrow the bounds. A bound that contradicts what is known
// already is left out.
func (v *Version) atLeast(minor int) {
	if v.Exact == "" && (v.max == 0 || minor < v.max) {
		v.min = max(v.min, minor)
	}
}

func (v *Version) below(minor int) {
	if v.Exact == "" && minor > v.min && (v.max == 0 || minor < v.max) {
		v.max = minor
	}
}
