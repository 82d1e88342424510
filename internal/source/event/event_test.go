package event

import (
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 13, 9, 58_163_000, time.UTC)
	tests := []struct {
		name, value, field, text string
		stamp                    time.Time
		ok                       bool
	}{
		{"vector", `{"file":"/x","host":"h","message":"a\nb","source_type":"file","timestamp":"2026-11-23T09:13:09.058163Z"}`, "message", "a\nb", at, true},
		{"filebeat", `{"@timestamp":"2026-11-23T09:13:09.058163Z","message":"a"}`, "message", "a", at, true},
		{"fluent bit", `{"log":"a","stream":"stderr","time":"2026-11-23T10:13:09.058163+01:00"}`, "log", "a", at, true},
		{"a stamp without a zone is none", `{"message":"a","timestamp":"2026-11-23T09:13:09.058163"}`, "message", "a", time.Time{}, true},
		{"no such member", `{"log":"a"}`, "message", "", time.Time{}, false},
		{"no text", `{"message":{"a":1}}`, "message", "", time.Time{}, false},
		{"no object", `a`, "message", "", time.Time{}, false},
		{"null", `{"message":null}`, "message", "", time.Time{}, false},
		{"nothing", ``, "message", "", time.Time{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, stamp, ok := Line([]byte(test.value), test.field)
			if string(text) != test.text || !stamp.Equal(test.stamp) || ok != test.ok {
				t.Errorf("got %q, %v, %v; want %q, %v, %v", text, stamp, ok, test.text, test.stamp, test.ok)
			}
		})
	}
}
