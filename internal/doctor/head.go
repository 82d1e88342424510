package doctor

import "bytes"

// head is what the first bytes of a line tell of the record that begins there.
type head struct {
	json      bool
	coloured  bool
	component string // JSON of 1.81 and later: the logger
	level     string
	message   []byte // of JSON with its escapes
}

const jsonStart = `{"message": "`

// headOf reads the head of a record of LiteLLM's: `HH:MM:SS - LiteLLM:DEBUG:
// file.py:1 - message`, or a JSON object. It counts heads, it does not parse:
// what it takes for one by mistake changes a count by one.
func headOf(b []byte) (h head, ok bool) {
	if bytes.HasPrefix(b, []byte(jsonStart)) {
		return jsonHead(b)
	}
	rest, coloured := bytes.CutPrefix(b, []byte("\x1b[92m"))
	if len(rest) < 30 || rest[2] != ':' || rest[5] != ':' || !bytes.HasPrefix(rest[8:], []byte(" - LiteLLM")) {
		return h, false
	}
	const room = 200
	top := rest[11:min(len(rest), room)]
	name, after, found := bytes.Cut(top, []byte(":"))
	if !found {
		return h, false
	}
	level, _, found := bytes.Cut(after, []byte(":"))
	level = bytes.TrimSuffix(level, []byte("\x1b[0m"))
	at := bytes.Index(rest[11:], []byte(" - "))
	if !found || at < 0 || len(level) > 8 {
		return h, false
	}
	return head{coloured: coloured, component: string(name), level: string(level), message: rest[11+at+3:]}, true
}

// jsonHead reads level and component, which follow the message.
func jsonHead(b []byte) (h head, ok bool) {
	at := bytes.LastIndex(b, []byte(`", "level": "`))
	if at < 0 {
		return h, false
	}
	h = head{json: true, message: b[len(jsonStart):max(at, len(jsonStart))]}
	rest := b[at+len(`", "level": "`):]
	level, rest, _ := bytes.Cut(rest, []byte(`"`))
	h.level = string(level)
	if !bytes.HasPrefix(rest, []byte(`, "timestamp": "`)) {
		return h, false
	}
	if _, after, found := bytes.Cut(rest, []byte(`"component": "`)); found {
		name, _, _ := bytes.Cut(after, []byte(`"`))
		h.component = string(name)
	}
	return h, true
}
