package main_test

import (
	"bytes"
	little "encoding/binary"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A dressing is what a tool or a paste makes of a log's lines.
type dressing struct {
	name    string // as --dry-run tells
	stamped bool   // it dates the lines, so times may be finer
	dress   func(at time.Time, line []byte) []byte
}

// prefixed puts text before a line, padded as the tool does.
func prefixed(name, prefix string) dressing {
	return dressing{name, false, func(_ time.Time, line []byte) []byte { return append([]byte(prefix), line...) }}
}

// stampedBy puts a time in a layout between two texts before a line.
func stampedBy(name, before, layout, after string) dressing {
	return dressing{name, true, func(at time.Time, line []byte) []byte {
		return append([]byte(before+at.Format(layout)+after), line...)
	}}
}

const nano = "2006-01-02T15:04:05.000000000Z"

var dressings = []dressing{
	prefixed("docker compose", "litellm-1  | "),
	prefixed("docker compose", "litellm_1      | "),
	prefixed("docker compose", "lite-llm | "),
	prefixed("docker compose", "my.Gateway-proxy-api-12                  | "),
	prefixed("docker compose", "litellm-1\t| "),
	prefixed("kubectl prefix", "[pod/litellm-7d9c8b-x2x/litellm] "),
	stampedBy("timestamps", "", nano, " "),
	stampedBy("timestamps", "", "2006-01-02T15:04:05.000000+00:00", "\t"),
	stampedBy("docker compose + timestamps", "litellm-1  | ", nano, " "),
	stampedBy("kubectl prefix + timestamps", "[pod/litellm-7d9c8b-x2x/litellm] ", nano, " "),
	stampedBy("aws logs tail", "", "2006-01-02T15:04:05.000000+00:00", " ecs/litellm/0f1e2d3c "),
	stampedBy("journald short", "", "Jan _2 15:04:05", " host-1 litellm[123]: "),
	stampedBy("journald short", "", "Jan _2 15:04:05.000000", " host-1 litellm[123]: "),
	stampedBy("journald short-iso", "", "2006-01-02T15:04:05-0700", " host-1 litellm[123]: "),
	stampedBy("rfc 3164", "<30>", "Jan _2 15:04:05", " host-1 litellm[123]: "),
	stampedBy("rfc 5424", "<14>1 ", "2006-01-02T15:04:05.000000Z", " host-1 litellm 123 - - "),
	stampedBy("loki", "", "2006-01-02T15:04:05Z", ` {app="litellm", stream="stderr"} `),
	{"journald json", true, func(at time.Time, line []byte) []byte {
		return object("__REALTIME_TIMESTAMP", strconv.FormatInt(at.UnixMicro(), 10), "_PID", "7", "MESSAGE", journalMessage(line))
	}},
	{"journald export", true, func(at time.Time, line []byte) []byte {
		size := little.LittleEndian.AppendUint64(nil, uint64(len(line)))
		return fmt.Appendf(nil, "__REALTIME_TIMESTAMP=%d\n_PID=7\nMESSAGE\n%s%s\n", at.UnixMicro(), size, line)
	}},
	{"cloudwatch json", true, func(at time.Time, line []byte) []byte {
		return object("timestamp", at.UnixMilli(), "message", string(line), "ingestionTime", 1795425189058)
	}},
	{"cloud logging", true, func(at time.Time, line []byte) []byte {
		return object("insertId", "x", "logName", "projects/p/logs/run.googleapis.com%2Fvarlog%2Fsystem", "textPayload", string(line), "timestamp", at.Format(nano))
	}},
	{"loki jsonl", true, func(at time.Time, line []byte) []byte {
		return object("labels", map[string]string{}, "line", string(line), "timestamp", at.Format(nano))
	}},
}

// journalMessage returns a line as journalctl -o json writes it.
func journalMessage(line []byte) any {
	if bytes.IndexByte(line, 0x1b) < 0 {
		return string(line)
	}
	numbers := make([]int, len(line))
	for i, b := range line {
		numbers[i] = int(b)
	}
	return numbers
}

// object returns a JSON object of names and values in turn.
func object(members ...any) []byte {
	out := []byte{'{'}
	for i := 0; i < len(members); i += 2 {
		value, _ := json.Marshal(members[i+1]) // strings, numbers and maps of strings have no error
		out = fmt.Appendf(out, "%q:%s,", members[i], value)
	}
	return append(out[:len(out)-1], '}')
}

// dressedCaptures are a coloured text log, one with payloads printed among its
// records, and two in JSON.
var dressedCaptures = []string{"1.80.17/docker-text", "1.109.1/text-standard-payload-nocb", "1.109.1/docker-json", "1.77.7/json-standard-payload"}

// TestPrefixes puts every prefix before the lines of real logs. The spans must be
// those of the bare log, times apart where the prefix has finer ones, and a dry
// run must name the prefix.
func TestPrefixes(t *testing.T) {
	for _, name := range dressedCaptures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			text := c.text(t, "proxy.log")
			want := c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text))
			if len(want) == 0 {
				t.Fatal("no spans")
			}
			for i, d := range dressings {
				t.Run(fmt.Sprint(i, " ", d.name), func(t *testing.T) {
					path := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.dressed(t, text, d))
					got := c.backfill(t, path)
					if d.stamped {
						sameTimeless(t, timeless(t, want), timeless(t, got))
					} else {
						sameLines(t, want, got)
					}
					c.dryRunNames(t, path, d.name)
				})
			}
		})
	}
}

