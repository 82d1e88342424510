package enrich

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// This file has the matchers of secrets whose form is more than a prefix and a run.

// matchBearer matches `Bearer TOKEN`, also with %20 for the blank. The word stays.
func matchBearer(_ *pass, s []byte, i int) (int, int, string, bool) {
	from, ok := blanks(s, i+len("bearer"))
	if !ok {
		return 0, 0, "", false
	}
	look := s[:min(len(s), from+maxLook)]
	end := trimDots(s, from, bearerByte.run(look, from))
	token := s[from:end]
	short := bytes.HasPrefix(token, []byte("sk-")) && len(token) >= 6
	if !short && (len(token) < 12 || !hasDigit(token) && (len(token) < 20 || !hasMixedCase(token))) {
		return 0, 0, "", false
	}
	return from, trimDots(s, from, bearerByte.run(s, end)), mark, true
}

// matchBasic matches `Basic CREDENTIALS`: base64 of a text with a colon. The word stays.
func matchBasic(_ *pass, s []byte, i int) (int, int, string, bool) {
	from, ok := blanks(s, i+len("basic"))
	if !ok {
		return 0, 0, "", false
	}
	end := base64Byte.run(s[:min(len(s), from+maxLook)], from)
	run := s[from:end]
	if len(run) < 4 {
		return 0, 0, "", false
	}
	var buf [maxLook]byte
	n, err := base64.RawStdEncoding.Decode(buf[:], run[:len(run)/4*4])
	if text := buf[:n]; err != nil || bytes.IndexByte(text, ':') < 0 || !printable(text) {
		return 0, 0, "", false
	}
	for end = base64Byte.run(s, end); end < len(s) && s[end] == '='; {
		end++
	}
	return from, end, mark, true
}

// blanks returns the index after one to four blanks, as they are or as %20 or '+'.
func blanks(s []byte, i int) (int, bool) {
	from := i
	for n := 0; n < 4 && i < len(s); n++ {
		switch {
		case s[i] == ' ' || s[i] == '\t' || s[i] == '+':
			i++
		case bytes.HasPrefix(s[i:], []byte("%20")):
			i += 3
		default:
			return i, i > from
		}
	}
	return i, i > from
}

func printable(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// matchJWT matches three base64url parts, the last of which may be empty, and
// two if the second is an object as well (a token that the log cut).
func matchJWT(_ *pass, s []byte, i int) (int, int, string, bool) {
	first := wordByte.run(s, i)
	if first-i < 10 || first == len(s) || s[first] != '.' {
		return 0, 0, "", false
	}
	second := wordByte.run(s, first+1)
	object := bytes.HasPrefix(s[first+1:], []byte("eyJ"))
	if second-first < 9 && !object {
		return 0, 0, "", false
	}
	end := second
	for parts := 2; parts < 5 && end < len(s) && s[end] == '.'; parts++ { // an encrypted token has five
		next := wordByte.run(s, end+1)
		if next == end+1 && parts > 2 {
			break
		}
		end = next
	}
	end = trimDots(s, i, end)
	if end == second && !object {
		return 0, 0, "", false
	}
	return i, end, mark, true
}

// maxPEM is in bytes; the largest private keys in use (RSA 16384) have 13,000.
const maxPEM = 64 << 10

// matchPEM matches a private key block up to its end line, or, where the log cut
// it, up to where the base64 ends.
func matchPEM(_ *pass, s []byte, i int) (int, int, string, bool) {
	rest := s[i+len("-----BEGIN "):]
	label := rest[:min(len(rest), 40)]
	dashes := bytes.Index(label, []byte("-----"))
	if dashes < 0 || !bytes.Contains(label[:dashes], []byte("PRIVATE KEY")) {
		return 0, 0, "", false
	}
	from := i + len("-----BEGIN ") + dashes + len("-----")
	block := s[from:min(len(s), from+maxPEM)]
	end := bytes.Index(block, []byte("-----"))
	if end >= 0 && bytes.HasPrefix(block[end:], []byte("-----END ")) {
		tail := block[end+len("-----END "):]
		if dashes := bytes.Index(tail[:min(len(tail), 40)], []byte("-----")); dashes >= 0 {
			return i, from + end + len("-----END ") + dashes + len("-----"), mark, true
		}
		return i, from + end, mark, true
	}
	end = 0
	key := 0
	for end < len(block) && (base64Byte[block[end]] || bytes.IndexByte([]byte("=\r\n\\ :,"), block[end]) >= 0) {
		if base64Byte[block[end]] {
			key++
		}
		end++
	}
	if key < 16 {
		return 0, 0, "", false
	}
	return i, from + end, mark, true
}

// matchTelegram matches a bot token: a number, a colon, 35 bytes that begin with AA.
func matchTelegram(_ *pass, s []byte, i int) (int, int, string, bool) {
	from := i
	for from > 0 && i-from < 11 && digitByte[s[from-1]] {
		from--
	}
	end := wordByte.run(s, i+1)
	if i-from < 8 || i-from > 10 || end-i-1 < 33 || end-i-1 > 36 {
		return 0, 0, "", false
	}
	return from, end, mark, true
}

// matchAzureSecret matches an Entra ID client secret: three bytes, a digit, `Q~`,
// then 31 to 34 bytes.
func matchAzureSecret(_ *pass, s []byte, i int) (int, int, string, bool) {
	from, end := i-4, i+2
	for end < len(s) && end < i+64 && (dottedByte[s[end]] || s[end] == '~') {
		end++
	}
	end = trimDots(s, i, end)
	if from < 0 || !digitByte[s[i-1]] || end-i-2 < 31 || end-i-2 > 36 {
		return 0, 0, "", false
	}
	return from, end, mark, true
}

// webhook matches the path of an address that lets whoever knows it post.
func webhook(minimum int) matcher {
	return func(_ *pass, s []byte, i int) (int, int, string, bool) {
		from := i + bytes.LastIndexByte(s[i:min(len(s), i+26)], '/') + 1
		if bytes.HasPrefix(s[i:], []byte("/api/webhooks/")) {
			from = i + len("/api/webhooks/")
		}
		end := base64Byte.run(s[:min(len(s), from+maxLook)], from)
		if end-from < minimum || !hasDigit(s[from:end]) {
			return 0, 0, "", false
		}
		return from, end, mark, true
	}
}

// matchConnection matches the password of an ADO or ODBC connection string.
func matchConnection(_ *pass, s []byte, i int) (int, int, string, bool) {
	from := i + bytes.IndexByte(s[i:], '=') + 1
	end := from
	for end < len(s) && s[end] > ' ' && s[end] != ';' && s[end] != '"' && s[end] != '\'' && s[end] != '\\' {
		end++
	}
	if end == from || string(s[from:end]) == mark {
		return 0, 0, "", false
	}
	return from, end, mark, true
}
