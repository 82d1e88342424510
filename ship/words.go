package ship

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// MaxReason is how many characters of a server's words are passed on.
	MaxReason     = 300
	maxRetryAfter = time.Hour
)

// OneLine makes foreign words fit for a log: printable, and at most
// MaxReason characters.
func OneLine(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s))
	if runes := []rune(s); len(runes) > MaxReason {
		return string(runes[:MaxReason]) + "…"
	}
	return s
}

// IsPage tells by a Content-Type that an answer is a page for people: it comes from
// a proxy in front, and not from a back end.
func IsPage(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// RetryAfter reads the header of that name: seconds, or a date. It is an hour at
// most, and 0 for anything else.
func RetryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(date), 0), maxRetryAfter)
	}
	return 0
}
