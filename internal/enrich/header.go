package enrich

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"tailer"
	"tailer/internal/rawjson"
)

// A heading is a request header with its name ready for comparing, and what else is
// known of that.
type heading struct {
	tailer.Header
	plain  string
	shown  string
	secret bool
}

func headings(headers []tailer.Header) []heading {
	all := make([]heading, 0, len(headers))
	for _, h := range headers {
		name := headerNameOf(h.Name)
		head := heading{Header: h, plain: name.bare, shown: name.shown, secret: name.secret}
		if head.plain != "langfuse-trace-id" { // LiteLLM makes its own id of what it read
			head.Value = asSent(h.Value)
		}
		all = append(all, head)
	}
	return all
}

// asSent returns a header's value as its sender wrote it. Clients send UTF-8, but
// LiteLLM's server (starlette) reads headers as Latin-1: `jürgen` is logged as
// `jÃ¼rgen`. Text whose characters, taken as bytes, are UTF-8 was that before;
// real Latin-1 is not UTF-8, and stays as it is.
func asSent(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	sent := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return s
		}
		sent = append(sent, byte(r))
	}
	if !utf8.Valid(sent) {
		return s
	}
	return string(sent)
}

// percentDecoded returns s with each %XX replaced by its byte, once. '+' stays,
// and so does an escape that is none or whose bytes are no UTF-8.
func percentDecoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var out, bytes []byte
	for i := 0; i < len(s); {
		from := i
		bytes = bytes[:0]
		for ; i+2 < len(s) && s[i] == '%' && hexByte[s[i+1]] && hexByte[s[i+2]]; i += 3 {
			high, _ := rawjson.Unhex(s[i+1])
			low, _ := rawjson.Unhex(s[i+2])
			bytes = append(bytes, high<<4|low)
		}
		if i == from {
			out = append(out, s[i])
			i++
			continue
		}
		for k := 0; k < len(bytes); {
			r, size := utf8.DecodeRune(bytes[k:])
			if r == utf8.RuneError && size == 1 {
				out = append(out, s[from+3*k:from+3*k+3]...)
			} else {
				out = append(out, bytes[k:k+size]...)
			}
			k += size
		}
	}
	return string(out)
}

// headers fills ProfileHeaders and OtherHeaders and takes what is secret out of
// the request's own headers.
func (c *call) headers() {
	var profile, other, kept []tailer.Header
	for _, h := range c.heads {
		if h.secret {
			c.p.count.SecretHeaders++
			continue
		}
		if !c.e.headerShown(&h) {
			c.p.count.HiddenHeaders++
			continue
		}
		value := c.p.text(valid(h.Value))
		name := c.p.text(valid(strings.ToLower(h.Name)))
		if kept == nil {
			kept = make([]tailer.Header, 0, len(c.heads))
		}
		kept = append(kept, tailer.Header{Name: name, Value: value})
		if blank(value) || name == "" {
			continue
		}
		if shown, ok := c.e.profileName(h.plain, h.shown); ok {
			if strings.Contains(h.Value, "%") {
				value = c.p.text(percentDecoded(valid(h.Value)))
			}
			if value = strings.TrimSpace(value); !blank(value) {
				profile = join(profile, c.p.text(valid(shown)), value)
			}
			continue
		}
		other = join(other, name, value)
	}
	for _, h := range c.claimed() {
		if c.e.headerShown(&h) {
			profile = join(profile, h.shown, c.p.text(valid(h.Value)))
		}
	}
	c.x.Request.Headers = kept
	a := &c.x.Attribution
	a.ProfileHeaders, a.OtherHeaders = profile, headerObject(other)
}

// profileName returns the spelling in which a profile header is reported; shown is
// that of Open WebUI, "" if it is none of its headers.
func (e *Enricher) profileName(plain, shown string) (string, bool) {
	if shown != "" {
		return shown, true
	}
	for _, name := range e.cfg.ProfileHeaders {
		if plainHeader(name) == plain {
			return name, true
		}
	}
	return "", false
}

// join appends a header, or its value to one of the same name, as HTTP does.
func join(all []tailer.Header, name, value string) []tailer.Header {
	for i := range all {
		if all[i].Name == name {
			all[i].Value += ", " + value
			return all
		}
	}
	return append(all, tailer.Header{Name: name, Value: value})
}

// headerObject returns headers as a JSON object in their order; nil for none.
func headerObject(headers []tailer.Header) json.RawMessage {
	if len(headers) == 0 {
		return nil
	}
	out := []byte{'{'}
	for i, h := range headers {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(rawjson.AppendQuoted(out, []byte(h.Name)), ':')
		out = rawjson.AppendQuoted(out, []byte(h.Value))
	}
	return append(out, '}')
}
