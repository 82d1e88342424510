package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tailer"
	"tailer/internal/rawjson"
)

// endUserPaths are the members of a body in which LiteLLM looks for the end user
// (proxy/auth/auth_utils.py, get_end_user_id_from_request_body).
var endUserPaths = []string{"user", "metadata.user_id", "safety_identifier"}

// namesEndUser reports whether LiteLLM's end user is certainly this request's. LiteLLM
// keeps virtual keys in memory, each with the end user of the last request that came with
// it: one that names nobody is logged with that of another (1.77.7 and 1.84.10 with a database). So
// the request has to name the same itself, unless its key is none of those.
func (c *call) namesEndUser() bool {
	user, r := c.x.Key.EndUser, &c.x.Request
	return len(c.x.Key.Hash) != hex.EncodedLen(sha256.Size) || r.User == user ||
		slices.ContainsFunc(r.Headers, func(h tailer.Header) bool { return h.Value == user }) ||
		slices.ContainsFunc(endUserPaths, func(path string) bool { return rawjson.Scalar(bodyValue(r, path)) == user })
}
