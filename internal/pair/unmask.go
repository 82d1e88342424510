package pair

import (
	"slices"
	"strings"

	"tailer"
)

// userToken is the header in which Open WebUI may say who asks.
const userToken = "x-openwebui-user-jwt"

// fullest returns the longer of two lists of one request's headers. LiteLLM masks the
// user's token in its records (1.84 and later), but not in payloads: it is taken from
// the other list where it is masked, if all else that this list states is the same.
func fullest(a, b []tailer.Header) []tailer.Header {
	if len(b) > len(a) {
		a, b = b, a
	}
	masked := slices.IndexFunc(a, func(h tailer.Header) bool { return h.Name == userToken && isMasked(h.Value) })
	shown := slices.IndexFunc(b, func(h tailer.Header) bool { return h.Name == userToken && !isMasked(h.Value) })
	if masked < 0 || shown < 0 || !includesOpen(a, b) {
		return a
	}
	a = slices.Clone(a) // records share it
	a[masked] = b[shown]
	return a
}

func isMasked(value string) bool { return strings.Contains(value, "REDACT") }