// dressed returns a log with every line dressed. Lines are dated as a container
// would have dated them: payloads by their end, others by the record before them.
func (c capture) dressed(t *testing.T, text []byte, d dressing) []byte {
	t.Helper()
	day, err := time.Parse(time.DateOnly, c.date)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	at, offset := day, 0
	for line := range bytes.Lines(text) {
		offset += len(line)
		line = bytes.TrimSuffix(line, []byte("\n"))
		at = stampIn(line, day, at)
		if m := payloadEnd.FindSubmatch(text[offset:]); len(line) == 1 && m != nil {
			seconds, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				t.Fatal(err)
			}
			at = time.UnixMicro(int64(seconds * 1e6)).UTC()
		}
		out = append(append(out, d.dress(at, line)...), '\n')
	}
	return out
}

var (
	jsonStamp  = regexp.MustCompile(`"timestamp": "(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)"`)
	payloadEnd = regexp.MustCompile(`^    "id": "[^"]*",\n(?:    .*\n)*?    "endTime": ([\d.]+)`)
	textStamp  = regexp.MustCompile(`^(?:\x1b\[92m)?(\d\d:\d\d:\d\d) - LiteLLM`)
)

// stampIn returns when a line was written, as far as it tells.
func stampIn(line []byte, day, before time.Time) time.Time {
	if m := textStamp.FindSubmatch(line); m != nil {
		if of, err := time.Parse(time.TimeOnly, string(m[1])); err == nil {
			return day.Add(of.Sub(of.Truncate(24 * time.Hour)))
		}
	}
	if bytes.HasPrefix(line, []byte(`{"message": `)) {
		for _, m := range jsonStamp.FindAllSubmatch(line, -1) {
			if at, err := time.Parse("2006-01-02T15:04:05.999999", string(m[1])); err == nil && at.Sub(day).Abs() < 48*time.Hour {
				return at
			}
		}
	}
	return before
}

// dryRunNames holds what a dry run says about a log's prefix.
func (c capture) dryRunNames(t *testing.T, path, prefix string) {
	t.Helper()
	args := append(append([]string{"backfill", "--dry-run"}, c.flags()...), path)
	r := command{args: args, dir: filepath.Dir(path)}.succeed(t)
	if want := "unpacked from: " + prefix + "\n"; !strings.Contains(r.stdout, want) {
		t.Errorf("the dry run does not say %q:\n%.1500s", want, r.stdout)
	}
}

// TestSpelledColours reads coloured logs whose ESC bytes were lost or spelled out
// by a paste.
func TestSpelledColours(t *testing.T) {
	for _, name := range []string{"1.80.17/docker-text", "1.98.1/text-detailed", "1.61.20/docker-text"} {
		c := openCapture(t, name)
		text := c.text(t, "proxy.log")
		want := c.backfill(t, c.log("proxy.log"))
		for _, spelling := range []string{"^[", "#033", `\x1b`, "ESC", ""} {
			t.Run(name+"/"+spelling, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				path := writeFile(t, filepath.Join(dir, "proxy.log"), bytes.ReplaceAll(text, []byte("\x1b"), []byte(spelling)))
				sameLines(t, want, c.backfill(t, path))
				dressed := writeFile(t, filepath.Join(dir, "dressed", "proxy.log"), c.dressed(t, readFile(t, path), dressings[0]))
				sameLines(t, want, c.backfill(t, dressed))
			})
		}
	}
}
