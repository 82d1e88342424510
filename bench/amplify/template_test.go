package main

import (
	"strings"
	"testing"
)

// TestRound moves all times alike and changes ids alike within a round.
func TestRound(t *testing.T) {
	capture := `{"message": "id 0f0e0d0c-0b0a-4908-8706-050403020100 chatcmpl-AbCdEfGhIjKl012", "timestamp": "2026-11-23T09:13:09.058163"}
` + "\x1b[92m09:13:10 - LiteLLM Proxy:DEBUG\x1b[0m: x.py:1 - {'start_time': datetime.datetime(2026, 11, 23, 9, 59, 58, 123456), 'zero': datetime.datetime(2026, 11, 23, 9, 13)}\n" +
		`{"created": 1795425189, "startTime": 1795425189.5, "number": 1500000000, "again": "0f0e0d0c-0b0a-4908-8706-050403020100", "end": "2026-11-23 10:00:08"}` + "\n"
	log, err := newTemplate([]byte(capture))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(log.round(0)); got != capture {
		t.Errorf("round 0 is not the capture:\n%s", got)
	}
	got := string(log.round(2)) // each round is 47 minutes long
	for _, want := range []string{
		`"timestamp": "2026-11-23T10:47:09.058163"`, "\x1b[92m10:47:10 - ", "datetime.datetime(2026, 11, 23, 11, 33, 58, 123456)",
		"datetime.datetime(2026, 11, 23, 10, 47, 0)", `"created": 1795430829, "startTime": 1795430829.5, "number": 1500000000`, `"2026-11-23 11:34:08"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	id := varying.FindString(got)
	if strings.Count(got, id) != 2 || strings.Contains(capture, id) {
		t.Errorf("id %s is not the same all through the round, or not a new one", id)
	}
	if again := string(log.round(2)); again != got {
		t.Error("a round is different the second time")
	}
}

func TestNoTimes(t *testing.T) {
	if _, err := newTemplate([]byte("text\n")); err == nil {
		t.Error("a log without times was accepted")
	}
}
