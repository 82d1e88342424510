package source

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"tailer"
	"tailer/internal/rawjson"
)

// parseObject returns the members of a line that is one JSON object. They share its
// memory.
func parseObject(line []byte) (tailer.Fields, bool) {
	if len(line) == 0 || line[0] != '{' {
		return nil, false
	}
	var fields tailer.Fields
	ok := rawjson.Object(line, func(name string, value json.RawMessage) {
		fields = append(fields, tailer.Field{Name: name, Value: value})
	})
	if !ok {
		return nil, false
	}
	return fields, true
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
