package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestDates reads text logs with the wrong day and with none: the times inside
// their records set it right, also for what was read before the first of them.
func TestDates(t *testing.T) {
	for _, name := range []string{"1.98.1/text-detailed", "1.109.1/text-standard-payload-nocb", "1.61.20/text-standard-payload-debug", "1.77.7/text-standard-payload-nocb"} {
		c := openCapture(t, name)
		for _, date := range []string{"2026-11-01", "2027-01-01", ""} {
			t.Run(name+"/"+date, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				out := filepath.Join(dir, "spans.jsonl")
				args := []string{"backfill", "--to", "file:" + out, "--timezone", c.zone}
				if date != "" {
					args = append(args, "--date", date)
				}
				command{args: append(args, c.log("proxy.log")), dir: dir}.succeed(t)
				sameLines(t, c.backfill(t, c.log("proxy.log")), readFile(t, out))
			})
		}
	}
}

// TestWrongZone is told that the zone it was given cannot be the proxy's.
func TestWrongZone(t *testing.T) {
	c := openCapture(t, "1.109.1/json-standard-payload")
	for _, test := range []struct {
		zone string
		told bool
	}{{c.zone, false}, {"Asia/Kolkata", true}} {
		dir := t.TempDir()
		r := command{args: []string{"backfill", "--to", "-", "--timezone", test.zone, c.log("proxy.log")}, dir: dir}.succeed(t)
		if told := strings.Contains(r.stderr, "is --timezone the zone"); told != test.told {
			t.Errorf("%s: told %v, want %v:\n%s", test.zone, told, test.told, r.stderr)
		}
	}
}
