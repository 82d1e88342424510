package enrich

import (
	"bytes"
	"encoding/base64"
	"strings"

	"tailer"
)

// maxOwn bounds the work that one request's headers can cause.
const maxOwn = 8

// ownSecrets returns the values of a request's secret headers, so that they go
// wherever else they stand: in an error message that quotes the key, or in a
// prompt. Words that anybody might write ("anything", "not-needed") and values
// that the proxy masked are left out, and so are those that a rule finds anyway.
func (e *Enricher) ownSecrets(headers []tailer.Header) [][]byte {
	var own [][]byte
	put := func(value string) {
		if len(own) == maxOwn || !ownable(value) {
			return
		}
		if e.cfg.KeepContentSecrets || e.redactor.Text(value) != mark {
			own = append(own, []byte(value))
		}
	}
	for _, h := range headers {
		name := plainHeader(h.Name)
		if !secretHeaders[name] {
			continue
		}
		if name == "cookie" || name == "set-cookie" {
			for part := range strings.SplitSeq(h.Value, ";") {
				if _, value, ok := strings.Cut(part, "="); ok {
					put(strings.Trim(value, ` "`))
				}
			}
			continue
		}
		scheme, value, ok := strings.Cut(strings.TrimSpace(h.Value), " ")
		if !ok {
			value = scheme
		}
		value = strings.TrimSpace(value)
		put(value)
		if text, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "basic") {
			if _, password, ok := strings.Cut(string(text), ":"); ok {
				put(password)
			}
		}
	}
	return own
}

// ownable says whether a value is long and odd enough to be a secret.
func ownable(value string) bool {
	if len(value) < 12 || len(value) > 4096 || strings.ContainsAny(value, " *") || strings.Contains(value, "REDACTED") {
		return false
	}
	odd := 0
	for i := range len(value) {
		if c := value[i]; c < 'a' || c > 'z' {
			odd++
		}
	}
	return odd >= 2
}

// replaceWord returns s with each occurrence of word that is no part of a longer
// one replaced. It does not change s.
func replaceWord(s, word []byte) ([]byte, bool) {
	var out []byte
	done := 0
	for i := 0; ; {
		k := bytes.Index(s[i:], word)
		if k < 0 {
			break
		}
		k += i
		end := k + len(word)
		i = k + 1
		if (end < len(s) && alnumByte[s[end]]) || !wordStart(s, k) && alnumByte[s[k-1]] {
			continue
		}
		out = append(append(out, s[done:k]...), mark...)
		done, i = end, end
	}
	if done == 0 {
		return s, false
	}
	return append(out, s[done:]...), true
}
