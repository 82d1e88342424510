package parse_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/parse"
)

// berlin and tokyo are zones with and without summer time.
var (
	berlin = zone("Europe/Berlin")
	tokyo  = zone("Asia/Tokyo")
)

func zone(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // the tests that need it then fail
	}
	return location
}

// day is the date of the logs in these tests.
var day = time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)

// parsed is what came of a text.
type parsed struct {
	records []tailer.Record
	counts  parse.Counts
}

// feed parses a text, line by line.
func feed(text string) parsed {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	all := make([]tailer.Line, len(lines))
	for i, line := range lines {
		all[i] = tailer.Line{Bytes: []byte(line)}
	}
	return feedLines(all)
}

// feedLines parses lines by a UTC clock and gives them positions.
func feedLines(lines []tailer.Line) parsed {
	p := newParser()
	var got parsed
	at := int64(0)
	for _, l := range lines {
		l.Pos = tailer.Position{Source: "test", Offset: at, End: at + int64(len(l.Bytes)) + 1}
		at = l.Pos.End
		got.records = append(got.records, p.Feed(&l)...)
	}
	got.records = append(got.records, p.Flush()...)
	got.counts = p.Counts()
	return got
}

// kinds returns the kinds of records, in order.
func kinds(records []tailer.Record) string {
	names := make([]string, len(records))
	for i := range records {
		names[i] = records[i].Kind.String()
	}
	return strings.Join(names, " ")
}

// captured returns a capture's whole log.
func captured(t testing.TB, version, variant string) []byte {
	t.Helper()
	path := filepath.Join("..", "testdata", "captures", version, variant, "proxy.log")
	if b, err := os.ReadFile(path); err == nil {
		return b
	}
	packed, err := os.ReadFile(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lineWith returns the first line of a log that begins with start and holds all
// of the parts.
func lineWith(t testing.TB, log []byte, start string, parts ...string) string {
	t.Helper()
lines:
	for line := range bytes.Lines(log) {
		if !bytes.HasPrefix(line, []byte(start)) {
			continue
		}
		for _, part := range parts {
			if !bytes.Contains(line, []byte(part)) {
				continue lines
			}
		}
		return strings.TrimSuffix(string(line), "\n")
	}
	t.Fatalf("no line begins with %q and holds %q", start, parts)
	return ""
}

// document returns the first payload that a log prints bare, from brace to brace.
func document(t testing.TB, log []byte) string {
	t.Helper()
	from := bytes.Index(log, []byte("\n{\n    \"id\": \""))
	if from < 0 {
		t.Fatal("the log has no payload")
	}
	size := bytes.Index(log[from:], []byte("\n}"))
	return string(log[from+1 : from+size+2])
}

func newParser() *parse.Parser {
	return parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC, Date: day}))
}
