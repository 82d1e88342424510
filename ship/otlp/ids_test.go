package otlp

import (
	"encoding/hex"
	"testing"
	"time"

	"tailer"
)

const callID = "7a9abb74-2934-421c-9b75-b288ee722fb7"

func TestTraceID(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"uuid", callID, "7a9abb742934421c9b75b288ee722fb7"},
		{"upper case uuid", "7A9ABB74-2934-421C-9B75-B288EE722FB7", "7a9abb742934421c9b75b288ee722fb7"},
		{"text", "my-trace", "670c0f140bf357e6d99293ad6cf0d246"},
		{"hex without dashes", "7a9abb742934421c9b75b288ee722fb7", "7a9abb742934421c9b75b288ee722fb7"},
		{"zero is no id", "00000000-0000-0000-0000-000000000000", "12b9377cbe7e5c94e8a70d9d23929523"},
		{"32 characters, not hex", "zz9abb742934421c9b75b288ee722fb7", "35a80f2e4506ad70205fe68aa5a4469d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := hex.EncodeToString(TraceID(test.text))
			if got != test.want {
				t.Errorf("TraceID(%q) = %s, want %s", test.text, got, test.want)
			}
		})
	}
}

func TestSpanID(t *testing.T) {
	for role, want := range map[string]string{"root": "5560ec297bad38bc", "attempt/1": "fe3e5c78a6c6592d"} {
		if got := hex.EncodeToString(SpanID(callID, role)); got != want {
			t.Errorf("SpanID(%q) = %s, want %s", role, got, want)
		}
	}
}

func TestSeeds(t *testing.T) {
	start := time.Unix(1700000000, 123456789)
	for _, test := range []struct {
		name        string
		exchange    tailer.Exchange
		trace, span string
	}{
		{"call id", tailer.Exchange{CallID: callID}, callID, callID},
		{"client's trace id", tailer.Exchange{CallID: callID, Attribution: tailer.Attribution{TraceSeed: "t"}}, "t", callID},
		{"client's call id", tailer.Exchange{CallID: "mine", ClientCallID: true}, "mine", "mine@1700000000123456789"},
		{"no call id", tailer.Exchange{Seed: "ab#2"}, "ab#2", "ab#2"},
		{"nothing at all", tailer.Exchange{}, "@1700000000123456789", "@1700000000123456789"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.exchange.Start = start
			if got := traceSeed(&test.exchange); got != test.trace {
				t.Errorf("traceSeed = %q, want %q", got, test.trace)
			}
			if got := spanSeed(&test.exchange); got != test.span {
				t.Errorf("spanSeed = %q, want %q", got, test.span)
			}
		})
	}
}

func TestNanoseconds(t *testing.T) {
	for _, test := range []struct {
		name string
		time time.Time
		want uint64
	}{
		{"zero", time.Time{}, 0},
		{"before 1970", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), 0},
		{"too late", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{"other zone", time.Date(1970, 1, 1, 1, 0, 1, 5, time.FixedZone("", 3600)), 1_000_000_005},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := nanoseconds(test.time); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
