package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestFormsOfOneLog reads the same bytes in every way in which they may come.
// The spans must be the same to the byte.
func TestFormsOfOneLog(t *testing.T) {
	for _, name := range []string{"1.109.1/json-standard-payload", "1.77.7/docker-text", "1.98.1/text-detailed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			text := c.text(t, "proxy.log")
			want := c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text))
			if len(want) == 0 {
				t.Fatal("no spans")
			}
			for _, test := range []struct {
				name   string
				packed func(*testing.T, []byte) []byte
				file   string
			}{
				{"gzip", gzipped, "proxy.log.gz"},
				{"zstd", zstandard, "proxy.log.zst"},
				{"gzip of two members", twoMembers, "proxy.log.gz"},
				{"gzip under another name", gzipped, "proxy.log"},
				{"crlf", withCRLF, "proxy.log"},
				{"byte order mark", withBOM, "proxy.log"},
			} {
				t.Run(test.name, func(t *testing.T) {
					got := c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), test.file), test.packed(t, text)))
					sameLines(t, want, got)
				})
			}
			t.Run("backfill -", func(t *testing.T) {
				sameLines(t, want, c.backfillFrom(t, bytes.NewReader(text), "-"))
			})
			t.Run("backfill - of gzip", func(t *testing.T) {
				sameLines(t, want, c.backfillFrom(t, bytes.NewReader(gzipped(t, text)), "-"))
			})
			t.Run("tailer -", func(t *testing.T) {
				args := append(append([]string{"--to", "-"}, c.flags()...), "-")
				r := command{args: args, stdin: bytes.NewReader(text)}.succeed(t)
				sameLines(t, sorted(want), sorted([]byte(r.stdout))) // live, each goes as soon as it is known whole
			})
			t.Run("folder", func(t *testing.T) {
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "proxy.log"), text)
				sameLines(t, want, c.backfill(t, dir))
			})
			t.Run("glob", func(t *testing.T) {
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "proxy.log"), text)
				sameLines(t, want, c.backfill(t, filepath.Join(dir, "*.log")))
			})
			t.Run("named twice", func(t *testing.T) {
				path := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text)
				sameLines(t, want, c.backfill(t, path, path))
			})
		})
	}
}

// TestRotatedLog cuts a log at a line into three siblings, of which one is
// packed. A request may stand in two of them.
func TestRotatedLog(t *testing.T) {
	for _, name := range []string{"1.109.1/json-standard-payload", "1.109.1/docker-json", "1.77.7/docker-text"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			text := c.text(t, "proxy.log")
			want := c.backfill(t, c.log("proxy.log"))
			first, second := recordStart(text, len(text)/3), recordStart(text, 2*len(text)/3)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "proxy.log.2.gz"), gzipped(t, text[:first]))
			writeFile(t, filepath.Join(dir, "proxy.log.1"), text[first:second])
			writeFile(t, filepath.Join(dir, "proxy.log"), text[second:])
			sameLines(t, want, c.backfill(t, filepath.Join(dir, "proxy.log*")))
		})
	}
}

// recordStart returns the start of the first stamped record after a place.
func recordStart(text []byte, from int) int {
	for i := from; i < len(text); {
		i += bytes.IndexByte(text[i:], '\n') + 1
		line, _, found := bytes.Cut(text[i:], []byte("\n"))
		if !found {
			break
		}
		stamped := bytes.HasPrefix(line, []byte("\x1b[92m")) && bytes.Contains(line[:min(len(line), 20)], []byte(" - "))
		if stamped || bytes.HasPrefix(line, []byte(`{"message": "`)) {
			return i
		}
	}
	return len(text)
}

// TestContainerLogs reads what Docker and containerd made of the same output.
// Their stamps are finer, so times apart everything must be the same.
func TestContainerLogs(t *testing.T) {
	for _, name := range []string{"1.109.1/docker-json", "1.84.10/docker-json", "1.80.17/docker-text", "1.77.7/docker-text", "1.72.9/docker-text", "1.61.20/docker-text"} {
		c := openCapture(t, name)
		for _, form := range []string{"docker-json.log", "cri.log"} {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				want := timeless(t, c.backfill(t, c.log("proxy.log")))
				got := timeless(t, c.backfill(t, c.log(form)))
				sameTimeless(t, want, got)
			})
			t.Run(name+"/"+form+" without --date", func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				out := filepath.Join(dir, "spans.jsonl")
				command{args: []string{"backfill", "--to", "file:" + out, "--timezone", c.zone, c.log(form)}, dir: dir}.succeed(t)
				sameLines(t, c.backfill(t, c.log(form)), readFile(t, out))
			})
		}
	}
}

// timeless returns every span by its id, as text without its times.
func timeless(t *testing.T, output []byte) map[string]string {
	t.Helper()
	spans := map[string]string{}
	for _, tr := range readTraces(t, output) {
		for i := range tr {
			s := &tr[i]
			values := s.values()
			delete(values, "langfuse.observation.completion_start_time")
			text, err := json.Marshal(values) // sorted
			if err != nil {
				t.Fatal(err)
			}
			spans[s.id()] = s.Name + " " + s.Parent + " " + string(text)
		}
	}
	return spans
}

func sameTimeless(t *testing.T, want, got map[string]string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("no spans")
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if text, there := got[id]; !there {
			t.Errorf("span %s is missing: %.300s", id, want[id])
		} else if text != want[id] {
			t.Errorf("span %s differs: %s", id, difference(want[id], text))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[id]; !there {
			t.Errorf("span %s is new: %.300s", id, got[id])
		}
	}
}

// sorted returns lines in the order of their bytes.
func sorted(lines []byte) []byte {
	all := strings.SplitAfter(string(lines), "\n")
	slices.Sort(all)
	return []byte(strings.Join(all, ""))
}

func sameLines(t *testing.T, want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	if len(a) != len(b) {
		t.Errorf("%d lines, want %d", len(b)-1, len(a)-1)
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Errorf("line %d differs: %s", i+1, difference(a[i], b[i]))
			return
		}
	}
}

// difference shows two texts from where they part.
func difference(want, got string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	from := max(0, i-60)
	return "want …" + want[from:min(len(want), i+100)] + "…, got …" + got[from:min(len(got), i+100)] + "…"
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// twoMembers packs a text as logrotate's appending scripts do.
func twoMembers(t *testing.T, text []byte) []byte {
	t.Helper()
	half := len(text) / 2
	return append(gzipped(t, text[:half]), gzipped(t, text[half:])...)
}

func zstandard(t *testing.T, text []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	return z.EncodeAll(text, nil)
}

func withCRLF(t *testing.T, text []byte) []byte {
	t.Helper()
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}

func withBOM(t *testing.T, text []byte) []byte {
	t.Helper()
	return append([]byte("\xef\xbb\xbf"), text...)
}
