package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// daemon is a `tailer run` that goes on.
type daemon struct {
	cmd     *exec.Cmd
	address string // of its metrics
	drained chan struct{}
}

// startDaemon starts one and waits until it serves metrics.
func startDaemon(t *testing.T, env map[string]string, args ...string) *daemon {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	dir := t.TempDir()
	d := &daemon{drained: make(chan struct{})}
	d.cmd = exec.CommandContext(ctx, binary, append([]string{"run", "--state", filepath.Join(dir, "state"), "--metrics-listen", "127.0.0.1:0"}, args...)...)
	d.cmd.Dir = dir
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}
	for name, value := range env {
		d.cmd.Env = append(d.cmd.Env, name+"="+value)
	}
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	said := regexp.MustCompile(`address=(127\.0\.0\.1:\d+)`)
	for lines.Scan() {
		if m := said.FindStringSubmatch(lines.Text()); m != nil {
			d.address = m[1]
			break
		}
	}
	if d.address == "" {
		t.Fatal("it serves no metrics")
	}
	go func() {
		defer close(d.drained)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	return d
}

// stop ends it as systemd does.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-d.drained
	err := d.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
}

// get returns the text of a path.
func (d *daemon) get(t *testing.T, path string) string {
	t.Helper()
	r, err := http.Get("http://" + d.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// until scrapes until the text holds something.
func (d *daemon) until(t *testing.T, want string) string {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	text := ""
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if text = d.get(t, "/metrics"); strings.Contains(text, "\n"+want) {
			return text
		}
	}
	t.Fatalf("never %s\n%s", want, text)
	return ""
}

// TestMetrics scrapes a daemon that delivers, and then one whose Langfuse is
// down.
func TestMetrics(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	server := shiptest.New("4.16.0")
	defer server.Close()
	log := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.text(t, "proxy.log"))
	d := startDaemon(t, keys(server), "--timezone", "UTC", "--give-up", "1s", log)
	defer d.stop(t)
	sink := `{sink="langfuse ` + server.URL + " " + shiptest.PublicKey + `"} `
	text := d.until(t, "tailer_sent_total"+sink+"85")
	for _, want := range []string{
		`tailer_records_total{kind="payload"} 75`, `tailer_lag_bytes{log="` + log + `"} 0`, `tailer_lag_seconds{log="` + log + `"} 0`,
		`tailer_users_total{source="header:x-openwebui-user-email"} `, "tailer_sink_up" + sink + "1", "tailer_rejected_total" + sink + "0",
		"tailer_duplicates_avoided_total 0", "tailer_secrets_redacted_total ", `tailer_pairs_total{end="answer"} 7`, "tailer_outbox_bytes ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, user := range []string{"taro.yamada", "joerg", "@example"} {
		if strings.Contains(text, user) {
			t.Errorf("%s is in the metrics", user)
		}
	}
	if got := d.get(t, "/-/ready"); got != "ready\n" {
		t.Errorf("ready: %q", got)
	}
	if got := d.get(t, "/-/healthy"); got != "healthy\n" {
		t.Errorf("healthy: %q", got)
	}
}

// TestMetricsFromEnd has nothing to read of a log that is begun at its end.
func TestMetricsFromEnd(t *testing.T) {
	t.Parallel()
	c, dir := openCapture(t, "1.109.1/json-standard-payload"), t.TempDir()
	log := writeFile(t, filepath.Join(dir, "proxy.log"), c.text(t, "proxy.log"))
	config := writeFile(t, filepath.Join(dir, "tailer.yaml"), []byte("sources: [{file: "+log+", start: end}]\n"))
	d := startDaemon(t, nil, "--config", config)
	defer d.stop(t)
	d.until(t, `tailer_lag_bytes{log="`+log+`"} 0`)
}

// TestMetricsOfAnOutage shows what waits, since when, and that the sink is down.
func TestMetricsOfAnOutage(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	server := shiptest.New("4.16.0")
	env := keys(server)
	server.Close()
	log := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.text(t, "proxy.log"))
	d := startDaemon(t, env, "--timezone", "UTC", "--give-up", "1s", log)
	defer d.stop(t)
	sink := `{sink="langfuse ` + server.URL + " " + shiptest.PublicKey + `"} `
	d.until(t, "tailer_unsent_traces"+sink+"85")
	text := d.until(t, "tailer_sink_up"+sink+"0")
	for _, want := range []string{"tailer_unsent_traces" + sink + "85", "tailer_oldest_unsent_timestamp_seconds" + sink + "1.", "tailer_sent_total" + sink + "0"} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s\n%s", want, text)
		}
	}
}

// TestMetricsNames demands that a running tailer has every metric that the
// dashboard and the alert rules name. With TAILER_TEST_PROMTOOL it gives the
// scrape to promtool as well.
func TestMetricsNames(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed-nocb")
	server := shiptest.New("4.16.0")
	defer server.Close()
	log := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.text(t, "proxy.log"))
	d := startDaemon(t, keys(server), "--timezone", "UTC", "--give-up", "1s", "--deny-users", "bob@example.com", log)
	defer d.stop(t)
	text := d.until(t, "tailer_dropped_total{")
	text += d.until(t, "tailer_incomplete_total{")
	text += d.until(t, "tailer_sent_total{")
	name := regexp.MustCompile(`\b(?:tailer|process|go)_[a-z_]+\b`)
	deploy := filepath.Join("..", "..", "deploy")
	for _, file := range []string{"grafana/tailer.json", "prometheus/tailer.rules.yaml", "prometheus/tailer.rules.test.yaml"} {
		used := map[string]bool{}
		for _, n := range name.FindAllString(string(readFile(t, filepath.Join(deploy, file))), -1) {
			used[n] = true
		}
		if len(used) < 5 {
			t.Errorf("%s names only %d metrics", file, len(used))
		}
		for n := range used {
			if !strings.Contains(text, "\n# TYPE "+n+" ") {
				t.Errorf("%s names %s, which is not there", file, n)
			}
		}
	}
	var board struct {
		Panels []struct{ Title string }
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(deploy, "grafana", "tailer.json")), &board); err != nil || len(board.Panels) < 10 {
		t.Errorf("the dashboard has %d panels: %v", len(board.Panels), err)
	}
	if promtool := os.Getenv("TAILER_TEST_PROMTOOL"); promtool != "" {
		cmd := exec.Command(promtool, "check", "metrics")
		var ours strings.Builder // the Go library's own names are not ours to judge
		for line := range strings.Lines(d.get(t, "/metrics")) {
			if strings.Contains(line, "tailer_") {
				ours.WriteString(line)
			}
		}
		cmd.Stdin = strings.NewReader(ours.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
}
