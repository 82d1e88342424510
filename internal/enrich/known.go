package enrich

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// knownRules returns rules for secrets whose text is known: as it is, as it
// stands in an address, and as a piece of base64 (an Authorization header holds
// the base64 of `public:secret`).
func knownRules(secret string) []rule {
	short := len(secret) < 12 // in the middle of a word it may be chance
	all := []rule{{name: "known", prefix: secret, free: !short, match: exact(len(secret), short), always: true}}
	if escaped := url.QueryEscape(secret); escaped != secret {
		all = append(all, rule{name: "known in address", prefix: escaped, free: true, match: exact(len(escaped), false), always: true})
	}
	for _, piece := range base64Pieces(secret) {
		all = append(all, rule{name: "known as base64", prefix: piece, free: true, match: wholeBase64(len(piece)), always: true})
	}
	return all
}

// base64Pieces returns what base64 of any text with secret inside must contain:
// one piece for each of the three places where secret can begin in a group of
// three bytes, in both alphabets. Pieces under 8 bytes would hit by chance.
func base64Pieces(secret string) []string {
	var pieces []string
	for before := range 3 {
		code := base64.StdEncoding.EncodeToString([]byte("\x00\x00"[:before] + secret))
		from := (before*8 + 5) / 6             // first sign that holds bits of secret alone
		to := (before + len(secret)) * 8 / 6   // first sign that holds bits after it
		piece := code[from:min(to, len(code))] //
		if strings.Contains(piece, "=") || len(piece) < 8 {
			continue
		}
		pieces = append(pieces, piece)
		if other := strings.NewReplacer("+", "-", "/", "_").Replace(piece); other != piece {
			pieces = append(pieces, other)
		}
	}
	slices.Sort(pieces)
	return slices.Compact(pieces)
}

// exact matches n bytes; as a whole word if word is set.
func exact(n int, word bool) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		if word && i+n < len(s) && alnumByte[s[i+n]] {
			return 0, 0, "", false
		}
		return i, i + n, mark, true
	}
}

// wholeBase64 matches n bytes and the base64 around them.
func wholeBase64(n int) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		from, end := i, base64Byte.run(s, i+n)
		for from > 0 && i-from < 4096 && base64Byte[s[from-1]] {
			from--
		}
		for end < len(s) && s[end] == '=' {
			end++
		}
		return from, end, mark, true
	}
}
