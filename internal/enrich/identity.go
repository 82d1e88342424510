package enrich

import (
	"bytes"
	"regexp"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
)

// nobody are ids that LiteLLM gives to requests of no person: the master key's.
var nobody = map[string]bool{"default_user_id": true, "litellm_proxy_master_key": true}

// vendorValue is what LiteLLM (1.98 on) takes for a session id from any
// `x-<vendor>-session-id` header.
var vendorValue = regexp.MustCompile(`^[A-Za-z0-9_-]{8,}$`)

// user sets the user and returns the source that named one, as configured.
func (c *call) user() string {
	for _, s := range c.e.user {
		for _, found := range c.candidates(s, claudeAccount) {
			value, ok := c.usable(found.value)
			if !ok || nobody[strings.ToLower(value)] {
				continue
			}
			c.x.Attribution.User, c.x.Attribution.UserSource = c.short(value), found.source
			return s.spec
		}
	}
	return ""
}

// session sets the session and returns the source that named one. It needs the user.
func (c *call) session() string {
	for _, s := range c.e.session {
		for _, found := range c.candidates(s, claudeSession) {
			value, ok := c.usable(found.value)
			if !ok {
				continue
			}
			if temporary(value) {
				if c.x.Attribution.User == "" {
					continue
				}
				value += "/" + c.x.Attribution.User
			}
			c.x.Attribution.Session, c.x.Attribution.SessionSource = c.short(ascii(value)), found.source
			return s.spec
		}
	}
	return ""
}

// temporary says whether a session id is shared by people: Open WebUI's id of
// chats that are not kept, `local` (0.6), `local:<socket>` (0.9.6) or
// `temporary:<id>` (0.12.4).
func temporary(value string) bool {
	kind, _, _ := strings.Cut(value, ":")
	return kind == "local" || kind == "temporary"
}

// usable returns a value on one line; ok is false if it is blank, a placeholder
// or a secret. A key in the place of a name is nobody: it must not be sent, and
// what would be left of it is the same for all.
func (c *call) usable(value string) (string, bool) {
	value = line(value)
	if value == "" || unresolved(value) || strings.HasPrefix(value, "sk-") {
		return "", false
	}
	quiet := pass{r: c.p.r, own: c.p.own}
	return value, quiet.text(value) == value && value != "[redacted]"
}

func (c *call) short(value string) string {
	value, cut := shortened(value)
	if cut {
		c.p.count.Shortened++
	}
	return value
}

// A candidate is a value that a source has, and where exactly it stood.
type candidate struct{ value, source string }

// candidates returns what a source says, best first. claude is asked for its
// part of Claude Code's metadata.user_id.
func (c *call) candidates(s source, claude func(string) (string, bool)) []candidate {
	switch s.kind {
	case "header":
		return c.fromHeader(s)
	case "codex":
		if c.isCodex() {
			return c.fromHeader(source{spec: "header:" + strings.TrimPrefix(s.spec, "codex:"), name: s.name})
		}
	case "vendor":
		return c.fromVendor()
	case "baggage":
		return one(c.baggage(s.name), s.spec)
	case "jwt":
		return c.fromJWT(s)
	case "body":
		return c.fromBody(s, claude)
	case "litellm":
		return c.endUser(s, claude)
	case "key":
		k := &c.x.Key
		switch s.name {
		case "user_email":
			return one(k.UserEmail, s.spec)
		case "user_id":
			return one(k.UserID, s.spec)
		case "alias":
			return one(k.Alias, s.spec)
		case "team_alias":
			return one(k.TeamAlias, s.spec)
		}
	}
	return nil
}

func one(value, source string) []candidate {
	if value == "" {
		return nil
	}
	return []candidate{{value, source}}
}

// fromHeader looks for a header, then for LiteLLM's line that quotes it.
func (c *call) fromHeader(s source) []candidate {
	var all []candidate
	for _, h := range c.heads {
		if h.plain == s.name {
			all = append(all, candidate{c.headerValue(s.name, h.Value), s.spec})
		}
	}
	r := &c.x.Request
	if r.FoundUser != "" && langfuseHeader(plainHeader(r.FoundHeader)) == s.name {
		all = append(all, candidate{c.headerValue(s.name, asSent(r.FoundUser)), s.spec})
	}
	return all
}

