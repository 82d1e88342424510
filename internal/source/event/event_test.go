package event

import "testing"

func TestLine(t *testing.T) {
	tests := []struct {
		name, object, field, text string
		ok                        bool
	}{
		{"vector", `{"file":"/x","host":"h","message":"a\nb","source_type":"file","timestamp":"2026-11-23T09:13:09.058163Z"}`, "message", "a\nb", true},
		{"filebeat", `{"@timestamp":"2026-11-23T09:13:09.058163Z","message":"a"}`, "message", "a", true},
		{"fluent bit", `{"log":"a","stream":"stderr","time":"2026-11-23T10:13:09.058163+01:00"}`, "log", "a", true},
		{"empty", `{"log":""}`, "log", "", true},
		{"no such member", `{"log":"a"}`, "message", "", false},
		{"no text", `{"message":{"a":1}}`, "message", "", false},
		{"null", `{"message":null}`, "message", "", false},
		{"no object", `a`, "message", "", false},
		{"nothing", ``, "message", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, ok := Line([]byte(test.object), test.field)
			if string(text) != test.text || ok != test.ok {
				t.Errorf("got %q, %v; want %q, %v", text, ok, test.text, test.ok)
			}
		})
	}
}
