package main_test

import (
	"bytes"
	"strings"
	"testing"
)

// TestThreads writes the same bytes on any number of threads.
func TestThreads(t *testing.T) {
	for _, name := range []string{"1.109.1/json-detailed", "1.98.1/text-detailed", "1.109.1/json-detailed-nocb", "1.84.10/docker-json"} {
		c := openCapture(t, name)
		log := c.log("docker-json.log")
		if log == "" {
			log = c.log("proxy.log")
		}
		want := c.backfill(t, "--threads", "1", log)
		for _, threads := range []string{"2", "7"} {
			if got := c.backfill(t, "--threads", threads, log); !bytes.Equal(got, want) {
				t.Errorf("%s: on %s threads %d bytes come out, on one %d, or others", name, threads, len(got), len(want))
			}
		}
		if len(want) == 0 {
			t.Errorf("%s: nothing came out", name)
		}
	}
	wrong := command{args: []string{"backfill", "--threads", "0", "x"}}.run(t)
	if wrong.code == 0 || !strings.Contains(wrong.stderr, "--threads") {
		t.Errorf("no threads at all are accepted: %d, %s", wrong.code, wrong.stderr)
	}
}
