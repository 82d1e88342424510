package source

import (
	"encoding/json"
	"time"
)

// cloudWatch is an event of AWS CloudWatch Logs, as get-log-events,
// filter-log-events and subscriptions have them, one object a line:
//
//	{"timestamp": 1795425189058, "message": "text", "ingestionTime": …}
//
// timestamp is in milliseconds. LiteLLM's own JSON log has a message and a
// timestamp too, but its timestamp is a string.
type cloudWatch struct{}

func (cloudWatch) name() string { return "cloudwatch json" }

func (cloudWatch) strip(line []byte) (piece, bool) {
	fields, ok := parseObject(line)
	if !ok || !isString(fields.Get("message")) || fields.Get("level") != nil {
		return piece{}, false
	}
	var ms int64
	if json.Unmarshal(fields.Get("timestamp"), &ms) != nil || ms <= 0 {
		return piece{}, false
	}
	return wholeText(fields.Text("message"), time.UnixMilli(ms).UTC()), true
}
