package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
)

// content are the members of a body that hold what was asked.
var content = map[string]bool{
	"messages": true, "system": true, "prompt": true, "input": true, "instructions": true, "query": true, "documents": true,
	"tools": true, "functions": true, "contents": true, "suffix": true, "prediction": true, "negative_prompt": true,
	"image": true, "mask": true, "file": true,
}

// people are members of a body that name people or their conversations.
var people = map[string]bool{
	"user": true, "safety_identifier": true, "litellm_session_id": true, "prompt_cache_key": true, "end_user": true,
}

// redact takes secrets, media and content that must stay out of all that
// attribution did not make.
func (c *call) redact() {
	x, p := c.x, &c.p
	private := c.e.cfg.Content == ContentOff || x.Private && c.e.cfg.Content != ContentOn
	if private {
		p.count.Private++
		x.Response = nil
	}
	x.Private = private
	body := make(tailer.Fields, 0, len(x.Request.Body))
	for _, f := range x.Request.Body {
		if private && content[f.Name] || c.hides() && people[f.Name] {
			continue
		}
		p.keep = c.e.cfg.KeepContentSecrets && content[f.Name]
		f.Value = p.json(f.Name, f.Value)
		p.keep = false
		if limit := c.e.cfg.ContentLimit; limit > 0 && content[f.Name] {
			f.Value = truncated(f.Value, limit)
		}
		f.Name = p.text(f.Name)
		body = append(body, f)
	}
	if x.Request.Body != nil {
		x.Request.Body = body
	}
	p.keep = c.e.cfg.KeepContentSecrets
	x.Response = p.json("response", x.Response)
	p.keep = false
	if limit := c.e.cfg.ContentLimit; limit > 0 {
		x.Response = truncated(x.Response, limit)
	}
	x.Usage = p.json("usage", x.Usage)
	x.Request.Metadata = x.Attribution.Metadata

	for _, s := range []*string{
		&x.Request.Method, &x.Request.Route, &x.Request.FoundUser, &x.Request.FoundHeader, &x.Key.Hash, &x.Key.Alias, &x.Key.TeamAlias,
		&x.Key.UserID, &x.Key.UserEmail, &x.Key.EndUser, &x.CallType, &x.StatusMessage, &x.ErrorClass, &x.Model,
		&x.ModelGroup, &x.ModelID, &x.Provider, &x.LiteLLM, &x.ResponseID, &x.ResponseModel,
	} {
		*s = p.text(valid(*s))
	}
	if p.text(x.CallID) != x.CallID { // a client chose it; ids made from it must stay apart
		sum := sha256.Sum256([]byte(x.CallID))
		x.CallID = "redacted-" + hex.EncodeToString(sum[:16])
	}
	for i := range x.Attempts {
		a := &x.Attempts[i]
		for _, s := range []*string{&a.Model, &a.ModelGroup, &a.Provider, &a.ErrorClass, &a.Message} {
			*s = p.text(valid(*s))
		}
	}
}

// hides says whether people must not be named.
func (c *call) hides() bool {
	return c.e.cfg.IdentityMode == IdentityHash || c.e.cfg.IdentityMode == IdentityDrop
}

// identityMode puts a keyed hash, or nothing, in place of user and session, and
// takes out what else names them.
func (c *call) identityMode() {
	if !c.hides() {
		return
	}
	x, a := c.x, &c.x.Attribution
	if c.e.cfg.IdentityMode == IdentityHash {
		a.User, a.Session = c.hash(a.User), c.hash(a.Session)
	} else {
		a.User, a.UserSource, a.Session, a.SessionSource = "", "", "", ""
	}
	c.hideNames()
	c.p.count.SecretHeaders += c.secretHeaders()
	c.heads = nil
	x.Request.FoundUser = ""
	x.Key.Alias, x.Key.UserID, x.Key.UserEmail, x.Key.EndUser = "", "", "", ""
}

func (c *call) secretHeaders() int64 {
	var n int64
	for _, h := range c.heads {
		if h.secret {
			n++
		}
	}
	return n
}

// hash returns the keyed hash of a value, "" for none.
func (c *call) hash(value string) string {
	if value == "" {
		return ""
	}
	return Hash(c.e.cfg.IdentityKey, value)
}

// Hash is what identity mode hash puts in place of a user or a session: 32 hex
// digits of the HMAC-SHA256.
func Hash(key []byte, value string) string {
	const digits = 32
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))[:digits]
}

// hideNames takes names of people and sessions, wherever a source had one, out
// of what else attribution found and out of messages. Content is not searched:
// identity.mode is about who asked, not about what was said.
func (c *call) hideNames() {
	var names [][]byte
	for _, s := range append(append([]source{}, c.e.user...), c.e.session...) {
		for _, claude := range []func(string) (string, bool){claudeAccount, claudeSession} {
			for _, found := range c.candidates(s, claude) {
				if value := line(found.value); len(value) >= 4 && len(names) < 64 {
					names = append(names, []byte(value))
				}
			}
		}
	}
	hide := pass{r: c.p.r, own: names}
	x, a := c.x, &c.x.Attribution
	for i := range a.Tags {
		a.Tags[i] = hide.text(a.Tags[i])
	}
	for i := range a.TraceMetadata {
		a.TraceMetadata[i].Value = hide.text(a.TraceMetadata[i].Value)
	}
	a.TraceName = hide.text(a.TraceName)
	a.Metadata = hide.json("metadata", withoutPeople(a.Metadata))
	x.StatusMessage = hide.text(x.StatusMessage)
	for i := range x.Attempts {
		x.Attempts[i].Message = hide.text(x.Attempts[i].Message)
	}
}

// withoutPeople returns metadata without members that name people.
func withoutPeople(meta []byte) []byte {
	out := []byte{'{'}
	for name, value := range rawjson.Members(meta) {
		if plain := strings.ToLower(name); plain == "headers" || strings.Contains(plain, "user") || strings.Contains(plain, "email") {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(rawjson.AppendQuoted(out, []byte(name)), ':'), value...)
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}
