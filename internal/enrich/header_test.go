package enrich

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailer"
)

func TestSecretHeader(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Authorization": true, "proxy-authorization": true, "Cookie": true, "set-cookie": true, "x-session-cookie": true, "X-API-Key": true, "api_key": true,
		"x-litellm-api-key": true, "x-goog-api-key": true, "ocp-apim-subscription-key": true, "X-OpenWebUI-User-Jwt": true,
		"cf-access-jwt-assertion": true, "x-forwarded-access-token": true, "x-client-secret": true, "x-db-password": true,
		"idempotency-key": true, "x-amzn-oidc-accesstoken": true, "x-goog-iap-jwt-assertion": true, "x-original-authorization": true,
		"x-openwebui-user-email": false, "user-agent": false, "x-litellm-key-alias": false, "accept": false, "keyed": false,
		"x-request-id": false, "content-type": false, "key": false, "x-forwarded-for": false, "": false,
	} {
		if got := SecretHeader(name); got != want {
			t.Errorf("SecretHeader(%q) = %v", name, got)
		}
	}
}

func TestPercentDecoded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "plain": "plain", "J%C3%B6rg%20M%c3%bcller": "Jörg Müller", "a+b": "a+b", "100%": "100%", "%": "%", "%4": "%4",
		"%zz%20": "%zz ", "%2541": "%41", "%F0%9F%9A%80": "🚀", "%ff%41": "%ffA", "%C3": "%C3", "%C3%28": "%C3(",
		"\xff%20": "\xff ", "%E5%B1%B1 %": "山 %",
	} {
		if got := percentDecoded(in); got != want {
			t.Errorf("percentDecoded(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAsSent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "plain": "plain", "j\u00c3\u00bcrgen@ex\u00c3\u00a4mple.de": "jürgen@exämple.de", "\u00c3\u009cn\u00c3\u00af": "Ünï",
		"\u00e5\u00b1\u00b1": "山", "\u00f0\u009f\u009a\u0080": "🚀", "M\u00c3\u00bc%20": "Mü%20",
		"jürgen": "jürgen", "Ã": "Ã", "Ünï": "Ünï", "山 \u00c3\u00bc": "山 \u00c3\u00bc", "\xff": "\xff", "a\ufffd": "a\ufffd",
	} {
		if got := asSent(in); got != want {
			t.Errorf("asSent(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	x := tailer.Exchange{Request: tailer.Request{Headers: headersOf(
		"host: proxy:4000", "Authorization: Bearer sk-made-up-0123456789", "x-openwebui-user-name: J%C3%B6rg%20M%C3%BCller",
		"x-OpenWebUI_user-id: 7", "x-openwebui-user-email:  ", "x-openwebui-user-jwt: "+madeJWT, "x-openwebui-x: %73k-"+mix36,
		"User-Agent: \"quoted\" <agent> & more", "x-trace: a", "x-empty: ", "x-trace: b", "cookie: a=b", "x-url: https://h/?key=0123456789ab",
		"x-openwebui-chat-id: c", "x-openwebui-chat-id: d", "x-person: M%C3%BC", "x-bad: \xff", "x-openwebui-: z",
	)}}
	e := mustNew(t, Config{ProfileHeaders: []string{"X-Person"}})
	e.Enrich(&x)
	a := x.Attribution
	want := "[{X-OpenWebUI-User-Name Jörg Müller} {X-OpenWebUI-User-Id 7} {X-OpenWebUI-X [redacted]} {X-OpenWebUI-Chat-Id c, d} {X-Person Mü}]"
	if got := fmt.Sprint(a.ProfileHeaders); got != want {
		t.Errorf("profile headers\n got %s\nwant %s", got, want)
	}
	want = `{"host":"proxy:4000","user-agent":"\"quoted\" <agent> & more","x-trace":"a, b","x-url":"https://h/?key=[redacted]",` +
		`"x-bad":"` + "\ufffd" + `","x-openwebui-":"z"}`
	if got := string(a.OtherHeaders); got != want || !json.Valid(a.OtherHeaders) {
		t.Errorf("other headers\n got %s\nwant %s", got, want)
	}
	if all := fmt.Sprint(x.Request.Headers); strings.Contains(all, "sk-made-up") || strings.Contains(all, madeJWT) || strings.Contains(all, "cookie") {
		t.Errorf("the request's headers still hold a secret: %s", all)
	}
	if n := e.Counts(); n.SecretHeaders != 3 {
		t.Errorf("%d secret headers, want 3", n.SecretHeaders)
	}
}

func TestNoHeaders(t *testing.T) {
	t.Parallel()
	x := tailer.Exchange{}
	mustNew(t, Config{}).Enrich(&x)
	if a := x.Attribution; a.OtherHeaders != nil || a.ProfileHeaders != nil || a.Metadata != nil || a.Tags != nil || a.TraceMetadata != nil {
		t.Errorf("attribution of an empty exchange: %+v", a)
	}
}
