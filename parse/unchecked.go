package parse

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
			sum := sha256.Sum256([]byte(key))
			return hex.EncodeToString(sum[:])
		}
	}
	return ""
}
