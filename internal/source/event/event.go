package event

import "encoding/json"

// Line returns the text in member field of an object. ok is false when object is
// no JSON object or has no text there.
//
// The stamp beside it is left alone: Vector's, Filebeat's and Fluent Bit's file
// inputs state when they read the line, which may be hours after it was written.
func Line(object []byte, field string) (text []byte, ok bool) {
	var event map[string]json.RawMessage
	var line *string
	if json.Unmarshal(object, &event) != nil || json.Unmarshal(event[field], &line) != nil || line == nil {
		return nil, false
	}
	return []byte(*line), true
}
