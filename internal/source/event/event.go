package event

import (
	"encoding/json"
	"time"
)

// stamps are where shippers write when a line was read: Vector's timestamp,
// Filebeat's and Fluent Bit's @timestamp, time of Fluent Bit's Docker parser.
var stamps = []string{"timestamp", "@timestamp", "time"}

// Line returns the text in member field of an object and its stamp (UTC), zero
// where the object states none with a zone. ok is false when object is no JSON
// object or has no text there.
func Line(object []byte, field string) (text []byte, stamp time.Time, ok bool) {
	var event map[string]json.RawMessage
	var line *string
	if json.Unmarshal(object, &event) != nil || json.Unmarshal(event[field], &line) != nil || line == nil {
		return nil, time.Time{}, false
	}
	for _, name := range stamps {
		var at time.Time
		if json.Unmarshal(event[name], &at) == nil && !at.IsZero() {
			return []byte(*line), at.UTC(), true
		}
	}
	return []byte(*line), time.Time{}, true
}
