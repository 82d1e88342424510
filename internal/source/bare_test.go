package source

import (
	"strings"
	"testing"
)

// TestBareRecord: a log that begins with somebody's text which looks as a container runtime
// writes has nothing around its lines, for LiteLLM's record that quotes the text has not.
func TestBareRecord(t *testing.T) {
	for _, head := range []string{
		"09:16:01 - LiteLLM Proxy:WARNING: x.py:1 - Failed to parse 'metadata' as JSON dict. Received value: x\n",
		"\x1b[92m09:16:01 - LiteLLM Router:ERROR\x1b[0m: x.py:1 - Fallback also failed: x\n",
	} {
		for name, line := range map[string]string{
			"docker":     `{"log":"x\n","stream":"stdout","time":"2026-11-23T09:16:01.000000001Z"}` + "\n",
			"cri":        "2026-11-23T09:16:01.000000001Z stdout F x\n",
			"journal":    `{"MESSAGE":"x","__REALTIME_TIMESTAMP":"1795425361000000","__CURSOR":"s"}` + "\n",
			"timestamps": "2026-11-23T09:16:01.000000001Z x\n",
			"pod":        "[pod/litellm-1/litellm] x\n",
		} {
			t.Run(name, func(t *testing.T) {
				r, _, err := readAll(t, strings.NewReader(head+strings.Repeat(line, 100)), Config{MaxLine: 1 << 20})
				if err != nil {
					t.Fatal(err)
				}
				if r.Envelope() != "none" {
					t.Errorf("envelope %s", r.Envelope())
				}
				if r, _, err = readAll(t, strings.NewReader(strings.Repeat(line, 100)), Config{MaxLine: 1 << 20}); err != nil || r.Envelope() == "none" {
					t.Errorf("without it: envelope %s, %v", r.Envelope(), err)
				}
			})
		}
	}
}
