package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestGuessedDays tells where days come from when nothing states them, and that
// they are a guess.
func TestGuessedDays(t *testing.T) {
	c := openCapture(t, "1.109.1/text-info")
	text := c.text(t, "proxy.log")
	for _, test := range []struct {
		name, file string
		written    string
		told       string
		args       []string
	}{
		{"file's time", "proxy.log", "2026-11-23T10:00:00Z", "the days are counted from the file time; say --date", nil},
		{"file's name", "proxy-2026-10-01.log", "2026-11-23T10:00:00Z", "the days are counted from the file name; say --date", nil},
		{"file's name and time agree", "proxy.log-20261124", "2026-11-23T23:59:00Z", "the days are counted from the file time; say --date", nil},
		{"--date", "proxy.log", "2026-11-23T10:00:00Z", "", []string{"--date", "2026-11-23"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := writeFile(t, filepath.Join(dir, test.file), text)
			at, err := time.Parse(time.RFC3339, test.written)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"backfill", "--dry-run", "--timezone", "UTC"}, test.args...)
			r := command{args: append(args, path), dir: dir}.succeed(t)
			if test.told == "" && strings.Contains(r.stderr, "days are counted") || !strings.Contains(r.stderr, test.told) {
				t.Errorf("want %q:\n%s", test.told, r.stderr)
			}
		})
	}
}
