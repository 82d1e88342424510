package source

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"tailer"
)

// payloadObject is a StandardLoggingPayload as LiteLLM's callbacks store it, one
// object a line or a file (integrations/s3.py, s3_v2.py, gcs_bucket,
// azure_storage; LiteLLM 1.61 to 1.109), and as people export it:
//
//	{"id": "chatcmpl-…", "trace_id": …, "call_type": "acompletion", …}
//
// It is written again as LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD prints it:
// indented, its id first. The stamp is its endTime.
type payloadObject struct{}

func (payloadObject) name() string { return "payload files" }

func (payloadObject) strip(line []byte) (piece, bool) {
	fields, ok := parseObject(line)
	if !ok || !isPayload(fields) {
		return piece{}, false
	}
	stamp, _ := seconds(fields.Get("endTime"))
	return piece{text: printed(fields), stamp: stamp, framed: true}, true
}

// isPayload tells a payload from other objects by members that all versions have.
func isPayload(fields tailer.Fields) bool {
	for _, name := range []string{"call_type", "startTime", "endTime", "model_parameters", "metadata"} {
		if fields.Get(name) == nil {
			return false
		}
	}
	return isString(fields.Get("id"))
}

// printed returns an object as json.dumps(indent=4) would, but for what is inside
// its members.
func printed(fields tailer.Fields) []byte {
	out := []byte("{\n    \"id\": ")
	out = append(out, fields.Get("id")...)
	for _, f := range fields {
		if f.Name == "id" {
			continue
		}
		name, _ := json.Marshal(f.Name) // a string has no error
		out = append(append(append(out, ",\n    "...), name...), ": "...)
		var value bytes.Buffer
		if json.Compact(&value, f.Value) != nil {
			value.WriteString("null")
		}
		out = append(out, value.Bytes()...)
	}
	return append(out, "\n}"...)
}

// seconds reads a number of seconds since 1970, as Python's time.time() gives it.
func seconds(v json.RawMessage) (time.Time, bool) {
	n, err := strconv.ParseFloat(string(v), 64)
	if err != nil || n <= 0 || n > 1e11 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(n * 1e6)).UTC(), true
}
