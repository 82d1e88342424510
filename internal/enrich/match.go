package enrich

import (
	"bytes"
	"strings"
)

// maxLook is how many bytes of a run decide whether it is a secret. Without it a
// text made of one rule's prefixes would be read to its end at each of them.
const maxLook = 128

// A matcher has the form of rule.match.
type matcher = func(p *pass, s []byte, i int) (from, to int, with string, ok bool)

// shape matches a prefix of n bytes with a run of min to max bytes after it. A
// longer run is something else; max 0 is no limit. check sees the run's first
// maxLook bytes at most.
func shape(n int, set *class, minimum, maximum int, check func([]byte) bool) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		from := i + n
		end := trimDots(s, from, set.run(s[:min(len(s), from+maxLook)], from))
		if end-from < minimum || maximum > 0 && (end-from > maximum || end < len(s) && alnumByte[s[end]]) {
			return 0, 0, "", false
		}
		if check != nil && !check(s[from:end]) {
			return 0, 0, "", false
		}
		return i, trimDots(s, from, set.run(s, end)), mark, true
	}
}

// trimDots returns end without the full stops before it.
func trimDots(s []byte, from, end int) int {
	for end > from && s[end-1] == '.' {
		end--
	}
	return end
}

// looksLikeKey tells what follows the `sk-` of a key from the rest of a word or
// of a locale (`sk-SK-ViktoriaNeural`, `sk-learn-contributors`): it has a digit,
// or twenty letters without a break.
func looksLikeKey(run []byte) bool {
	for _, other := range []string{"SK-", "sk-", "sk_", "SK_", "learn-", "learn_"} {
		if bytes.HasPrefix(run, []byte(other)) {
			return false
		}
	}
	if hasDigit(run) {
		return true
	}
	for i := 0; i < len(run); i++ {
		end := alnumByte.run(run, i)
		if end-i >= 20 {
			return true
		}
		i = end
	}
	return false
}

// random says whether run has 24 letters and digits in a row in which small and
// capital ones change places often: enough to be no word, whatever stands before.
func random(run []byte) bool {
	for i := 0; i < len(run); i++ {
		end := alnumByte.run(run, i)
		if end-i >= 24 && hasDigit(run[i:end]) && hasMixedCase(run[i:end]) {
			return true
		}
		i = end
	}
	return false
}

func hasDigit(run []byte) bool {
	for _, c := range run {
		if digitByte[c] {
			return true
		}
	}
	return false
}

func hasBoth(run []byte) bool { return hasDigit(run) && hasLetter(run) }

func hasLetter(run []byte) bool {
	for _, c := range run {
		if alnumByte[c] && !digitByte[c] {
			return true
		}
	}
	return false
}

// hasMixedCase says whether upper and lower case meet elsewhere than at the
// beginning of a word: a random token, not a name.
func hasMixedCase(run []byte) bool {
	changes := 0
	for i := 1; i < len(run); i++ {
		upper := run[i] >= 'A' && run[i] <= 'Z'
		lower := run[i-1] >= 'a' && run[i-1] <= 'z'
		if upper && lower {
			changes++
		}
	}
	return changes >= 3
}

// assignment matches a value after a name of n bytes: `api_key="…"`, `api-key: …`,
// `"api_key": "…"`, also with escaped quotes. A value that goes on like code
// (`config.api_key(`) is none.
func assignment(n int) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		k := quotes(s, i+n, 2)
		sign := k
		if k < len(s) && s[k] == ',' && (s[k-1] == '\'' || s[k-1] == '"') { // a pair: ('api-key', '…')
			k++
		}
		for k < len(s) && k < sign+3 && (s[k] == ':' || s[k] == '=' || s[k] == '>') {
			k++
		}
		if k == sign {
			return 0, 0, "", false
		}
		from := afterScheme(s, quotes(s, k, 4))
		look := s[:min(len(s), from+maxLook)]
		end := valueByte.run(look, from)
		value := s[from:end]
		code := end < len(s) && bytes.IndexByte([]byte(".([{<$%"), s[end]) >= 0 && end+1 < len(s) && s[end+1] > ' '
		if len(value) < 16 || digits(value) < 2 || !hasLetter(value) || code {
			return 0, 0, "", false
		}
		return from, valueByte.run(s, end), mark, true
	}
}

// afterScheme returns the index after what may stand before a value: the b of Python's
// bytes, or the word before a token (`Authorization: Token …`).
func afterScheme(s []byte, i int) int {
	const word = "token "
	switch rest := s[i:min(len(s), i+len(word))]; {
	case len(rest) > 1 && rest[0] == 'b' && (rest[1] == '\'' || rest[1] == '"'):
		return i + 2
	case strings.EqualFold(string(rest), word):
		return i + len(word)
	}
	return i
}

// quotes returns the index after at most n blanks, quotes and their escapes.
func quotes(s []byte, i, n int) int {
	for end := i + n; i < len(s) && i < end; i++ {
		if c := s[i]; c != ' ' && c != '"' && c != '\'' && c != '\\' {
			break
		}
	}
	return i
}

func digits(run []byte) int {
	n := 0
	for _, c := range run {
		if digitByte[c] {
			n++
		}
	}
	return n
}

// parameter matches the value, of at least so many bytes, of a query parameter whose name,
// with the = after it, has n bytes.
func parameter(n, minimum int) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		if !inQuery(s, i) {
			return 0, 0, "", false
		}
		from := i + n
		end := from
		for end < len(s) && (dottedByte[s[end]] || strings.IndexByte("%~+/=", s[end]) >= 0) { // RFC 3986 lets / and = stand in a query
			end++
		}
		end = trimDots(s, from, end)
		value := s[from:end]
		if len(value) < minimum || !hasDigit(value) && !hasMixedCase(value) {
			return 0, 0, "", false
		}
		return from, end, mark, true
	}
}

// inQuery says whether a parameter may begin at s[i]: after ?, & or #, or an & as HTML,
// or JSON within JSON, writes it.
func inQuery(s []byte, i int) bool {
	if i == 0 {
		return false
	}
	switch s[i-1] {
	case '?', '&', '#':
		return true
	case ';':
		return bytes.HasSuffix(s[:i], []byte("&amp;"))
	case '6':
		return bytes.HasSuffix(s[:i], []byte(`\u0026`))
	}
	return false
}

// receivedKey stands before a key that LiteLLM refuses for its form, in the words of the
// error: `…, expected to start with 'sk-'`. Unmasked from 1.61 to 1.80
// (proxy/auth/user_api_key_auth.py).
const receivedKey = "Virtual Key expected. Received="

// maxReceived is how long such a key may be, in bytes: servers take no longer headers.
const maxReceived = 64 << 10

// matchReceived finds such a key, which may be any text.
func matchReceived(_ *pass, s []byte, i int) (int, int, string, bool) {
	from := i + len(receivedKey)
	rest := s[from:min(len(s), from+maxReceived)]
	end := bytes.Index(rest, []byte(", expected to start with"))
	if end < 0 {
		end = len(rest)
	}
	return from, from + end, mark, end > 0 && !bytes.Contains(rest[:end], []byte("**"))
}