// headerValue returns the value of a header as its sender meant it.
func (c *call) headerValue(plain, value string) string {
	if _, ok := c.e.profileName(plain, headerNameOf(plain).shown); ok {
		return percentDecoded(value)
	}
	if strings.HasPrefix(plain, "x-goog-authenticated-user-") {
		return strings.TrimPrefix(strings.TrimSpace(value), "accounts.google.com:")
	}
	return value
}

func (c *call) fromVendor() []candidate {
	var all []candidate
	for _, h := range c.heads {
		vendor, ok := strings.CutSuffix(h.plain, "-session-id")
		if !ok || len(vendor) < 3 || !strings.HasPrefix(vendor, "x-") {
			continue
		}
		if value := strings.TrimSpace(h.Value); vendorValue.MatchString(value) {
			all = append(all, candidate{value, "header:" + strings.ToLower(h.Name)})
		}
	}
	return all
}

// isCodex says whether OpenAI's Codex sent the request. Other clients use such
// short header names for other things.
func (c *call) isCodex() bool {
	for _, h := range c.heads {
		if (h.plain == "user-agent" || h.plain == "originator") && strings.Contains(strings.ToLower(h.Value), "codex") {
			return true
		}
	}
	return false
}

// baggage returns a member of the W3C baggage header, percent-decoded.
func (c *call) baggage(key string) string {
	for _, h := range c.heads {
		if h.plain != "baggage" {
			continue
		}
		for entry := range strings.SplitSeq(h.Value, ",") {
			entry, _, _ = strings.Cut(entry, ";")
			name, value, ok := strings.Cut(entry, "=")
			if ok && strings.TrimSpace(name) == key && !blank(value) {
				return percentDecoded(strings.TrimSpace(value))
			}
		}
	}
	return ""
}

// fromBody looks for a member of the body. `user` may be an object, as Open
// WebUI sends it to pipelines.
func (c *call) fromBody(s source, claude func(string) (string, bool)) []candidate {
	raw := bodyValue(&c.x.Request, s.name)
	if s.name == "metadata.user_id" {
		if part, ok := claude(rawjson.Scalar(raw)); ok {
			return one(part, s.spec)
		}
	}
	if len(raw) > 0 && raw[0] == '{' && s.name == "user" {
		return append(one(rawjson.Scalar(rawjson.Member(raw, "email")), s.spec), one(rawjson.Scalar(rawjson.Member(raw, "id")), s.spec)...)
	}
	return one(rawjson.Scalar(raw), s.spec)
}

// endUser is LiteLLM's own idea of the user: from the header that its line names,
// or as logged with the key. LiteLLM takes Claude Code's metadata.user_id whole.
func (c *call) endUser(s source, claude func(string) (string, bool)) []candidate {
	r := &c.x.Request
	var all []candidate
	if r.FoundUser != "" && r.FoundHeader != "" {
		name := langfuseHeader(plainHeader(r.FoundHeader))
		all = one(c.headerValue(name, asSent(r.FoundUser)), "header:"+strings.ToLower(r.FoundHeader))
	}
	if !c.namesEndUser() {
		return all
	}
	user := asSent(c.x.Key.EndUser) // mostly a header's
	if part, ok := claude(user); ok {
		return append(all, one(part, s.spec)...)
	}
	return append(all, one(user, s.spec)...)
}

// bodyValue returns a member of the body by its path; nil if there is none.
func bodyValue(r *tailer.Request, path string) []byte {
	first, rest, more := strings.Cut(path, ".")
	raw := []byte(r.Body.Get(first))
	if first == "metadata" {
		raw = r.Metadata
	}
	for more && len(raw) > 0 {
		first, rest, more = strings.Cut(rest, ".")
		raw = rawjson.Member(raw, first)
	}
	return bytes.TrimSpace(raw)
}
