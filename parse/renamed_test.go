package parse_test

import (
	"testing"

	"tailer"
)

// TestRenamed: which payloads name the model that the client was told, and whether
// it is the one that was asked for even if a fallback answered.
func TestRenamed(t *testing.T) {
	for _, test := range []struct {
		version, variant string
		renamed, asAsked int
		other            string // the name of a streamed answer by a fallback, if it is not its group's
	}{
		{"1.77.7", "json-standard-payload", 0, 0, ""},
		{"1.82.6", "json-standard-payload", 20, 20, "primary-down"},
		{"1.98.1", "json-standard-payload", 19, 0, "anthropic/claude-3.5-sonnet"}, // the provider's
		{"1.109.1", "json-standard-payload", 19, 0, ""},
	} {
		t.Run(test.version, func(t *testing.T) {
			renamed, asAsked, other := 0, 0, ""
			for _, r := range feed(string(captured(t, test.version, test.variant))).records {
				c := &r.Call
				if r.Kind != tailer.KindPayload || c.Outcome != tailer.OutcomeSuccess {
					continue
				}
				if c.Renamed {
					renamed++
					if c.ResponseModel != c.ModelGroup {
						other += c.ResponseModel
					}
					if !c.Streamed || c.CallType != "acompletion" {
						t.Errorf("renamed: %s, streamed %v", c.CallType, c.Streamed)
					}
				}
				if c.AsAsked {
					asAsked++
				}
			}
			if renamed != test.renamed || asAsked != test.asAsked || other != test.other {
				t.Errorf("%d renamed, %d as asked, other %q", renamed, asAsked, other)
			}
		})
	}
}
