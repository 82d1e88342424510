package main_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestViewUsage refuses what would show prompts to strangers, and says what helps.
func TestViewUsage(t *testing.T) {
	dir := t.TempDir()
	short := writeFile(t, filepath.Join(dir, "short"), []byte("short\n"))
	empty := writeFile(t, filepath.Join(dir, "empty"), []byte("\n"))
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"all addresses":  {[]string{"--listen", ":0"}, "token"},
		"another host":   {[]string{"--listen", "192.0.2.1:0"}, "token"},
		"short token":    {[]string{"--token-file", short}, "16 characters"},
		"empty token":    {[]string{"--token-file", empty}, "is empty"},
		"no token file":  {[]string{"--token-file", filepath.Join(dir, "none")}, "no such file"},
		"no port":        {[]string{"--listen", "127.0.0.1"}, "missing port"},
		"unknown zone":   {[]string{"--timezone", "Mars/Olympus"}, "Mars"},
		"no departments": {[]string{"--departments", filepath.Join(dir, "none")}, "no such file"},
		"a log":          {[]string{"proxy.log"}, "backfill --to sqlite:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := command{args: append([]string{"view"}, test.args...)}.exit(t, 2)
			if !strings.Contains(r.stderr, test.says) {
				t.Errorf("stderr %q lacks %q", r.stderr, test.says)
			}
		})
	}
}

// TestRunShowsItsStore follows a log without any Langfuse: the traces go into the
// store in the state folder, and the viewer beside shows them.
func TestRunShowsItsStore(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	dir := t.TempDir()
	log := writeFile(t, filepath.Join(dir, "proxy.log"), c.text(t, "proxy.log"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "run", "--state", filepath.Join(dir, "state"), "--view-listen", "127.0.0.1:0", "--timezone", c.zone, log)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address string
	lines := bufio.NewScanner(stderr)
	for said := regexp.MustCompile(`address=(http://127\.0\.0\.1:\d+)`); address == "" && lines.Scan(); {
		if m := said.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
	}
	if address == "" {
		t.Fatal("it shows nothing")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	want := spanTotals(t, c.backfill(t, c.log("proxy.log")))
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	var seen int64
	for seen < want.requests && ctx.Err() == nil {
		<-again.C
		response, err := http.Get(address + "/requests?status=")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		seen = int64(bytes.Count(text, []byte(`<td class="when">`)))
		if bytes.Contains(text, []byte(`rel="next"`)) && seen == 50 {
			seen = want.requests // a full page, and older ones after it
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-drained
	_ = cmd.Wait() // interrupted, as asked
	if seen < want.requests || cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("shown %d of %d requests, exit code %d", seen, want.requests, cmd.ProcessState.ExitCode())
	}
}
