package source

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"tailer"
)

// parseObject returns the members of a line that is one JSON object.
func parseObject(line []byte) (tailer.Fields, bool) {
	if len(line) == 0 || line[0] != '{' {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	var fields tailer.Fields
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var f tailer.Field
		if err := d.Decode(&f.Value); err != nil {
			return nil, false
		}
		f.Name, _ = name.(string) // a member's name is always a string
		fields = append(fields, f)
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return fields, err == io.EOF
}

// isString tells whether v is a JSON string.
func isString(v json.RawMessage) bool { return len(v) > 0 && v[0] == '"' }

// wholeText returns the piece for a text that an object held.
func wholeText(text string, stamp time.Time) piece {
	b := bytes.TrimSuffix([]byte(text), newline)
	return piece{text: b, stamp: stamp, framed: true}
}

// stampText parses all of s as an RFC 3339 time.
func stampText(s string) (time.Time, bool) {
	t, rest, ok := cutStamp([]byte(s))
	return t, ok && len(rest) == 0
}

// microseconds parses a number of microseconds since 1970, as journald writes it.
func microseconds(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(n).UTC(), true
}
