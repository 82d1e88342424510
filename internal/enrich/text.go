package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxChars is the length of ids and tags in characters. Langfuse drops user and
// session ids over 200 (its documentation, 2026-11).
const maxChars = 200

// maxName is the length of trace names in characters.
const maxName = 1000

// blank says whether s is empty or white space.
func blank(s string) bool { return strings.TrimSpace(s) == "" }

// valid returns s as UTF-8, with U+FFFD for each run of bytes that is none.
func valid(s string) string {
	if utf8.ValidString(s) { // much faster, and nearly always so
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// unresolved says whether s still holds a placeholder of the client's template
// language: Open WebUI's and LibreChat's {{NAME}}, or ${NAME}.
func unresolved(s string) bool {
	for _, p := range [][2]string{{"{{", "}}"}, {"${", "}"}} {
		if _, rest, ok := strings.Cut(s, p[0]); ok && strings.Contains(rest, p[1]) {
			return true
		}
	}
	return false
}

// line returns s on one line: trimmed, as UTF-8, without control characters.
func line(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, valid(s)))
}

// shortened returns s if it has at most 200 characters; else its first 183, `~`
// and 16 hex digits of its sha256, so that long ids stay apart.
func shortened(s string) (string, bool) {
	if len(s) <= maxChars || utf8.RuneCountInString(s) <= maxChars {
		return s, false
	}
	sum := sha256.Sum256([]byte(s))
	const digest = 16
	return cutRunes(s, maxChars-1-digest) + "~" + hex.EncodeToString(sum[:digest/2]), true
}

// cutRunes returns the first n characters of s.
func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// ascii returns s with every byte outside printable ASCII percent-encoded.
func ascii(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
