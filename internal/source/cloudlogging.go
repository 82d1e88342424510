package source

import (
	"bytes"
	"encoding/json"
	"strings"

	"tailer"
)

// cloudLogging is a LogEntry of Google Cloud Logging (Cloud Run, GKE), one object
// a line:
//
//	{"textPayload": "text", "timestamp": "2026-11-23T09:13:09.058163123Z", "logName": …}
//
// A line that was a JSON object is in jsonPayload, its members in alphabetical
// order. It is written again as LiteLLM writes it: message first, and blanks
// where Python's json.dumps has them.
type cloudLogging struct{}

func (cloudLogging) name() string { return "cloud logging" }

func (cloudLogging) strip(line []byte) (piece, bool) {
	fields, ok := parseObject(line)
	if !ok {
		return piece{}, false
	}
	stamp, ok := stampText(fields.Text("timestamp"))
	if !ok {
		return piece{}, false
	}
	p := wholeText(fields.Text("textPayload"), stamp)
	if !isString(fields.Get("textPayload")) {
		payload, ok := parseObject(fields.Get("jsonPayload"))
		if !ok {
			return piece{}, false
		}
		p.text = rewritten(payload)
	}
	switch logName := fields.Text("logName"); {
	case strings.HasSuffix(logName, "stdout"):
		p.stream = tailer.StreamStdout
	case strings.HasSuffix(logName, "stderr"):
		p.stream = tailer.StreamStderr
	}
	return p, true
}

// rewritten returns a JSON object as LiteLLM's formatter would have written it.
func rewritten(fields tailer.Fields) []byte {
	out := []byte("{")
	add := func(f tailer.Field) {
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		name, _ := json.Marshal(f.Name) // a string has no error
		out = append(append(out, name...), ": "...)
		var value bytes.Buffer
		if json.Compact(&value, f.Value) == nil { // it was valid, it has been decoded
			out = append(out, value.Bytes()...)
		}
	}
	for _, f := range fields {
		if f.Name == "message" {
			add(f)
		}
	}
	for _, f := range fields {
		if f.Name != "message" {
			add(f)
		}
	}
	return append(out, '}')
}
