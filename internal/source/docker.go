package source

import (
	"bytes"
	"encoding/json"
	"time"

	"tailer"
	"tailer/internal/rawjson"
)

// docker is the format of Docker's json-file log driver, one object a line:
//
//	{"log":"text\n","stream":"stderr","time":"2026-11-23T09:13:09.058163123Z"}
//
// Docker Engine splits a line every 16 KiB (moby/moby#34855): a piece whose log
// doesn't end in a newline goes on in the next piece of the same stream. Of a character
// that is split each byte becomes U+FFFD. With the
// log options labels, env or tag an object attrs stands before time.
type docker struct {
	text []byte // decoded log, reused
}

func (*docker) name() string { return "docker json-file" }

func (d *docker) strip(line []byte) (piece, bool) {
	p, ok := d.fast(line)
	if !ok {
		p, ok = d.slow(line)
	}
	if !ok {
		return piece{}, false
	}
	whole := bytes.HasSuffix(p.text, newline)
	p.text = bytes.TrimSuffix(p.text, newline)
	p.partial = !whole
	p.framed, p.valid = true, true
	return p, true
}

// fast decodes the members in the order in which Docker writes them. It refuses whatever else a JSON object may be.
func (d *docker) fast(line []byte) (piece, bool) {
	line = bytes.TrimSuffix(line, carriageReturn)
	rest, ok := bytes.CutPrefix(line, []byte(`{"log":"`))
	if !ok {
		return piece{}, false
	}
	text, rest, ok := d.unquote(rest)
	if !ok {
		return piece{}, false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(`,"stream":"std`))
	if !ok || len(rest) < len(`err"`) {
		return piece{}, false
	}
	p := piece{text: text}
	switch string(rest[:len(`err"`)]) {
	case `out"`:
		p.stream = tailer.StreamStdout
	case `err"`:
		p.stream = tailer.StreamStderr
	default:
		return piece{}, false
	}
	rest, ok = cutAttrs(rest[len(`err"`):])
	if !ok {
		return piece{}, false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(`,"time":"`))
	if !ok {
		return piece{}, false
	}
	p.stamp, rest, ok = cutStamp(rest)
	return p, ok && string(rest) == `"}`
}

// cutAttrs takes the member attrs, if it is there.
func cutAttrs(b []byte) (rest []byte, ok bool) {
	attrs, found := bytes.CutPrefix(b, []byte(`,"attrs":`))
	if !found {
		return b, true
	}
	// Within a string the quote before time would have a backslash before it.
	end := bytes.Index(attrs, []byte(`},"time":"`))
	if end < 0 || !json.Valid(attrs[:end+1]) {
		return nil, false
	}
	return attrs[end+1:], true
}

// unquote decodes the JSON string whose opening quote stands before b. The text
// is part of b when there is nothing to decode, else it is d.text.
func (d *docker) unquote(b []byte) (text, rest []byte, ok bool) {
	n := rawjson.PlainEnd(b)
	if n < len(b) && b[n] == '"' {
		return b[:n], b[n+1:], true
	}
	out := d.text[:0]
	for n < len(b) && b[n] == '\\' {
		out = append(out, b[:n]...)
		b = b[n:]
		if out, b, ok = rawjson.AppendEscape(out, b); !ok {
			return nil, nil, false
		}
		n = rawjson.PlainEnd(b)
	}
	out = append(out, b[:n]...)
	d.text = out
	if n == len(b) || b[n] != '"' {
		return nil, nil, false
	}
	return out, b[n+1:], true
}

// slow decodes any other form of the object.
func (d *docker) slow(line []byte) (piece, bool) {
	if !bytes.HasPrefix(line, []byte("{")) {
		return piece{}, false
	}
	var entry struct {
		Log    *string    `json:"log"`
		Stream string     `json:"stream"`
		Time   *time.Time `json:"time"`
	}
	if json.Unmarshal(line, &entry) != nil || entry.Log == nil || entry.Time == nil {
		return piece{}, false
	}
	stream := streamOf([]byte(entry.Stream))
	if stream == tailer.StreamUnknown {
		return piece{}, false
	}
	d.text = append(d.text[:0], *entry.Log...)
	return piece{text: d.text, stamp: entry.Time.UTC(), stream: stream}, true
}
