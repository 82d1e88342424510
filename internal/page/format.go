package page

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// functions are what templates call values with. All return plain text.
var functions = template.FuncMap{
	"count": grouped, "money": money, "seconds": seconds, "percent": percent, "time": stamp, "clock": clock, "short": short,
}

// grouped writes a count with a narrow space between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// money writes dollars: to the cent, and with more digits where it is less than
// one.
func money(v float64) string {
	switch {
	case v < 1e-12:
		return "$0"
	case v < 0.01: // three digits that tell something
		return "$" + strings.TrimRight(strconv.FormatFloat(v, 'f', min(2-int(math.Floor(math.Log10(v))), 15), 64), "0")
	case v < 1:
		return "$" + strconv.FormatFloat(v, 'f', 4, 64)
	}
	text := strconv.FormatFloat(v, 'f', 2, 64)
	whole, cents, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return "$" + text
	}
	return "$" + grouped(n) + "." + cents
}

// seconds writes a time span with its unit.
func seconds(v float64) string {
	switch {
	case v < 1:
		return strconv.FormatFloat(v*1000, 'f', 0, 64) + "\u202fms"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64) + "\u202fs"
	case v < 120:
		return strconv.FormatFloat(v, 'f', 1, 64) + "\u202fs"
	}
	return strconv.FormatFloat(v/60, 'f', 1, 64) + "\u202fmin"
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	share := 100 * float64(part) / float64(whole)
	if share > 0 && share < 0.1 {
		return "<\u202f0.1\u202f%"
	}
	text := strconv.FormatFloat(share, 'f', 1, 64)
	return strings.TrimSuffix(text, ".0") + "\u202f%"
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format("2006-01-02 15:04:05")
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format("2 Jan 15:04:05")
}

// short cuts text to so many characters.
func short(limit int, text string) string {
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n == limit {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
