package enrich

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"tailer"
)

func request(user, team, model, prompt string) tailer.Exchange {
	x := tailer.Exchange{
		CallID: "c-1", Key: tailer.Key{TeamAlias: team, Alias: "kim-key"}, Model: "openai/" + model, ModelGroup: model + "-group",
		Positions: []tailer.Position{{Offset: 7}}, Response: json.RawMessage(`{"answer":"yes"}`),
		Request: tailer.Request{Body: bodyOf(`{"model":"` + model + `","messages":[{"role":"user","content":"` + prompt + `"}]}`)},
	}
	if user != "" {
		x.Request.Headers = headersOf("x-openwebui-user-email: "+user, "x-openwebui-user-id: u-1", "authorization: Bearer made-up-0123456789abc")
	}
	return x
}

func TestSelection(t *testing.T) {
	t.Parallel()
	const title = "### Task:\\nGenerate a concise, 3-5 word title"
	eva := func() tailer.Exchange { return request("Eva@Example.org", "Research", "gpt-4o", "hello") }
	for _, row := range []struct {
		name string
		sel  Selection
		x    tailer.Exchange
		want string
	}{
		{"no rules", Selection{}, eva(), ""},
		{"user denied", Selection{DenyUsers: []string{"eva@example.org"}}, eva(), "denied user"},
		{"user denied by another of her names", Selection{DenyUsers: []string{"U-1"}}, eva(), "denied user"},
		{"user denied by domain", Selection{DenyUsers: []string{"*@example.org"}}, eva(), "denied user"},
		{"other user denied", Selection{DenyUsers: []string{"eva@example.com", "va@example.org"}}, eva(), ""},
		{"user allowed", Selection{AllowUsers: []string{"ana", "EVA@*"}}, eva(), ""},
		{"another of her names is not enough to allow", Selection{AllowUsers: []string{"u-1"}}, eva(), "user not allowed"},
		{"nobody allowed", Selection{AllowUsers: []string{"none"}}, eva(), "user not allowed"},
		{"nobody denied", Selection{DenyTeams: []string{"none"}}, request("", "", "m", "x"), "denied team"},
		{"nobody asked", Selection{AllowTeams: []string{"*"}}, request("", "", "m", "x"), "team not allowed"},
		{"team denied", Selection{DenyTeams: []string{"research"}}, eva(), "denied team"},
		{"model asked for", Selection{DenyModels: []string{"gpt-4o"}}, eva(), "denied model"},
		{"upstream model, slash and all", Selection{DenyModels: []string{"open*4o"}}, eva(), "denied model"},
		{"model group allowed", Selection{AllowModels: []string{"gpt-4o-group"}}, eva(), ""},
		{"model not allowed", Selection{AllowModels: []string{"gpt-5*"}}, eva(), "model not allowed"},
		{"brackets are no class", Selection{DenyModels: []string{"[a-z]*"}}, eva(), ""},
		{"deny wins", Selection{AllowUsers: []string{"*"}, DenyUsers: []string{"eva*"}}, eva(), "denied user"},
		{"task denied", Selection{DenyTasks: []string{"title_generation"}}, request("ana", "", "m", title), "denied task"},
		{"chats only", Selection{AllowTasks: []string{"none"}}, request("ana", "", "m", title), "task not allowed"},
		{"a chat is no task", Selection{AllowTasks: []string{"none"}}, eva(), ""},
	} {
		e := mustNew(t, Config{Select: row.sel})
		e.Enrich(&row.x)
		if got := row.x.Attribution.Dropped; got != row.want {
			t.Errorf("%s: dropped by %q, want %q", row.name, got, row.want)
		}
		n := e.Counts()
		if row.want == "" {
			if n.Exchanges != 1 || len(n.Dropped) != 0 {
				t.Errorf("%s: counts %+v", row.name, n)
			}
			continue
		}
		if n.Exchanges != 0 || !maps.Equal(n.Dropped, map[string]int64{row.want: 1}) {
			t.Errorf("%s: counts %+v", row.name, n)
		}
		if all := shown(&row.x); strings.Contains(all, "xample") || strings.Contains(all, "hello") || strings.Contains(all, "made-up") || strings.Contains(all, "yes") {
			t.Errorf("%s: something is left: %s", row.name, all)
		}
		if len(row.x.Positions) != 1 {
			t.Errorf("%s: positions are gone", row.name)
		}
	}
	for _, bad := range []Config{
		{Select: Selection{DenyUsers: []string{" "}}}, {AllowHeaders: []string{""}}, {DenyHeaders: []string{""}},
	} {
		if _, err := New(bad); !errors.Is(err, ErrPattern) {
			t.Errorf("an empty pattern: %v", err)
		}
	}
	if _, err := New(Config{ContentLimit: -1}); !errors.Is(err, ErrLimit) {
		t.Errorf("a negative limit: %v", err)
	}
}

// TestSelectionBeforeHash drops by the name, though only its hash would be sent.
func TestSelectionBeforeHash(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Config{IdentityMode: IdentityHash, IdentityKey: []byte("0123456789abcdef"), Select: Selection{DenyUsers: []string{"eva"}}})
	x := request("eva", "", "m", "x")
	x.CallID = "sk-" + mix36
	e.Enrich(&x)
	if x.Attribution.Dropped != "denied user" || x.CallID != "" {
		t.Errorf("dropped by %q, with the call id %q", x.Attribution.Dropped, x.CallID)
	}
}

