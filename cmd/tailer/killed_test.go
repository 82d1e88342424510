package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// mortal is `tailer run` on a log, as often as it is started.
type mortal struct {
	t      *testing.T
	args   []string
	env    []string
	dir    string
	stderr bytes.Buffer
	cmd    *exec.Cmd
}

func (d *mortal) start() {
	d.t.Helper()
	d.cmd = exec.CommandContext(d.t.Context(), binary, d.args...)
	d.cmd.Dir, d.cmd.Env, d.cmd.Stderr = d.dir, d.env, &d.stderr
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
}

// kill ends it as a power cut would.
func (d *mortal) kill() {
	d.t.Helper()
	if err := d.cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	_ = d.cmd.Wait() // killed
}

// until waits for something to be true.
func until(t *testing.T, limit time.Duration, what func() bool) bool {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !what() {
		select {
		case <-tick.C:
		case <-deadline:
			return false
		}
	}
	return true
}

// TestKilled kills a daemon again and again, in the middle of requests to a server
// that fails before and after storing. In the end each request is there once. The
// long form is testdata/torture/exactly_once.py.
func TestKilled(t *testing.T) {
	c := openCapture(t, "1.109.1/json-standard-payload")
	lines := bytes.SplitAfter(c.text(t, "proxy.log"), []byte("\n"))
	for _, version := range []string{"4.16.0", "3.225.4", "2.95.12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := shiptest.New(version)
			defer server.Close()
			dir := t.TempDir()
			log := writeFile(t, filepath.Join(dir, "proxy.log"), nil)
			want := len(readTraces(t, c.backfill(t, c.log("proxy.log"))))
			d := &mortal{t: t, dir: dir, args: []string{
				"run", "--state", filepath.Join(dir, "state"), "--timezone", "UTC", "--flush-interval", "20ms", "--visible-after", "4s", log,
			}, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}}
			for name, value := range keys(server) {
				d.env = append(d.env, name+"="+value)
			}
			out, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = out.Close() }()
			faults := []shiptest.Fault{
				{Status: 503}, {AfterStoring: true}, {Status: 500, AfterStoring: true}, {Hang: true, AfterStoring: true}, {},
				{Status: 429, Header: map[string]string{"Retry-After": "1"}},
			}
			d.start()
			for i, fault := range faults {
				seen := len(server.Requests())
				server.Fail(fault)
				part := lines[len(lines)*i/len(faults) : len(lines)*(i+1)/len(faults)]
				if _, err := out.Write(bytes.Join(part, nil)); err != nil {
					t.Fatal(err)
				}
				until(t, 3*time.Second, func() bool { return len(server.Requests()) > seen })
				d.kill()
				d.start()
			}
			server.Heal()
			if !until(t, time.Minute, func() bool { return len(stored(server)) == want }) {
				t.Errorf("%d requests arrived, want %d\n%.3000s", len(stored(server)), want, d.stderr.String())
			}
			d.kill()
			for id, n := range server.Spans() {
				if n > 1 && version[0] == '4' { // v3 folds them
					t.Errorf("span %s is stored %d times", id, n)
				}
			}
		})
	}
}

// stored are the traces that a server has, by OTLP or by ingestion.
func stored(server *shiptest.Server) map[string]bool {
	traces := map[string]bool{}
	for id := range server.Spans() {
		traces[id[:32]] = true
	}
	for _, event := range server.Bodies() {
		if event.Type == "generation-create" {
			traces[fmt.Sprint(event.Body["traceId"])] = true
		}
	}
	return traces
}
