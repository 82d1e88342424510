package parse_test

import (
	"testing"
	"time"
)

// TestHeads reads heads of text records and lines that only look like one. The
// message of all of them makes a record if the head is one.
func TestHeads(t *testing.T) {
	const message = `found user "a@example.org" in header "X-OpenWebUI-User-Email"`
	for _, test := range []struct {
		name, head string
		time       string // "": no record
	}{
		{"plain", "09:12:34 - LiteLLM:INFO: litellm_pre_call_utils.py:1779 - ", "09:12:34"},
		{"coloured", "\x1b[92m09:12:34 - LiteLLM Proxy:DEBUG\x1b[0m: litellm_pre_call_utils.py:1779 - ", "09:12:34"},
		{"router", "23:59:59 - LiteLLM Router:WARNING: router.py:1 - ", "23:59:59"},
		{"error", "00:00:00 - LiteLLM:ERROR: utils.py:12 - ", "00:00:00"},
		{"critical", "00:00:01 - LiteLLM:CRITICAL: utils.py:12 - ", "00:00:01"},
		{"logger with a dot", "09:12:34 - LiteLLM Proxy.stdout:WARNING: auth.py:211 - ", "09:12:34"},
		{"code from a string", "09:12:34 - LiteLLM:INFO: <string>:1 - ", "09:12:34"},
		{"coloured message", "09:12:34 - LiteLLM:INFO: utils.py:12 - \x1b[92m", "09:12:34"},

		{"no head", "", ""},
		{"blank before", " 09:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"quoted", `"09:12:34 - LiteLLM:INFO: utils.py:12 - `, ""},
		{"word before", "at 09:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"hour 24", "24:00:00 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"minute 60", "09:60:00 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"second 61", "09:12:61 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"one digit", "9:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"letters", "0a:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"other digits", "٠٩:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"fraction", "09:12:34.5 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"date", "2026-11-23 09:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"no level", "09:12:34 - LiteLLM: utils.py:12 - ", ""},
		{"unknown level", "09:12:34 - LiteLLM:NOTICE: utils.py:12 - ", ""},
		{"lower-case level", "09:12:34 - LiteLLM:info: utils.py:12 - ", ""},
		{"no logger", "09:12:34 - :INFO: utils.py:12 - ", ""},
		{"no place", "09:12:34 - LiteLLM:INFO: ", ""},
		{"place without a line", "09:12:34 - LiteLLM:INFO: utils.py - ", ""},
		{"line is no number", "09:12:34 - LiteLLM:INFO: utils.py:12a - ", ""},
		{"another language", "09:12:34 - LiteLLM:INFO: utils.go:12 - ", ""},
		{"blank in the file's name", "09:12:34 - LiteLLM:INFO: my utils.py:12 - ", ""},
		{"no dash", "09:12:34 - LiteLLM:INFO: utils.py:12 ", ""},
		{"colour that does not end", "\x1b[92m09:12:34 - LiteLLM:INFO: utils.py:12 - ", ""},
		{"another colour", "\x1b[31m09:12:34 - LiteLLM:INFO\x1b[0m: utils.py:12 - ", ""},
		{"colour ends without a start", "09:12:34 - LiteLLM:INFO\x1b[0m: utils.py:12 - ", ""},
		{"tabs", "09:12:34\t-\tLiteLLM:INFO:\tutils.py:12\t-\t", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.head + message)
			if test.time == "" {
				if len(got.records) != 0 {
					t.Fatalf("records: %s", kinds(got.records))
				}
				if got.counts.Text != 0 {
					t.Errorf("counted as a record")
				}
				return
			}
			if kinds(got.records) != "found-user" || got.counts.Text != 1 {
				t.Fatalf("records: %q, counted %d", kinds(got.records), got.counts.Text)
			}
			r := got.records[0]
			want, err := time.Parse(time.TimeOnly, test.time)
			if err != nil {
				t.Fatal(err)
			}
			if want = day.Add(want.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))); !r.Time.Equal(want) || !r.Coarse || r.Unstamped {
				t.Errorf("time %v, coarse %v, unstamped %v; want %v", r.Time, r.Coarse, r.Unstamped, want)
			}
			if r.Request.FoundUser != "a@example.org" || r.Request.FoundHeader != "x-openwebui-user-email" {
				t.Errorf("found %q in %q", r.Request.FoundUser, r.Request.FoundHeader)
			}
		})
	}
}

// TestHeadCutAnywhere cuts a record of a capture at each byte. What is left is no
// record before its message begins, and never another kind.
func TestHeadCutAnywhere(t *testing.T) {
	log := captured(t, "1.98.1", "text-detailed")
	line := lineWith(t, log, "\x1b[92m", `found user "`)
	for i := range line {
		got := feed(line[:i])
		for _, r := range got.records {
			if r.Kind.String() != "found-user" || i < len(line)-30 {
				t.Errorf("cut at %d of %d: %s", i, len(line), kinds(got.records))
			}
		}
	}
	if got := feed(line); kinds(got.records) != "found-user" {
		t.Errorf("whole: %q", kinds(got.records))
	}
}
