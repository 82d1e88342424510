package parse

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"tailer"
)

// headersMark stands between the name of the header that bears the key and all
// headers.
var headersMark = []byte(", in headers=")

// maxHeaderName bounds that name, in bytes. The operator chooses it, no client.
const maxHeaderName = 200

// decodeUnchecked reads the headers that LiteLLM logs before it checks a key. The
// key itself does not leave: LiteLLM's hash of it does, by which other records
// name it (proxy/utils.py, hash_token). From 1.84 on LiteLLM masks it.
func (d *decoder) decodeUnchecked(text []byte, r *tailer.Record) bool {
	mark := bytes.Index(text[:min(len(text), maxHeaderName)], headersMark)
	if mark < 0 {
		return false
	}
	r.Request.Headers = d.headers(d.repr(text[mark+len(headersMark):], nil))
	name := view(text[:mark])
	for i := range r.Request.Headers {
		if h := &r.Request.Headers[i]; h.Name == name {
			r.Key.Hash = keyHash(h.Value)
		}
	}
	return r.Request.Headers != nil
}

// keyHash returns LiteLLM's hash of the key in a header's value; "" if there is
// none, for LiteLLM hashes only what begins as its keys do.
func keyHash(value string) string {
	for _, scheme := range []string{"Bearer ", "bearer ", "Basic "} {
		if key, found := strings.CutPrefix(value, scheme); found {
			if !strings.HasPrefix(key, "sk-") {
				return ""
			}
			return hashToken(key)
		}
	}
	return ""
}

// hashToken hashes a key as LiteLLM does.
func hashToken(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// ownKeys are what LiteLLM states in place of a hash for keys of its own (constants.py,
// 1.109).
var ownKeys = []string{"litellm_proxy_master_key", "litellm-internal-health-check", "litellm_internal_jobs"}

// hashOnly returns what LiteLLM states as the hash of a key. Of a key that it did not
// accept some versions state the key itself (1.66, 1.101).
func hashOnly(value string) string {
	if slices.Contains(ownKeys, value) {
		return value
	}
	digits := strings.TrimPrefix(value, "hashed-jwt-")
	if value == "" || len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == "" {
		return value
	}
	return hashToken(value)
}
