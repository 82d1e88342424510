package enrich

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"tailer"
)

// FuzzRedactJSON checks that JSON stays JSON, that redaction is stable, that a
// planted secret goes, and that text without any of the rules' beginnings keeps
// its bytes.
func FuzzRedactJSON(f *testing.F) {
	secret := "sk-" + mix36
	for _, seed := range []string{
		`{"a":"x","b":[1,2.5e3,true,null,{"c":"\u00e4\ud83d\ude00\n"}]}`, `{"api_key":"x","headers":{"x-token":"y"}}`,
		`["data:image/png;base64,AAAA","Bearer abcdefgh12345678"]`, `{"source":{"data":"QUFBQUFBQUE=","media_type":"image/png"}}`,
		`"plain"`, ` [ ] `, `{"a":"\ud83d"}`, `{"a":` + secret, "[\"\xff\"]", `{"":"://a:b@c"}`, `["-----BEGIN PRIVATE KEY-----AAAAAAAAAAAAAAAAAAAA"]`,
	} {
		f.Add([]byte(seed))
	}
	r := mustRedactor(f, "made-up known secret")
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := r.JSON(raw)
		if bytes.Contains(got, []byte(secret)) {
			t.Fatalf("JSON(%q) = %q", raw, got)
		}
		if !json.Valid(raw) {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("JSON(%q) = %q: not JSON", raw, got)
		}
		if again := r.JSON(bytes.Clone(got)); !bytes.Equal(again, got) {
			t.Fatalf("JSON(%q) = %q, second time %q", raw, got, again)
		}
		if plain(raw) && !bytes.Equal(got, raw) {
			t.Fatalf("JSON(%q) = %q", raw, got)
		}
		var value any
		if json.Unmarshal(raw, &value) != nil {
			return // numbers out of range
		}
		with, err := json.Marshal([]any{secret, value, map[string]any{"k": "x " + secret}})
		if err == nil && bytes.Contains(r.JSON(with), []byte(secret)) {
			t.Fatalf("JSON(%s) = %s", with, r.JSON(with))
		}
	})
}

// plain says whether no rule can have anything to say about raw: it is made of
// letters, blanks and structure alone, and has no member of a telling name.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c != ' ' && c != ',' && c != '[' && c != ']' && c != '"' && (c < 'A' || c > 'Z') && (c < 'f' || c > 'z') {
			return false
		}
	}
	return true
}

// FuzzText checks that redaction of text is stable, keeps UTF-8, and takes a
// secret out of any surroundings that do not make it part of a longer word.
func FuzzText(f *testing.F) {
	for _, text := range clean {
		f.Add(text)
	}
	for _, row := range planted {
		f.Add(row.before + row.head + row.tail + row.after)
	}
	r := mustRedactor(f, "made-up known secret")
	secret := "sk-" + mix36
	f.Fuzz(func(t *testing.T, text string) {
		got := r.Text(text)
		if again := r.Text(got); again != got {
			t.Fatalf("Text(%q) = %q, second time %q", text, got, again)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("Text(%q) = %q: not UTF-8", text, got)
		}
		if got := r.Text(text + " " + secret + "\n" + text); strings.Contains(got, secret) {
			t.Fatalf("Text(… + secret) = %q", got)
		}
	})
}

// FuzzEnrich checks that nothing panics, that a planted secret is nowhere in the
// result, and that ids are short.
func FuzzEnrich(f *testing.F) {
	f.Add("x-openwebui-user-email", "eva%40example.org", `{"user":"x","messages":[{"role":"user","content":"hi"}]}`, `{"tags":["a"],"user_id":"u"}`, "eva")
	f.Add("langfuse_trace_metadata", `{"a":{"b":1}}`, `{"input":"### Task:\nGenerate a concise"}`, `{"trace_metadata":{"k":"v"}}`, "found")
	f.Add("baggage", "session.id=x", `{"user":{"email":"e"}}`, `{"user_id":"{\"session_id\":\"s\"}"}`, "")
	f.Add("x-a-session-id", "local", `[`, `"`, "\xff")
	f.Add("x-openwebui-user-jwt", unsignedJWT(`{"email":"e"}`), `{}`, `{}`, "x")
	secret := "sk-" + mix36
	keep := mustNew(f, Config{TaskHeader: "x-task", ProfileHeaders: []string{"X-P"}, Profiles: Profiles()})
	hash := mustNew(f, Config{IdentityMode: IdentityHash, IdentityKey: []byte("0123456789abcdef")})
	f.Fuzz(func(t *testing.T, name, value, body, meta, found string) {
		for _, e := range []*Enricher{keep, hash} {
			x := tailer.Exchange{
				StatusMessage: value + " " + secret,
				Request: tailer.Request{
					Headers: []tailer.Header{{Name: name, Value: value}, {Name: name, Value: value + " " + secret}, {Name: "x-task", Value: found}},
					Body:    bodyOf(body), Metadata: json.RawMessage(meta), FoundUser: found, FoundHeader: name,
				},
				Response: json.RawMessage(body),
			}
			x.Request.Body = append(x.Request.Body, tailer.Field{Name: "stop", Value: json.RawMessage(`"` + secret + `"`)})
			e.Enrich(&x)
			if strings.Contains(shown(&x), secret) {
				t.Fatalf("the secret is left: %s", shown(&x))
			}
			a := x.Attribution
			for _, id := range append([]string{a.User, a.Session, a.Environment, a.Task}, a.Tags...) {
				if utf8.RuneCountInString(id) > maxChars+len("task:") || !utf8.ValidString(id) {
					t.Fatalf("id %q", id)
				}
			}
			for _, raw := range []json.RawMessage{a.OtherHeaders, a.Metadata, x.Response} {
				if len(raw) > 0 && !json.Valid(raw) && json.Valid([]byte(body)) && json.Valid([]byte(meta)) {
					t.Fatalf("not JSON: %s", raw)
				}
			}
			if (a.User == "") != (a.UserSource == "") || (a.Session == "") != (a.SessionSource == "") {
				t.Fatalf("user %q from %q, session %q from %q", a.User, a.UserSource, a.Session, a.SessionSource)
			}
		}
	})
}
