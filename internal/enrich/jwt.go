package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
)

// userJWT is the header in which Open WebUI (by 0.9.6) sends name, id, e-mail and
// role when FORWARD_USER_INFO_HEADER_JWT_SECRET is set: HS256, life 300 s.
const userJWT = "x-openwebui-user-jwt"

// maxJWT is in bytes; longer tokens are not read.
const maxJWT = 16 << 10

// A token is the user's JWT, read.
type token struct {
	claims   json.RawMessage // nil when there is none to be believed
	verified bool
}

// fromJWT returns a claim of the user's token.
func (c *call) fromJWT(s source) []candidate {
	if c.jwt == nil {
		t := c.userToken()
		c.jwt = &t
	}
	name := s.spec
	if !c.jwt.verified {
		name += ":unverified"
	}
	return one(rawjson.Scalar(rawjson.Member(c.jwt.claims, s.name)), name)
}

// userToken reads the first user token. With a secret configured, a token that
// it did not sign says nothing. Its time limits are not checked: logs are old.
func (c *call) userToken() token {
	for _, h := range c.heads {
		if h.plain != userJWT {
			continue
		}
		text := strings.TrimSpace(h.Value)
		if scheme, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(scheme, "bearer") {
			text = strings.TrimSpace(rest)
		}
		head, rest, _ := strings.Cut(text, ".")
		body, signature, ok := strings.Cut(rest, ".")
		if !ok || len(text) > maxJWT {
			continue
		}
		claims, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "="))
		if err != nil || !json.Valid(claims) {
			continue
		}
		if c.e.cfg.JWTSecret == "" {
			return token{claims: claims}
		}
		if signed(head, body, signature, c.e.cfg.JWTSecret) {
			return token{claims: claims, verified: true}
		}
		c.p.count.JWTRefused++
	}
	return token{}
}

// claimHeaders are the headers that the user's token takes the place of.
var claimHeaders = []struct{ claim, header string }{
	{"name", "x-openwebui-user-name"}, {"sub", "x-openwebui-user-id"}, {"email", "x-openwebui-user-email"}, {"role", "x-openwebui-user-role"},
}

// claimed returns the headers that the token takes the place of, where it says who
// the user is and they are not there. Their values are not percent-encoded.
func (c *call) claimed() []heading {
	if c.heads == nil || !strings.HasPrefix(c.x.Attribution.UserSource, "jwt:") {
		return nil
	}
	var all []heading
	for _, from := range claimHeaders {
		value := strings.TrimSpace(rawjson.Scalar(rawjson.Member(c.jwt.claims, from.claim)))
		if blank(value) || slices.ContainsFunc(c.heads, func(h heading) bool { return h.plain == from.header }) {
			continue
		}
		name := headerNameOf(from.header)
		all = append(all, heading{Header: tailer.Header{Name: from.header, Value: value}, plain: name.bare, shown: name.shown})
	}
	return all
}

// signed says whether secret signed the token with HS256. The token's own word
// for its algorithm must agree, so that no other can be passed off.
func signed(head, body, signature, secret string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(head, "="))
	if err != nil || rawjson.Scalar(rawjson.Member(raw, "alg")) != "HS256" {
		return false
	}
	got, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(head + "." + body))
	return hmac.Equal(got, mac.Sum(nil))
}
