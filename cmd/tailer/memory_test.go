package main_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	giant     = 100 << 20 // bytes of one line
	maxMemory = 256 << 10 // KiB
)

// TestGiantLine reads a log that holds one line of 100 MB, as different records
// begin. The program stays small, counts the cut line once, and loses no
// neighbour.
func TestGiantLine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of memory is read from /proc")
	}
	const callText = `09:39:00 - LiteLLM:DEBUG: langfuse.py:120 - Langfuse Logging - Enters logging function for model {'litellm_call_id': 'giant', 'input': '`
	for _, test := range []struct{ name, capture, head, tail string }{
		{"no record", "1.109.1/docker-json", "", ""},
		{"JSON call record", "1.109.1/docker-json",
			`{"message": "Langfuse Logging - Enters logging function for model {'litellm_call_id': 'giant', 'input': '`,
			`'}", "level": "DEBUG", "timestamp": "2026-11-23T09:39:00.000001"}`},
		{"text call record", "1.77.7/docker-text", callText, `'}`},
		{"text arguments", "1.77.7/docker-text",
			`09:39:00 - LiteLLM:DEBUG: utils.py:320 - litellm.acompletion(litellm_call_id='giant', messages=[{'role': 'user', 'content': '`, `'}])`},
		{"text error", "1.77.7/docker-text",
			`09:39:00 - LiteLLM Proxy:ERROR: common_request_processing.py:644 - litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - `, ""},
		{"docker entry", "1.109.1/docker-json", `{"log":"`, `\n","stream":"stdout","time":"2026-11-23T09:39:00.000001Z"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := openCapture(t, test.capture)
			text := c.text(t, "proxy.log")
			half := recordStart(text, len(text)/2)
			dir := t.TempDir()
			path := filepath.Join(dir, "proxy.log")
			writeGiant(t, path, text[:half], test.head, test.tail, text[half:])
			var peak int
			args := append([]string{"backfill", "--json", "--to", "file:spans.jsonl"}, c.flags()...)
			run := command{args: append(args, path), dir: dir}
			var watch sync.WaitGroup
			ended := make(chan struct{})
			run.started = func(p *os.Process) {
				watch.Go(func() { peak = peakMemory(p.Pid, ended) })
			}
			r := run.succeed(t)
			close(ended)
			watch.Wait()
			if peak > maxMemory || peak == 0 {
				t.Errorf("peak of memory: %d MiB, want at most %d", peak>>10, maxMemory>>10)
			}
			if cut := readReport(t, r)["lines_cut"]; cut != 1.0 {
				t.Errorf("lines_cut: %v, want 1", cut)
			}
			want, got := timeless(t, c.backfill(t, c.log("proxy.log"))), timeless(t, readFile(t, filepath.Join(dir, "spans.jsonl")))
			for id, span := range want {
				if got[id] != span {
					t.Errorf("span %s: %s", id, difference(span, got[id]))
				}
			}
			if len(got) > len(want)+1 {
				t.Errorf("%d spans, want %d", len(got), len(want))
			}
		})
	}
}

// writeGiant writes a log with one giant line in its middle.
func writeGiant(t *testing.T, path string, before []byte, head, tail string, after []byte) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	write([]byte(head))
	chunk := bytes.Repeat([]byte("lorem ipsum "), 1<<16)
	for n := 0; n < giant; n += len(chunk) {
		write(chunk)
	}
	write([]byte(tail + "\n"))
	write(after)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peakMemory looks at the high-water mark of a process until it has ended, and
// returns the last one in KiB. The usage that wait returns will not do: on Linux
// it begins with that of the process which started the other.
func peakMemory(pid int, ended <-chan struct{}) int {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	peak := 0
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if found := highWater.FindSubmatch(status); err == nil && found != nil && strings.Contains(string(status), "\ttailer\n") {
			_, _ = fmt.Sscan(string(found[1]), &peak)
		}
		select {
		case <-ended:
			return peak
		case <-look.C:
		}
	}
}
