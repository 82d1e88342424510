package enrich

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
)

// maxTags and maxPairs bound what one client can hang on its traces.
const (
	maxTags  = 100
	maxPairs = 200
)

// trace sets what the client said about its trace: id, name, tags, environment,
// metadata.
func (c *call) trace() {
	a, meta := &c.x.Attribution, c.x.Request.Metadata
	a.TraceSeed = c.seed(c.first("langfuse-trace-id", rawjson.Scalar(rawjson.Member(meta, "trace_id")), rawjson.Scalar(rawjson.Member(meta, "existing_trace_id"))))
	a.TraceName = cutRunes(c.p.text(c.first("langfuse-trace-name", rawjson.Scalar(rawjson.Member(meta, "trace_name")))), maxName)
	a.Tags = c.tags(rawjson.Member(meta, "tags"))
	a.Environment = c.e.cfg.Environment
	if named := environment(c.p.text(c.first("langfuse-environment"))); named != "" {
		a.Environment = named
	}
	a.TraceMetadata = c.pairs(rawjson.Member(meta, "trace_metadata"))
	a.Metadata = c.rest(meta)
}

// first returns the header of that plain name, else the first other value, that
// is neither blank nor a placeholder.
func (c *call) first(plain string, others ...string) string {
	var values []string
	for _, h := range c.heads {
		if h.plain == plain {
			values = append(values, h.Value)
		}
	}
	for _, value := range append(values, others...) {
		if value = line(value); value != "" && !unresolved(value) {
			return value
		}
	}
	return ""
}

// seed returns the client's trace id. A secret in its place becomes the 32 hex
// digits that its text would have given, so that the id stays and the text goes.
func (c *call) seed(text string) string {
	if c.p.text(text) == text {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// tags returns the tags of headers, body and task: sorted, each once.
func (c *call) tags(list json.RawMessage) []string {
	var tags []string
	put := func(tag string) {
		tag = line(tag)
		if tag == "" || unresolved(tag) || len(tags) >= maxTags {
			return
		}
		tags = append(tags, c.short(c.p.text(tag)))
	}
	for _, h := range c.heads {
		if h.plain == "langfuse-tags" || h.plain == "x-litellm-tags" {
			for tag := range strings.SplitSeq(h.Value, ",") {
				put(tag)
			}
		}
	}
	for tag := range rawjson.Elements(list) {
		put(rawjson.Scalar(tag))
	}
	for tag := range strings.SplitSeq(rawjson.Scalar(list), ",") {
		put(tag)
	}
	if task := c.x.Attribution.Task; task != "" {
		tags = append(tags, "task:"+task)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// environment returns a name as Langfuse takes it: lower case, [a-z0-9-_], at
// most 40 bytes, not beginning with `langfuse`; "" if nothing is left.
func environment(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, strings.TrimSpace(name))
	name = name[:min(len(name), 40)]
	if strings.HasPrefix(name, "langfuse") || strings.Trim(name, "-_") == "" {
		return ""
	}
	return name
}

// pairs returns the client's trace metadata: the header's keys, then those of
// the body that the header does not have. Keys of tailer's own are left out.
func (c *call) pairs(body json.RawMessage) []tailer.Header {
	var all []tailer.Header
	put := func(key string, value json.RawMessage) {
		key = cutRunes(c.p.text(line(key)), maxChars)
		text := rawjson.Scalar(value)
		if !slices.Contains([]string{"", "null"}, string(value)) && value[0] != '"' {
			text = compact(value)
		}
		if key == "" || c.reserved(key) || blank(text) || len(all) >= maxPairs ||
			slices.ContainsFunc(all, func(h tailer.Header) bool { return h.Name == key }) {
			return
		}
		if secretMember(key, false) {
			text = mark
		}
		if json.Valid([]byte(text)) && (text[0] == '{' || text[0] == '[') {
			text = string(c.p.json(key, json.RawMessage(text)))
		} else {
			text = c.p.text(valid(text))
		}
		all = append(all, tailer.Header{Name: key, Value: text})
	}
	for key, value := range rawjson.Members([]byte(c.first("langfuse-trace-metadata"))) {
		put(key, value)
	}
	for key, value := range rawjson.Members(body) {
		put(key, value)
	}
	for key, value := range rawjson.Members([]byte(rawjson.Scalar(body))) { // the object as a string
		put(key, value)
	}
	return all
}

// reserved says whether a key of trace metadata is tailer's own.
func (c *call) reserved(key string) bool {
	plain := plainHeader(key)
	_, profile := c.e.profileName(plain, headerNameOf(plain).shown)
	return profile || plain == "request-headers" || plain == "request-metadata" || plain == "session-title" || plain == "tailer" ||
		strings.HasPrefix(plain, "tailer.")
}

// compact returns a JSON value without white space between its tokens; "" if it
// is not JSON.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return b.String()
}

// used are members of the client's metadata that become attributes of their own.
var used = map[string]bool{
	"trace_id": true, "existing_trace_id": true, "session_id": true, "trace_user_id": true, "trace_name": true,
	"trace_metadata": true, "tags": true,
}

// rest returns the client's metadata without what went elsewhere, redacted; nil
// if nothing is left.
func (c *call) rest(meta json.RawMessage) json.RawMessage {
	out := []byte{'{'}
	for name, value := range rawjson.Members(meta) {
		if used[name] || name == "user_id" && c.named("body:metadata.user_id") {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(rawjson.AppendQuoted(out, []byte(name)), ':')
		out = append(out, value...)
	}
	if len(out) == 1 {
		return nil
	}
	return c.p.json("metadata", append(out, '}'))
}

// named says whether user or session came from that source.
func (c *call) named(source string) bool {
	return c.x.Attribution.UserSource == source || c.x.Attribution.SessionSource == source
}
