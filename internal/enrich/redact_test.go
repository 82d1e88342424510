package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"tailer"
	"tailer/internal/rawjson"
)

// full is an exchange with the given text in every place that may leave.
func full(text string) tailer.Exchange {
	quoted := string(rawjson.AppendQuoted(nil, []byte(text)))
	raw := func(name string) json.RawMessage { return json.RawMessage(`{"` + name + `":[` + quoted + `]}`) }
	return tailer.Exchange{
		CallID: text,
		Request: tailer.Request{
			Method: text, Route: "/v1/x?q=" + text, FoundUser: text, FoundHeader: text,
			Headers: []tailer.Header{
				{Name: "x-a", Value: text}, {Name: "x-openwebui-user-name", Value: text}, {Name: "x-litellm-customer-id", Value: text},
				{Name: "langfuse_session_id", Value: text}, {Name: "langfuse_trace_name", Value: text}, {Name: "langfuse_trace_id", Value: text},
				{Name: "langfuse_tags", Value: text}, {Name: "x-" + text, Value: "v"}, {Name: "x-task", Value: text}, {Name: "langfuse_environment", Value: text},
			},
			Body: tailer.Fields{
				{Name: "messages", Value: raw("content")}, {Name: "user", Value: json.RawMessage(quoted)}, {Name: "stop", Value: raw("s")},
				{Name: "tools", Value: raw("t")}, {Name: text, Value: json.RawMessage("1")},
			},
			Metadata: json.RawMessage(`{"note":` + quoted + `,` + quoted + `:1,"trace_metadata":{` + quoted + `:` + quoted + `},"tags":[` + quoted + `]}`),
		},
		Key:      tailer.Key{Alias: text, TeamAlias: text, UserID: text, UserEmail: text, EndUser: text},
		CallType: text, StatusMessage: text, ErrorClass: text, Model: text, ModelGroup: text, ModelID: text, Provider: text,
		LiteLLM: text, ResponseID: text, ResponseModel: text, Response: raw("answer"), Usage: raw("u"),
		Attempts: []tailer.Attempt{{Model: text, ModelGroup: text, Provider: text, ErrorClass: text, Message: text}},
	}
}

// shown is all that an exchange holds, as text.
func shown(x *tailer.Exchange) string {
	body := map[string]string{}
	for _, f := range x.Request.Body {
		body[f.Name] = string(f.Value)
	}
	a := x.Attribution
	return fmt.Sprint(*x, body, string(x.Request.Metadata), string(x.Response), string(x.Usage), string(a.OtherHeaders), string(a.Metadata), a)
}

func TestNothingSecretIsLeft(t *testing.T) {
	t.Parallel()
	const known = "made-up known secret"
	e := mustNew(t, Config{KnownSecrets: []string{known}, TaskHeader: "x-task"})
	for _, secret := range []string{"sk-" + mix36, madeJWT, known, "AK" + "IA" + "MADEUP0123456789"} {
		x := full(secret)
		e.Enrich(&x)
		if all := shown(&x); strings.Contains(all, secret) {
			t.Errorf("%q is left in %s", secret, all)
		}
		if x.Attribution.User != "" || x.Attribution.Session != "" {
			t.Errorf("a secret named user %q, session %q", x.Attribution.User, x.Attribution.Session)
		}
		if !strings.HasPrefix(x.CallID, "redacted-") {
			t.Errorf("call id %q", x.CallID)
		}
	}
}

func TestOwnSecrets(t *testing.T) {
	t.Parallel()
	const key, cookie, password = "Made.Up.Key.Without.Form", "lab-cookie-not-real", "Correct-Horse-9"
	for _, secret := range []string{key, cookie, password} {
		x := full("invalid key " + secret + ", try again")
		x.Request.Headers = append(x.Request.Headers, headersOf("x-api-key: "+key, "cookie: a=1; session="+cookie, "authorization: Basic "+b64("eva:"+password))...)
		mustNew(t, Config{}).Enrich(&x)
		if all := shown(&x); strings.Contains(all, secret) || !strings.Contains(all, "invalid key [redacted], try again") {
			t.Errorf("%q: %s", secret, all)
		}
	}
	for _, word := range []string{"anything", "not-needed", "sk-****1234567890", "REDACTED_BY_LITELLM", "internationalization"} {
		x := tailer.Exchange{StatusMessage: "about " + word, Request: tailer.Request{Headers: headersOf("x-api-key: " + word)}}
		mustNew(t, Config{}).Enrich(&x)
		if x.StatusMessage != "about "+word {
			t.Errorf("%q: %q", word, x.StatusMessage)
		}
	}
}

