package enrich

import (
	"fmt"
	"strings"
	"testing"

	"tailer"
)

// TestClaims: what the token states is shown under the names of the headers whose place
// it takes, if it says who the user is.
func TestClaims(t *testing.T) {
	t.Parallel()
	token := "x-openwebui-user-jwt: " + unsignedJWT(`{"sub":"u-1","email":"eva@example.org","name":" Éva %41 山田 ","role":"user","iss":"open-webui"}`)
	for _, row := range []struct {
		name    string
		cfg     Config
		headers []string
		want    string
	}{
		{"all", Config{}, []string{token}, "[{X-OpenWebUI-User-Name Éva %41 山田} {X-OpenWebUI-User-Id u-1} {X-OpenWebUI-User-Email eva@example.org} {X-OpenWebUI-User-Role user}]"},
		{"some are left out", Config{}, []string{"x-openwebui-user-jwt: " + unsignedJWT(`{"email":"eva@example.org","name":" ","role":null}`)}, "[{X-OpenWebUI-User-Email eva@example.org}]"},
		{"a header is there", Config{}, []string{token, "x-openwebui-user-role: admin"}, "[{X-OpenWebUI-User-Role admin} {X-OpenWebUI-User-Name Éva %41 山田} {X-OpenWebUI-User-Id u-1} {X-OpenWebUI-User-Email eva@example.org}]"},
		{"another says who it is", Config{}, []string{token, "x-litellm-customer-id: bob"}, "[]"},
		{"not believed", Config{JWTSecret: "made-up-jwt-secret"}, []string{token}, "[]"},
		{"nobody is shown", Config{IdentityMode: IdentityDrop}, []string{token}, "[]"},
		{"nobody is shown by name", Config{IdentityMode: IdentityHash, IdentityKey: []byte("made-up-key-0123")}, []string{token}, "[]"},
	} {
		x := tailer.Exchange{Request: tailer.Request{Headers: headersOf(row.headers...)}}
		mustNew(t, row.cfg).Enrich(&x)
		if got := fmt.Sprint(x.Attribution.ProfileHeaders); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		for _, h := range x.Request.Headers {
			if strings.Contains(h.Value, "ey") {
				t.Errorf("%s: %s is kept", row.name, h.Name)
			}
		}
	}
}
