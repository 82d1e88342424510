package enrich

import (
	"strings"
	"testing"
)

// TestQuotedHeaders: libraries put headers into the words of errors, and into tracebacks,
// as pairs, as bytes and with schemes of their own.
func TestQuotedHeaders(t *testing.T) {
	r, err := NewRedactor()
	if err != nil {
		t.Fatal(err)
	}
	const secret = "Zx81" + mix36
	for _, text := range []string{
		"('api-key', '" + secret + "')",
		"(b'api-key', b'" + secret + "')",
		"{b'x-api-key': b'" + secret + "'}",
		"Headers([('host', 'x'), ('x-api-key', '" + secret + "')])",
		"Authorization: Token " + secret,
		"x-auth-token: " + secret,
		"'x-vault-token': '" + secret + "'",
		"azure_ad_token='" + secret + "'",
		"CLOUDFLARE_API_TOKEN=" + secret,
		"DB_PASSWORD=" + secret,
		`"password": "` + secret + `"`,
		"host=db user=llm password=" + secret + " dbname=x",
		"Password=" + secret + ";Server=x",
		"Unauthorized: invalid API key provided: " + secret,
		"Cookie: sessionid=" + secret + "; other=" + secret,
		"'cookie': 'session=" + secret + "'",
		"('set-cookie', 'token=" + secret + "; HttpOnly')",
		"vck_" + mix48, "esecret_" + secret, "dckr_pat_" + secret, "pa-" + mix48, "AQ.Ab8RN6" + mix48,
	} {
		if got := r.Text("<" + text + "> end"); strings.Contains(got, mix36) || !strings.HasSuffix(got, "> end") {
			t.Errorf("%s: %s", text, got)
		}
	}
	const signed = "AWS4-HMAC-SHA256 SignedHeaders=host, Signature="
	if got := r.Text(signed + strings.Repeat("4f1c2d3e", 8)); strings.Contains(got, "4f1c") {
		t.Error(got)
	}
	for _, text := range []string{
		signed + "none", "a cookie: it has chocolate", "cookie: how do I set path=/ in nginx?", "the password is hunter2", "password = os.environ['DB_PASSWORD_2024_NEW']",
		"forms: ('name', 'value')", "'api-key', 'see the docs of 2026'", "Authorization: Token", "pa-ra-llel processing of 1,000 words", "cookie_banner: true, x=1",
	} {
		if got := r.Text(text); got != text {
			t.Errorf("%s: %s", text, got)
		}
	}
}
