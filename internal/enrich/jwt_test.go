package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"tailer"
)

func unsignedJWT(claims string) string {
	return jwtHead + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + strings.Repeat("Ab3_", 10)
}

func signedJWT(secret, alg, claims string) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `"}`))
	text := head + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestJWT(t *testing.T) {
	t.Parallel()
	const secret, claims = "made-up-jwt-secret", `{"email":"eva@example.org","sub":"u-1","role":"user"}`
	good := signedJWT(secret, "HS256", claims)
	for _, row := range []struct {
		name, token, secret, user, from string
		refused                         int64
	}{
		{"signed", good, secret, "eva@example.org", "jwt:email", 0},
		{"with Bearer before it", "Bearer " + good, secret, "eva@example.org", "jwt:email", 0},
		{"not checked", good, "", "eva@example.org", "jwt:email:unverified", 0},
		{"signed by another", signedJWT("someone else's", "HS256", claims), secret, "", "", 1},
		{"no algorithm", signedJWT(secret, "none", claims), secret, "", "", 1},
		{"no signature", strings.Join(strings.Split(good, ".")[:2], ".") + ".", secret, "", "", 1},
		{"two parts", strings.Join(strings.Split(good, ".")[:2], "."), secret, "", "", 0},
		{"masked", "REDACTED", secret, "", "", 0},
		{"claims are no JSON", "a." + base64.RawURLEncoding.EncodeToString([]byte("{")) + ".c", "", "", "", 0},
		{"claims are no object", unsignedJWT(`["email"]`), "", "", "", 0},
		{"too long", unsignedJWT(`{"email":"` + strings.Repeat("a", maxJWT) + `"}`), "", "", "", 0},
	} {
		x := tailer.Exchange{Request: tailer.Request{Headers: headersOf("X-OpenWebUI-User-Jwt: " + row.token)}}
		e := mustNew(t, Config{JWTSecret: row.secret})
		e.Enrich(&x)
		if a := x.Attribution; a.User != row.user || a.UserSource != row.from || len(a.ProfileHeaders) != 0 && row.user == "" || e.Counts().JWTRefused != row.refused {
			t.Errorf("%s: user %q from %q, headers %v, refused %d", row.name, a.User, a.UserSource, a.ProfileHeaders, e.Counts().JWTRefused)
		}
	}
}
