package enrich

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/rawjson"
)

// headersOf makes headers of "name: value" lines.
func headersOf(lines ...string) []tailer.Header {
	var all []tailer.Header
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		all = append(all, tailer.Header{Name: name, Value: value})
	}
	return all
}

// bodyOf makes a body of a JSON object.
func bodyOf(object string) tailer.Fields {
	var f tailer.Fields
	for name, value := range rawjson.Members([]byte(object)) {
		f = append(f, tailer.Field{Name: name, Value: value})
	}
	return f
}

func mustNew(tb testing.TB, cfg Config) *Enricher {
	tb.Helper()
	e, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// who is one row about user and session.
type who struct {
	name             string
	cfg              Config
	headers          []tailer.Header
	body, meta       string
	key              tailer.Key
	found, foundName string
	parameter        string // `user`, as LiteLLM passes it on
	user, userFrom   string
	session, sesFrom string
}

func (w who) run(t *testing.T) {
	t.Helper()
	x := tailer.Exchange{Key: w.key, Request: tailer.Request{
		Headers: w.headers, Body: bodyOf(w.body), Metadata: json.RawMessage(w.meta), FoundUser: w.found, FoundHeader: w.foundName, User: w.parameter,
	}}
	mustNew(t, w.cfg).Enrich(&x)
	a := x.Attribution
	if a.User != w.user || a.UserSource != w.userFrom {
		t.Errorf("user %q from %q, want %q from %q", a.User, a.UserSource, w.user, w.userFrom)
	}
	if a.Session != w.session || a.SessionSource != w.sesFrom {
		t.Errorf("session %q from %q, want %q from %q", a.Session, a.SessionSource, w.session, w.sesFrom)
	}
}

func TestUserPrecedence(t *testing.T) {
	t.Parallel()
	// Each source in order of its rank: all are present at first, then one after
	// the other is taken away.
	headers := headersOf("langfuse_trace_user_id: u1", "x-litellm-customer-id: u3", "x-litellm-end-user-id: u4",
		"x-openwebui-user-email: u5@example.org", "x-openwebui-user-id: u6", "x-openwebui-user-jwt: "+unsignedJWT(`{"email":"u7","sub":"u8"}`),
		"x-librechat-user-email: u9", "x-librechat-user-id: u10")
	x := tailer.Exchange{
		Request: tailer.Request{Metadata: json.RawMessage(`{"trace_user_id":"u2","user_id":"u12"}`), Body: bodyOf(`{"user":"u11","safety_identifier":"u13"}`)},
		Key:     tailer.Key{EndUser: "u14", UserEmail: "u15", Alias: "u16", UserID: "u17"},
	}
	e := mustNew(t, Config{})
	type step struct {
		user, source string
		drop         func()
	}
	header := func() { headers = headers[1:] }
	steps := []step{
		{"u1", "header:langfuse_trace_user_id", header},
		{"u2", "body:metadata.trace_user_id", func() { x.Request.Metadata = json.RawMessage(`{"user_id":"u12"}`) }},
		{"u3", "header:x-litellm-customer-id", header},
		{"u4", "header:x-litellm-end-user-id", header},
		{"u5@example.org", "header:x-openwebui-user-email", header},
		{"u6", "header:x-openwebui-user-id", header},
		{"u7", "jwt:email:unverified", func() { headers[0].Value = unsignedJWT(`{"email":" ","sub":"u8"}`) }},
		{"u8", "jwt:sub:unverified", header},
		{"u9", "header:x-librechat-user-email", header},
		{"u10", "header:x-librechat-user-id", header},
		{"u11", "body:user", func() { x.Request.Body = bodyOf(`{"safety_identifier":"u13"}`) }},
		{"u12", "body:metadata.user_id", func() { x.Request.Metadata = nil }},
		{"u13", "body:safety_identifier", func() { x.Request.Body = nil }},
		{"u14", "litellm:end_user", func() { x.Key.EndUser = "" }},
		{"u15", "key:user_email", func() { x.Key.UserEmail = "" }},
		{"u16", "key:alias", func() { x.Key.Alias = "" }},
		{"", "", func() {}},
	}
	for _, s := range steps {
		one := x
		one.Request.Headers = headers
		e.Enrich(&one)
		if one.Attribution.User != s.user || one.Attribution.UserSource != s.source {
			t.Fatalf("user %q from %q, want %q from %q", one.Attribution.User, one.Attribution.UserSource, s.user, s.source)
		}
		s.drop()
	}
	if n := e.Counts(); n.Users["none"] != 1 || n.Users["key:alias"] != 1 || n.Exchanges != int64(len(steps)) {
		t.Errorf("counts %+v", n)
	}
}

func TestSessionPrecedence(t *testing.T) {
	t.Parallel()
	headers := headersOf("x-langfuse-session-id: s1", "x-litellm-trace-id: s3", "x-litellm-session-id: s4", "x-openwebui-session-id: s5",
		"x-openwebui-chat-id: s6", "x-librechat-body-conversationid: s7", "x-acme-session-id: s8_long-enough", "session-id: s9",
		"thread-id: s10", "conversation_id: s11", "x-session-id: s12", "baggage: a=b,session.id=s15%20x;p=q", "user-agent: codex_cli_rs/0.1")
	x := tailer.Exchange{Request: tailer.Request{
		Metadata: json.RawMessage(`{"session_id":"s2","user_id":"user_ab12_account_77-aa_session_s13"}`), Body: bodyOf(`{"litellm_session_id":"s14"}`),
	}}
	e := mustNew(t, Config{})
	header := func() { headers = headers[1:] }
	for _, s := range []struct {
		session, source string
		drop            func()
	}{
		{"s1", "header:langfuse_session_id", header},
		{"s2", "body:metadata.session_id", func() { x.Request.Metadata = json.RawMessage(`{"user_id":"user_ab12_account_77-aa_session_s13"}`) }},
		{"s3", "header:x-litellm-trace-id", header},
		{"s4", "header:x-litellm-session-id", header},
		{"s5", "header:x-openwebui-session-id", header},
		{"s6", "header:x-openwebui-chat-id", header},
		{"s7", "header:x-librechat-body-conversationid", header},
		{"s8_long-enough", "header:x-acme-session-id", header},
		{"s9", "header:session-id", header},
		{"s10", "header:thread-id", header},
		{"s11", "header:conversation_id", header},
		{"s12", "header:x-session-id", header},
		{"s13", "body:metadata.user_id", func() { x.Request.Metadata = nil }},
		{"s14", "body:litellm_session_id", func() { x.Request.Body = nil }},
		{"s15 x", "baggage:session.id", header},
		{"", "", func() {}},
	} {
		one := x
		one.Request.Headers = headers
		e.Enrich(&one)
		if one.Attribution.Session != s.session || one.Attribution.SessionSource != s.source {
			t.Fatalf("session %q from %q, want %q from %q", one.Attribution.Session, one.Attribution.SessionSource, s.session, s.source)
		}
		s.drop()
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 201)
	const account = "d0c1b2a3-0000-4000-8000-123456789abc"
	hashed := strings.Repeat("0f", 32)
	for _, w := range []who{
		{name: "nobody"},
		{
			name: "any case, underscore and x-", headers: headersOf("X-Langfuse-Trace_User-ID: eva", "LANGFUSE-SESSION-ID: s"),
			user: "eva", userFrom: "header:langfuse_trace_user_id", session: "s", sesFrom: "header:langfuse_session_id",
		},
		{
			name: "blanks and placeholders are skipped",
			headers: headersOf("langfuse_trace_user_id:  ", "x-litellm-customer-id: {{USER_ID}}", "x-litellm-end-user-id: u-${USER}",
				"x-openwebui-user-email: %20", "x-openwebui-user-id: 7", "x-litellm-session-id: {{CHAT_ID}}", "x-openwebui-chat-id: c"),
			user: "7", userFrom: "header:x-openwebui-user-id", session: "c", sesFrom: "header:x-openwebui-chat-id",
		},
		{
			name: "the second header of a name where the first is blank", headers: headersOf("x-litellm-customer-id: ", "x-litellm-customer-id: eva"),
			user: "eva", userFrom: "header:x-litellm-customer-id",
		},
		{
			name: "Open WebUI's values are decoded once, plus stays", headers: headersOf("x-openwebui-user-email: a%2Bb%2540+c%zz@example.org "),
			user: "a+b%40+c%zz@example.org", userFrom: "header:x-openwebui-user-email",
		},
		{
			name: "others' values are not decoded", headers: headersOf("x-litellm-customer-id: a%20b"),
			user: "a%20b", userFrom: "header:x-litellm-customer-id",
		},
		{
			name: "control characters and bad UTF-8", headers: headersOf("x-openwebui-user-email: %00e\xffva%0Aa@example.org"),
			user: "e\ufffdva a@example.org", userFrom: "header:x-openwebui-user-email",
		},
		{
			name: "UTF-8 that the proxy read as Latin-1", headers: headersOf("x-openwebui-user-email: j\u00c3\u00bcrgen@ex\u00c3\u00a4mple.de"),
			user: "jürgen@exämple.de", userFrom: "header:x-openwebui-user-email",
		},
		{
			name: "the same in LiteLLM's own lines", found: "j\u00c3\u00bcrgen@exam.ple", foundName: "X-OpenWebUI-User-Email",
			user: "jürgen@exam.ple", userFrom: "header:x-openwebui-user-email",
		},
		{
			name: "the same as the logged end user", key: tailer.Key{EndUser: "j\u00c3\u00bcrgen@exam.ple"},
			user: "jürgen@exam.ple", userFrom: "litellm:end_user",
		},
		{
			name: "the end user of another request with the same key", key: tailer.Key{Hash: hashed, EndUser: "ann", Alias: "k"},
			headers: headersOf("x-team: anne"), body: `{"user":""}`, meta: `{"user_id":{}}`, user: "k", userFrom: "key:alias",
		},
		{
			name: "one that a header of no list names", key: tailer.Key{Hash: hashed, EndUser: "ann", Alias: "k"},
			headers: headersOf("x-team: 7", "x-my-user: ann"), user: "ann", userFrom: "litellm:end_user",
		},
		{
			name: "one that a parameter names", key: tailer.Key{Hash: hashed, EndUser: "ann", Alias: "k"}, parameter: "ann",
			user: "ann", userFrom: "litellm:end_user",
		},
		{
			name: "one that the body names, which is no source", cfg: Config{User: []string{"litellm:end_user"}},
			key: tailer.Key{Hash: hashed, EndUser: "ann"}, body: `{"user":"ann"}`, user: "ann", userFrom: "litellm:end_user",
		},
		{
			name: "a token has one end user", key: tailer.Key{Hash: "hashed-jwt-" + hashed, EndUser: "ann", Alias: "k"},
			user: "ann", userFrom: "litellm:end_user",
		},
		{name: "master key", key: tailer.Key{EndUser: "default_user_id", Alias: "litellm_proxy_master_key"}},
		{
			name: "a key is nobody", headers: headersOf("x-litellm-customer-id: sk-1234", "x-litellm-end-user-id: sk-"+mix36), body: `{"user":"` + madeJWT + `"}`,
			key: tailer.Key{Alias: "team-key"}, user: "team-key", userFrom: "key:alias",
		},
		{
			name: "the request's own key is nobody", headers: headersOf("x-api-key: made-up-KEY-without-form", "x-litellm-customer-id: made-up-KEY-without-form"),
		},
		{name: "object", body: `{"user":{"name":"Eva","id":"u-1","email":"eva@example.org"}}`, user: "eva@example.org", userFrom: "body:user"},
		{name: "object without address", body: `{"user":{"name":"Eva","email":"","id":12}}`, user: "12", userFrom: "body:user"},
		{name: "number", body: `{"user":42}`, user: "42", userFrom: "body:user"},
		{name: "neither text nor number", body: `{"user":["x"],"safety_identifier":true}`, meta: `{"trace_user_id":null,"session_id":{}}`},
		{
			name: "headers that LiteLLM copied into metadata are nobody's", meta: `{"headers":{"x-openwebui-user-email":"eva@example.org"},"requester_metadata":{"user_id":"x"}}`,
		},
		{
			name: "found user counts as its header", found: "eva%40example.org", foundName: "X-OpenWebUI-User-Email",
			user: "eva@example.org", userFrom: "header:x-openwebui-user-email",
		},
		{
			name: "found user in a header of no list", found: "eva", foundName: "X-My-User", key: tailer.Key{EndUser: "other"},
			user: "eva", userFrom: "header:x-my-user",
		},
		{
			name: "Claude Code, old form", meta: `{"user_id":"user_0a1b_account_` + account + `_session_5e6f"}`,
			user: account, userFrom: "body:metadata.user_id", session: "5e6f", sesFrom: "body:metadata.user_id",
		},
		{
			name: "Claude Code, new form", meta: `{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"` + account + `\",\"session_id\":\"5e6f\"}"}`,
			user: account, userFrom: "body:metadata.user_id", session: "5e6f", sesFrom: "body:metadata.user_id",
		},
		{
			name: "Claude Code without account", meta: `{"user_id":"user_0a1b_account__session_5e6f"}`,
			key:  tailer.Key{EndUser: "user_0a1b_account__session_5e6f", Alias: "ci"},
			user: "ci", userFrom: "key:alias", session: "5e6f", sesFrom: "body:metadata.user_id",
		},
		{
			name: "LiteLLM's end user is Claude Code's id", key: tailer.Key{EndUser: "user_0a1b_account_" + account + "_session_5e6f"},
			user: account, userFrom: "litellm:end_user",
		},
		{
			name: "somebody's own user_id is no session", meta: `{"user_id":"anthropic-user-3"}`,
			user: "anthropic-user-3", userFrom: "body:metadata.user_id",
		},
		{
			name: "local chats belong to a user", headers: headersOf("x-openwebui-user-email: eva@example.org", "x-openwebui-chat-id: local"),
			user: "eva@example.org", userFrom: "header:x-openwebui-user-email", session: "local/eva@example.org", sesFrom: "header:x-openwebui-chat-id",
		},
		{
			name: "so do temporary ones", headers: headersOf("x-openwebui-user-id: 7", "x-openwebui-chat-id: temporary:ab12"),
			user: "7", userFrom: "header:x-openwebui-user-id", session: "temporary:ab12/7", sesFrom: "header:x-openwebui-chat-id",
		},
		{name: "local without a user", headers: headersOf("x-openwebui-chat-id: local:sock")},
		{name: "localhost is no local chat", headers: headersOf("x-openwebui-chat-id: localhost"), session: "localhost", sesFrom: "header:x-openwebui-chat-id"},
		{name: "channels stay", headers: headersOf("x-openwebui-chat-id: channel:9"), session: "channel:9", sesFrom: "header:x-openwebui-chat-id"},
		{
			name:    "vendor sessions in header order, if they look like one",
			headers: headersOf("x-a-session-id: short", "x-b-session-id: has blanks in it", "X-Parent-Session-ID: parent_01", "x-claude-code-session-id: later_0001"),
			session: "parent_01", sesFrom: "header:x-parent-session-id",
		},
		{name: "short names are Codex's only", headers: headersOf("session_id: shadow-session", "user-agent: curl/8.5.0")},
		{name: "Codex by originator", headers: headersOf("session_id: abc", "originator: codex_vscode"), session: "abc", sesFrom: "header:session-id"},
		{
			name: "long", headers: headersOf("x-litellm-customer-id: "+long, "x-litellm-session-id: "+long),
			user: strings.Repeat("ä", 183) + "~140205765bd347f9", userFrom: "header:x-litellm-customer-id",
			session: strings.Repeat("%C3%A4", 31)[:183] + "~aa0670f011b935f0", sesFrom: "header:x-litellm-session-id",
		},
		{
			name: "200 characters are not long", headers: headersOf("x-litellm-customer-id: " + strings.Repeat("ä", 200)),
			user: strings.Repeat("ä", 200), userFrom: "header:x-litellm-customer-id",
		},
		{
			name: "configured lists replace the default", cfg: Config{User: []string{"header:X-Employee", "body:extra.who.id", "key:team_alias"}, Session: []string{}},
			headers: headersOf("x-litellm-customer-id: other", "x-litellm-session-id: s"), body: `{"extra":{"who":{"id":"e-7"}}}`,
			user: "e-7", userFrom: "body:extra.who.id",
		},
		{
			name: "renamed Open WebUI header", cfg: Config{User: []string{"header:x_person"}, ProfileHeaders: []string{"X-Person"}},
			headers: headersOf("x-person: %C3%A4"), user: "ä", userFrom: "header:x_person",
		},
		{
			name: "profile before the key", cfg: Config{Profiles: []string{"oauth2-proxy", "google-iap"}},
			headers: headersOf("x-goog-authenticated-user-email: accounts.google.com:eva@example.org", "x-forwarded-user: eva"), key: tailer.Key{Alias: "k", EndUser: "e"},
			user: "eva", userFrom: "header:x-forwarded-user",
		},
		{
			name: "prefix of Google IAP", cfg: Config{Profiles: []string{"google-iap"}},
			headers: headersOf("x-goog-authenticated-user-email: accounts.google.com:eva@example.org"),
			user:    "eva@example.org", userFrom: "header:x-goog-authenticated-user-email",
		},
		{name: "profiles are off", headers: headersOf("x-forwarded-email: eva@example.org", "tailscale-user-login: eva")},
	} {
		t.Run(w.name, w.run)
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	const secret = "sk-made-up-0123456789"
	for _, row := range []struct {
		name string
		cfg  Config
		want error
	}{
		{"unknown kind", Config{User: []string{"cookie:user"}}, ErrSource},
		{"no kind", Config{User: []string{"x-user"}}, ErrSource},
		{"no name", Config{Session: []string{"header:"}}, ErrSource},
		{"blank in name", Config{Session: []string{"header:x y"}}, ErrSource},
		{"unknown key field", Config{User: []string{"key:hash"}}, ErrSource},
		{"unknown glob", Config{User: []string{"header:x-*"}}, ErrSource},
		{"litellm", Config{User: []string{"litellm:user"}}, ErrSource},
		{"profile", Config{Profiles: []string{"oauth3"}}, ErrProfile},
		{"environment in capitals", Config{Environment: "Prod"}, ErrEnvironment},
		{"environment of Langfuse", Config{Environment: "langfuse-x"}, ErrEnvironment},
		{"identity mode", Config{IdentityMode: "mask"}, ErrMode},
		{"content", Config{Content: "yes"}, ErrMode},
		{"no key", Config{IdentityMode: IdentityHash, IdentityKey: []byte("short")}, ErrKey},
		{"short secret", Config{KnownSecrets: []string{secret, "xyz"}}, ErrSecret},
		{"task header", Config{TaskHeader: "X Task"}, ErrSource},
	} {
		_, err := New(row.cfg)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells a secret: %v", row.name, err)
		}
	}
}

func TestDefaultSourcesAreSources(t *testing.T) {
	t.Parallel()
	specs := slices.Concat(defaultUser, defaultSession)
	for _, name := range Profiles() {
		user, session, err := extraSources([]string{name})
		if err != nil || len(user)+len(session) == 0 {
			t.Errorf("profile %s: %d sources, %v", name, len(user)+len(session), err)
		}
		specs = slices.Concat(specs, user, session)
	}
	for _, spec := range specs {
		if _, err := parseSource(spec); err != nil {
			t.Errorf("parseSource(%q): %v", spec, err)
		}
	}
}
