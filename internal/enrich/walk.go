package enrich

import (
	"bytes"
	"slices"
	"strings"

	"tailer/internal/rawjson"
)

// maxDepth is what Python's json takes, and so all that a proxy in Python can
// have logged.
const maxDepth = 1000

// A walker goes through one JSON document and copies it only from its first
// change on.
type walker struct {
	p    *pass
	raw  []byte
	i    int    // next byte to read
	done int    // raw[:done] is in out
	out  []byte // nil until something changes
	text []byte // buffer for unescaping, reused
}

// A frame is the object or array around a value.
type frame struct {
	name    string // of the member that holds it
	start   int    // index of its bracket
	headers bool   // it is a map of headers
	media   *mediaHints
}

// walk returns the document redacted; ok is false if it is not JSON.
func (w *walker) walk(name string) (out []byte, ok bool) {
	w.skip()
	if !w.value(name, &frame{}, 0) {
		return nil, false
	}
	w.skip()
	if w.i != len(w.raw) {
		return nil, false
	}
	if w.out == nil {
		return w.raw, true
	}
	return append(w.out, w.raw[w.done:]...), true
}

func (w *walker) skip() { w.i = rawjson.SkipSpace(w.raw, w.i) }

// at says whether c is the next byte, and passes it if so.
func (w *walker) at(c byte) bool {
	if w.i < len(w.raw) && w.raw[w.i] == c {
		w.i++
		return true
	}
	return false
}

func (w *walker) value(name string, in *frame, depth int) bool {
	if w.i == len(w.raw) || depth > maxDepth {
		return false
	}
	switch w.raw[w.i] {
	case '{':
		return w.object(name, depth)
	case '[':
		return w.array(name, in, depth)
	case '"':
		return w.str(name, in)
	}
	end := rawjson.LiteralEnd(w.raw, w.i)
	ok := literal(w.raw[w.i:end])
	w.i = end
	return ok
}

func (w *walker) object(name string, depth int) bool {
	in := frame{name: name, start: w.i, headers: headerMap(name)}
	w.i++
	w.skip()
	if w.at('}') {
		return true
	}
	for {
		from := w.i
		if w.i == len(w.raw) || w.raw[w.i] != '"' || !w.key() {
			return false
		}
		key := w.raw[from:w.i]
		w.skip()
		if !w.at(':') {
			return false
		}
		w.skip()
		if !w.value(plainName(key), &in, depth+1) {
			return false
		}
		w.skip()
		if w.at('}') {
			return true
		}
		if !w.at(',') {
			return false
		}
		w.skip()
	}
}

// array hands its own name and surroundings on to its elements:
// `"api_keys": ["…"]`, `"images": ["…"]`.
func (w *walker) array(name string, in *frame, depth int) bool {
	w.i++
	w.skip()
	if w.at(']') {
		return true
	}
	for {
		if !w.value(name, in, depth+1) {
			return false
		}
		w.skip()
		if w.at(']') {
			return true
		}
		if !w.at(',') {
			return false
		}
		w.skip()
	}
}

// plainName returns a member's name, quotes included in key.
func plainName(key []byte) string {
	name, _ := rawjson.Unquote(key)
	return name
}

// key passes a member's name, which may hold a secret too.
func (w *walker) key() bool {
	return w.stringAt(func(text []byte) ([]byte, bool) { return w.p.bytes(text) })
}

// str passes a string value.
func (w *walker) str(name string, in *frame) bool {
	return w.stringAt(func(text []byte) ([]byte, bool) {
		if marker, ok := w.media(name, in, text); ok {
			return []byte(marker), marker != string(text)
		}
		if len(text) > 0 && !w.p.keep && secretMember(name, in.headers) {
			if string(text) == mark {
				return text, false
			}
			w.p.count.Secrets++
			return []byte(mark), true
		}
		return w.p.bytes(text)
	})
}

// stringAt passes the string at w.i, replaced by what change makes of its text.
func (w *walker) stringAt(change func([]byte) ([]byte, bool)) bool {
	from := w.i
	end, ok := rawjson.StringEnd(w.raw, from)
	if !ok {
		return false
	}
	w.i = end
	text := w.raw[from+1 : end-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		w.text, ok = rawjson.AppendUnescaped(slices.Grow(w.text[:0], len(text)), text)
		if !ok {
			return false
		}
		text = w.text
	}
	next, changed := change(text)
	if changed {
		w.out = append(w.out, w.raw[w.done:from]...)
		w.out = rawjson.AppendQuoted(w.out, next)
		w.done = end
	}
	return true
}

// literal says whether b is a JSON number, true, false or null.
func literal(b []byte) bool {
	switch string(b) {
	case "true", "false", "null":
		return true
	}
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digitByte.run(b, i)
	if whole == i || (b[i] == '0' && whole > i+1) {
		return false
	}
	i = whole
	if i < len(b) && b[i] == '.' {
		end := digitByte.run(b, i+1)
		if end == i+1 {
			return false
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digitByte.run(b, i)
		if end == i {
			return false
		}
		i = end
	}
	return i == len(b)
}

// headerMap says whether a member of that name holds headers by their names.
func headerMap(name string) bool {
	switch strings.ToLower(name) {
	case "headers", "extra_headers", "default_headers", "request_headers", "http_headers", "requester_custom_headers":
		return true
	}
	return false
}

// secretMember says whether a member's string value is secret because of the
// Member's name. Clients may hand a provider's key in the body, and MCP tools
// carry tokens.
func secretMember(name string, header bool) bool {
	if header {
		return SecretHeader(name)
	}
	if len(name) < 5 || len(name) > 32 {
		return false
	}
	return secretMembers[strings.ToLower(strings.ReplaceAll(name, "-", "_"))]
}

var secretMembers = map[string]bool{
	"api_key": true, "apikey": true, "x_api_key": true, "api_keys": true, "authorization": true, "proxy_authorization": true,
	"password": true, "passwd": true, "client_secret": true, "secret": true, "secret_key": true, "secret_access_key": true,
	"access_token": true, "refresh_token": true, "id_token": true, "auth_token": true, "bearer_token": true,
	"session_token": true, "authorization_token": true, "private_key": true, "azure_ad_token": true, "azure_password": true,
	"aws_secret_access_key": true, "aws_session_token": true, "aws_access_key_id": true, "aws_web_identity_token": true,
	"vertex_credentials": true, "vertex_ai_credentials": true, "cookie": true, "set_cookie": true, "master_key": true,
	"database_url": true, "connection_string": true, "langfuse_secret": true, "langfuse_secret_key": true,
	"langfuse_public_key": true, "langsmith_api_key": true,
}
