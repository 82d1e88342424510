package event

import (
	"encoding/json"

	"tailer/internal/rawjson"
)

// Line returns the text in member field of an object. ok is false when object is
// no JSON object or has no text there.
//
// The stamp beside it is left alone: Vector's, Filebeat's and Fluent Bit's file
// inputs state when they read the line, which may be hours after it was written.
func Line(object []byte, field string) (text []byte, ok bool) {
	var value json.RawMessage
	if !rawjson.Object(object, func(name string, v json.RawMessage) {
		if name == field {
			value = v
		}
	}) {
		return nil, false
	}
	line, ok := rawjson.Unquote(value)
	if !ok {
		return nil, false
	}
	return []byte(line), true
}
