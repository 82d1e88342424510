package kafka

import (
	"encoding/json"
	"time"
)

// stampFields are where shippers write when a line was read: Vector's timestamp,
// Filebeat's and Fluent Bit's @timestamp, and time of Fluent Bit's Docker parser.
var stampFields = []string{"timestamp", "@timestamp", "time"}

// unwrap returns the line that a shipper put into member field of an object, and
// its stamp where the object states one with a zone. ok is false, and the value
// returned as it is, when there is no such member.
func unwrap(value []byte, field string) (text []byte, stamp time.Time, ok bool) {
	if field == "" {
		return value, time.Time{}, true
	}
	var event map[string]json.RawMessage
	var line string
	if json.Unmarshal(value, &event) != nil || json.Unmarshal(event[field], &line) != nil {
		return value, time.Time{}, false
	}
	for _, name := range stampFields {
		var at time.Time
		if json.Unmarshal(event[name], &at) == nil && !at.IsZero() {
			return []byte(line), at.UTC(), true
		}
	}
	return []byte(line), time.Time{}, true
}
