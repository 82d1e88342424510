package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// capture is one folder of testdata/captures.
type capture struct {
	dir  string
	date string // UTC day on which it began
	zone string // of the proxy's clock
}

// openCapture finds a capture by version and variant.
func openCapture(t *testing.T, name string) capture {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "testdata", "captures", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	var info struct {
		Ready       string            `json:"ready_time"`
		Environment map[string]string `json:"environment"`
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "run.json")), &info); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := capture{dir: dir, date: info.Ready[:len("2006-01-02")], zone: info.Environment["TZ"]}
	if c.zone == "" {
		c.zone = "UTC"
	}
	return c
}

// logNames are the forms in which a capture may hold its log.
var logNames = []string{"proxy.log", "docker-json.log", "cri.log"}

// log returns the path of a log, "" when the capture has none of that form.
func (c capture) log(name string) string {
	for _, path := range []string{filepath.Join(c.dir, name), filepath.Join(c.dir, name+".gz")} {
		if exists(path) {
			return path
		}
	}
	return ""
}

// text returns the whole log, decompressed.
func (c capture) text(t *testing.T, name string) []byte {
	t.Helper()
	path := c.log(name)
	if path == "" {
		t.Fatalf("%s has no %s", c.dir, name)
	}
	b := readFile(t, path)
	if !strings.HasSuffix(path, ".gz") {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return b
}

// flags are what a log without dates and zones needs.
func (c capture) flags() []string { return []string{"--date", c.date, "--timezone", c.zone} }

// backfill reads inputs into a new file and returns what stands in it.
func (c capture) backfill(t *testing.T, inputs ...string) []byte {
	t.Helper()
	return c.backfillFrom(t, nil, inputs...)
}

// backfillFrom is backfill with something on standard input.
func (c capture) backfillFrom(t *testing.T, stdin io.Reader, inputs ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "spans.jsonl")
	args := append([]string{"backfill", "--to", "file:" + out}, c.flags()...)
	command{args: append(args, inputs...), dir: dir, stdin: stdin}.succeed(t)
	return readFile(t, out)
}