func TestKeepContentSecrets(t *testing.T) {
	t.Parallel()
	const known = "made-up known secret"
	key := "sk-" + mix36
	x := full(key + " " + known)
	mustNew(t, Config{KeepContentSecrets: true, KnownSecrets: []string{known}}).Enrich(&x)
	if got := string(x.Request.Body.Get("messages")); got != `{"content":["`+key+` [redacted]"]}` {
		t.Errorf("messages %s", got)
	}
	if got := string(x.Response); got != `{"answer":["`+key+` [redacted]"]}` {
		t.Errorf("response %s", got)
	}
	for i := range x.Request.Body {
		if f := &x.Request.Body[i]; f.Name == "messages" || f.Name == "tools" {
			f.Value = nil
		}
	}
	x.Response = nil
	if all := shown(&x); strings.Contains(all, key) {
		t.Errorf("a key is left outside content: %s", all)
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, content string
		private, kept bool
	}{
		{"as the log has it", ContentAuto, false, true}, {"turned off in the log", ContentAuto, true, false},
		{"on", ContentOn, true, true}, {"off", ContentOff, false, false},
	} {
		x := full("what was said")
		x.Private = row.private
		x.Request.Body = append(x.Request.Body, bodyOf(`{"prompt":"what was said","system":"","input":1,"instructions":2,"query":3,"documents":[],"functions":[],"model":"m"}`)...)
		e := mustNew(t, Config{Content: row.content})
		e.Enrich(&x)
		if got := x.Response != nil; got != row.kept {
			t.Errorf("%s: response kept: %v", row.name, got)
		}
		for _, name := range []string{"messages", "prompt", "system", "input", "instructions", "query", "documents", "tools", "functions"} {
			if got := x.Request.Body.Get(name) != nil; got != row.kept {
				t.Errorf("%s: %s kept: %v", row.name, name, got)
			}
		}
		if x.Request.Body.Text("model") != "m" {
			t.Errorf("%s: model is gone", row.name)
		}
		if got := e.Counts().Private == 0; got != row.kept {
			t.Errorf("%s: counted as private: %v", row.name, !got)
		}
	}
}

func TestIdentityModes(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef")
	exchange := func() tailer.Exchange {
		return tailer.Exchange{
			StatusMessage: "no budget for eva@example.org", Key: tailer.Key{Alias: "eva-key", UserEmail: "boss@example.org", UserID: "b-1", EndUser: "eva@example.org", Hash: "88dc"},
			Request: tailer.Request{
				FoundUser: "eva@example.org", FoundHeader: "x-openwebui-user-email",
				Headers: headersOf("x-openwebui-user-email: eva%40example.org", "x-openwebui-user-name: Eva", "x-openwebui-chat-id: chat-0001", "user-agent: u", "authorization: x",
					"langfuse_tags: team-a,for eva@example.org", "langfuse_trace_name: eva@example.org asks"),
				Body:     bodyOf(`{"user":"eva@example.org","safety_identifier":"s-77","temperature":1,"messages":[{"role":"user","content":"mail eva@example.org"}]}`),
				Metadata: json.RawMessage(`{"user_id":"eva@example.org","owner":"eva@example.org","headers":{"x":"y"},"n":1,"trace_metadata":{"by":"eva@example.org"}}`),
			},
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("eva@example.org"))
	want := hex.EncodeToString(mac.Sum(nil))[:32]

	x := exchange()
	mustNew(t, Config{IdentityMode: IdentityHash, IdentityKey: key}).Enrich(&x)
	if a := x.Attribution; a.User != want || a.UserSource != "header:x-openwebui-user-email" || len(a.Session) != 32 || a.Session == "chat-0001" {
		t.Errorf("hash: user %q, session %q", a.User, a.Session)
	}
	y := exchange()
	mustNew(t, Config{IdentityMode: IdentityDrop}).Enrich(&y)
	if a := y.Attribution; a.User+a.UserSource+a.Session+a.SessionSource != "" {
		t.Errorf("drop: user %q, session %q", a.User, a.Session)
	}
	for name, z := range map[string]*tailer.Exchange{"hash": &x, "drop": &y} {
		if got := string(z.Request.Body.Get("messages")); !strings.Contains(got, "mail eva@example.org") {
			t.Errorf("%s: content changed: %s", name, got)
		}
		z.Request.Body = z.Request.Body[:1]
		if all := shown(z); strings.Contains(all, "eva") || strings.Contains(all, "Eva") || strings.Contains(all, "boss") || strings.Contains(all, "s-77") || strings.Contains(all, "chat-0001") {
			t.Errorf("%s: people are named in %s", name, all)
		}
		a := z.Attribution
		if a.OtherHeaders != nil || a.ProfileHeaders != nil || z.Request.Headers != nil {
			t.Errorf("%s: headers are left: %v %s", name, a.ProfileHeaders, a.OtherHeaders)
		}
		if string(a.Metadata) != `{"owner":"[redacted]","n":1}` || z.Key.Hash != "88dc" {
			t.Errorf("%s: metadata %s, key %+v", name, a.Metadata, z.Key)
		}
	}
}

func TestRedactionFails(t *testing.T) {
	t.Parallel()
	x := tailer.Exchange{Response: json.RawMessage(`{"text":"sk-`), Request: tailer.Request{Body: tailer.Fields{{Name: "messages", Value: json.RawMessage(`[`)}}}}
	e := mustNew(t, Config{})
	e.Enrich(&x)
	if string(x.Response) != `"[redaction failed]"` || string(x.Request.Body.Get("messages")) != `"[redaction failed]"` || e.Counts().Failed != 2 {
		t.Errorf("response %s, messages %s, %d failed", x.Response, x.Request.Body.Get("messages"), e.Counts().Failed)
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	cfg := Config{KnownSecrets: []string{"made-up-secret"}, JWTSecret: "made-up-secret", IdentityKey: []byte("made-up-secret")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("started", "config", cfg, "pointer", &cfg)
	all := fmt.Sprintf("%v %+v %#v %s", cfg, &cfg, cfg, log.String())
	if strings.Contains(all, "made-up") || strings.Contains(all, "109 97 100") {
		t.Errorf("config shows its secrets: %s", all)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Config{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				x := full("eva")
				e.Enrich(&x)
				e.Counts()
			}
		})
	}
	wg.Wait()
	if n := e.Counts(); n.Exchanges != 400 || n.Users["header:x-litellm-customer-id"] != 400 {
		t.Errorf("counts %+v", n)
	}
}