func TestHeaderLists(t *testing.T) {
	t.Parallel()
	headers := []string{
		"x-openwebui-user-email: eva@example.org", "X-OpenWebUI-User-Name: Eva", "X-Forwarded-For: 10.0.0.7",
		"user-agent: curl", "authorization: Bearer made-up-0123456789abc",
	}
	for _, row := range []struct {
		name        string
		allow, deny []string
		profile     string
		other       string
		hidden      int64
	}{
		{"none", nil, nil, "X-OpenWebUI-User-Email X-OpenWebUI-User-Name", `{"x-forwarded-for":"10.0.0.7","user-agent":"curl"}`, 0},
		{"allowed", []string{"x-openwebui-*"}, nil, "X-OpenWebUI-User-Email X-OpenWebUI-User-Name", "", 2},
		{"denied", nil, []string{"X_Forwarded_For", "x-openwebui-user-name"}, "X-OpenWebUI-User-Email", `{"user-agent":"curl"}`, 2},
		{"both", []string{"x-openwebui-*", "user-agent"}, []string{"*-email"}, "X-OpenWebUI-User-Name", `{"user-agent":"curl"}`, 2},
		{"a secret can't be allowed", []string{"authorization"}, nil, "", "", 4},
	} {
		e := mustNew(t, Config{AllowHeaders: row.allow, DenyHeaders: row.deny})
		x := tailer.Exchange{Request: tailer.Request{Headers: headersOf(headers...)}}
		e.Enrich(&x)
		var profile []string
		for _, h := range x.Attribution.ProfileHeaders {
			profile = append(profile, h.Name)
		}
		slices.Sort(profile)
		if got := strings.Join(profile, " "); got != row.profile {
			t.Errorf("%s: profile headers %q", row.name, got)
		}
		if got := string(x.Attribution.OtherHeaders); got != row.other {
			t.Errorf("%s: other headers %s", row.name, got)
		}
		if n := e.Counts(); n.HiddenHeaders != row.hidden || n.SecretHeaders != 1 {
			t.Errorf("%s: counts %+v", row.name, n)
		}
		if x.Attribution.User != "eva@example.org" {
			t.Errorf("%s: user %q: hidden headers identify all the same", row.name, x.Attribution.User)
		}
		if kept := len(x.Request.Headers); int64(kept) != 4-row.hidden {
			t.Errorf("%s: %d headers are left", row.name, kept)
		}
	}
}

func TestContentLimit(t *testing.T) {
	t.Parallel()
	secret := "sk-" + mix36
	x := tailer.Exchange{
		Request: tailer.Request{Body: bodyOf(`{"model":"a-very-long-model-name","messages":[{"role":"assistant_long","content":"12345678901"},{"content":[{"type":"text_and_more","text":"a ` + secret + `"}]}],"user":"0123456789abc"}`)},
		Response: json.RawMessage(
			`{"id":"chatcmpl-0123456789","choices":[{"message":{"content":"äöüäöüäöüäö\"}"},"finish_reason":"content_filter"}],"n":12345678901234}`),
	}
	mustNew(t, Config{ContentLimit: 10}).Enrich(&x)
	if got, want := string(x.Request.Body.Get("messages")), `[{"role":"assistant_long","content":"1234567890… [10 of 11 characters]"},{"content":[{"type":"text_and_more","text":"a [redacte… [10 of 12 characters]"}]}]`; got != want {
		t.Errorf("messages\n%s, want\n%s", got, want)
	}
	if got, want := string(x.Response), `{"id":"chatcmpl-0123456789","choices":[{"message":{"content":"äöüäöüäöüä… [10 of 13 characters]"},"finish_reason":"content_filter"}],"n":12345678901234}`; got != want {
		t.Errorf("response\n%s, want\n%s", got, want)
	}
	if x.Request.Body.Text("model") != "a-very-long-model-name" || x.Request.Body.Text("user") != "0123456789abc" {
		t.Errorf("what is no content was cut: %s", x.Request.Body.JSON())
	}
}

func TestParseContent(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]struct {
		content string
		limit   int
	}{"": {}, "auto": {}, "on": {ContentOn, 0}, "off": {ContentOff, 0}, "truncate:500": {ContentAuto, 500}} {
		if content, limit, err := ParseContent(setting); err != nil || content != want.content || limit != want.limit {
			t.Errorf("%q: %q, %d, %v", setting, content, limit, err)
		}
	}
	for _, bad := range []string{"ON", "truncate", "truncate:", "truncate:0", "truncate:-1", "truncate:x", "500"} {
		if _, _, err := ParseContent(bad); !errors.Is(err, ErrMode) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestContentDecides makes sure that later stages learn what was decided.
func TestContentDecides(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		content string
		private bool
		want    bool
	}{{ContentAuto, true, true}, {ContentAuto, false, false}, {ContentOn, true, false}, {ContentOff, false, true}} {
		x := full("what was said")
		x.Private = row.private
		mustNew(t, Config{Content: row.content}).Enrich(&x)
		if x.Private != row.want {
			t.Errorf("content %q, private %v in the log: private %v", row.content, row.private, x.Private)
		}
	}
}

func FuzzTruncated(f *testing.F) {
	f.Add(`{"content":"0123456789"}`, 5)
	f.Add(`["a\"b\\",{"id":"0123456789","x":"\ud83d\ude00\ud83d\ude00"}]`, 1)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 1 || !json.Valid([]byte(text)) {
			t.Skip()
		}
		out := truncated(json.RawMessage(text), limit)
		if !json.Valid(out) {
			t.Fatalf("%q became %q, which is not JSON", text, out)
		}
		if again := truncated(out, limit+64); string(again) != string(out) {
			t.Errorf("%q is longer than the limit allows: %q", out, again)
		}
	})
}
