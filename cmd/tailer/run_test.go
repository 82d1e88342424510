package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// running is a `tailer run` that is under way.
type running struct {
	t      *testing.T
	dir    string
	args   []string
	env    []string
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	ended  chan struct{} // closed when it has ended
}

func (s *running) start() {
	s.t.Helper()
	s.cmd = exec.Command(binary, append([]string{"run", "--state", filepath.Join(s.dir, "state"), "--timezone", "UTC", "--flush-interval", "20ms"}, s.args...)...)
	s.cmd.Dir = s.dir
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TZ=UTC"}, s.env...)
	s.stderr = &bytes.Buffer{}
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // the exit code tells
		close(ended)
	}(s.cmd, s.ended)
	s.t.Cleanup(func() { _ = s.cmd.Process.Kill() })
}

func (s *running) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("%v: %v\n%s", sig, err, s.stderr)
	}
}

// wait waits for the end and returns the exit code.
func (s *running) wait() int {
	s.t.Helper()
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		s.t.Fatalf("does not end:\n%s", s.stderr)
		return 0
	}
}

// until waits for a condition, as long as a test may wait.
func (s *running) until(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !done(); {
		if time.Now().After(end) {
			s.t.Fatalf("in vain: %s\n%s", what, s.stderr)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func countLines(path string) int {
	text, _ := os.ReadFile(path)
	return bytes.Count(text, []byte("\n"))
}

func distinct(path string) int {
	text, _ := os.ReadFile(path)
	lines := map[string]bool{}
	for line := range bytes.Lines(text) {
		lines[string(line)] = true
	}
	return len(lines)
}

// TestRun follows a log that grows, is rotated, truncated and compressed while
// tailer is stopped, killed and told to reload: each request is there exactly once.
func TestRun(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-standard-payload")
	want := c.backfill(t, writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), c.text(t, "proxy.log")))
	lines := bytes.SplitAfter(c.text(t, "proxy.log"), []byte("\n"))
	part := func(n int) []byte { return bytes.Join(lines[len(lines)*n/10:len(lines)*(n+1)/10], nil) }
	dir := t.TempDir()
	log, out := filepath.Join(dir, "logs", "proxy.log"), filepath.Join(dir, "spans.jsonl")
	s := &running{t: t, dir: dir, args: []string{"--to", "file:" + out, "--give-up", "90s", log}}
	add := func(n int) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(part(n)); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	grows := func() {
		t.Helper()
		before := countLines(out)
		s.until("a span more", func() bool { return countLines(out) > before })
	}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	s.start() // before there is a log
	add(0)
	add(1)
	grows()
	rename(log, log+".1")
	add(2)
	grows()
	s.signal(syscall.SIGKILL)
	s.wait()
	killed := countLines(out) // of these, what was not yet known to be written comes again
	add(3)
	rename(log+".1", log+".2")
	rename(log, log+".1")
	add(4)
	s.start()
	grows()
	s.signal(syscall.SIGHUP)
	add(5)
	grows()
	s.signal(syscall.SIGTERM)
	if code := s.wait(); code != 130 {
		t.Errorf("exit code %d after SIGTERM\n%s", code, s.stderr)
	}
	add(6)
	text := readFile(t, log)
	writeFile(t, log+".1.gz", gzipped(t, text))
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	add(7)
	s.start()
	grows()
	other := command{args: []string{"run", "--state", filepath.Join(dir, "state"), log}}.exit(t, 11)
	if !strings.Contains(other.stderr, fmt.Sprint(s.cmd.Process.Pid)) {
		t.Errorf("a second tailer is not told of the first: %s", other.stderr)
	}
	add(8)
	add(9)
	s.until("all spans", func() bool { return distinct(out) >= bytes.Count(want, []byte("\n")) })
	s.signal(syscall.SIGTERM)
	s.wait()
	var once [][]byte
	got := bytes.SplitAfter(readFile(t, out), []byte("\n"))
	for i, line := range got {
		again := slices.ContainsFunc(got[i+1:], func(other []byte) bool { return bytes.Equal(line, other) })
		if i <= killed && (again || !json.Valid(line)) && len(line) > 0 { // the last line may have been cut off
			continue
		}
		once = append(once, line)
	}
	sameLines(t, want, sortedAs(want, once))
	shown := command{args: []string{"state", "show", "--state", filepath.Join(dir, "state")}}.succeed(t)
	if !strings.Contains(shown.stdout, log) || !strings.Contains(shown.stdout, "rotated away") {
		t.Errorf("state show says %s", shown.stdout)
	}
}

// sortedAs puts lines in the order of others: a daemon hands exchanges out as they
// end.
func sortedAs(others []byte, all [][]byte) []byte {
	rank := map[string]int{}
	for i, line := range bytes.SplitAfter(others, []byte("\n")) {
		rank[string(line)] = i
	}
	slices.SortStableFunc(all, func(a, b []byte) int { return rank[string(a)] - rank[string(b)] })
	return bytes.Join(all, nil)
}

// TestStateCommands shows, forgets and sets back where a daemon goes on, and says
// what is wrong.
func TestStateCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(args ...string) command {
		return command{args: append([]string{"state", args[0], "--state", dir}, args[1:]...)}
	}
	file := filepath.Join(dir, "checkpoint.json")
	write := func(text string) { writeFile(t, file, []byte(text)) }
	good := `{"version":1,"logs":{"/a":[{"source":"s","path":"/a","offset":700,"end":900,"resolved":[710]}],"docker:x":[{"source":"d","path":"docker:x","cursor":"c","offset":1,"end":1}]}}`
	if got := at("show").succeed(t).stdout; !strings.Contains(got, "no log is remembered") {
		t.Errorf("of nothing it shows %s", got)
	}
	write(good)
	if got := at("show").succeed(t).stdout; !strings.Contains(got, "700") || !strings.Contains(got, "docker:x") {
		t.Errorf("it shows %s", got)
	}
	at("rewind", "--bytes", "100", "/a").succeed(t)
	if got := string(readFile(t, file)); !strings.Contains(got, `"offset": 600`) || strings.Contains(got, "resolved") {
		t.Errorf("after a rewind: %s", got)
	}
	at("rewind", "/a").succeed(t)
	if got := at("show", "--json").succeed(t).stdout; !strings.Contains(got, `"offset": 0`) {
		t.Errorf("after a rewind to the start: %s", got)
	}
	at("rewind", "docker:x").exit(t, 2)
	at("rewind", "/b").exit(t, 2)
	at("reset").exit(t, 2)
	at("reset", "/a").succeed(t)
	if got := string(readFile(t, file)); strings.Contains(got, `"/a"`) || !strings.Contains(got, "docker:x") {
		t.Errorf("after a reset: %s", got)
	}
	write("\x00\x00")
	for _, args := range [][]string{{"show"}, {"reset", "/a"}, {"rewind", "/a"}} {
		if r := at(args...).exit(t, 1); !strings.Contains(r.stderr, file) || !strings.Contains(r.stderr, "reset --all") {
			t.Errorf("%v of a damaged file says %s", args, r.stderr)
		}
	}
	r := command{args: []string{"run", "--state", dir, "/a"}}.exit(t, 1)
	if !strings.Contains(r.stderr, file) {
		t.Errorf("run says %s", r.stderr)
	}
	at("reset", "--all").succeed(t)
	at("show").succeed(t)
}

// TestReloadRefused goes on with the old configuration when the new one is wrong.
func TestReloadRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, out := filepath.Join(dir, "tailer.yaml"), filepath.Join(dir, "spans.jsonl")
	c := openCapture(t, "1.109.1/json-standard-payload")
	log := writeFile(t, filepath.Join(dir, "proxy.log"), nil)
	writeFile(t, cfg, []byte("sources: [{file: "+log+"}]\nsinks: [{to: 'file:"+out+"'}]\n"))
	s := &running{t: t, dir: dir, args: []string{"--config", cfg}}
	s.start()
	s.until("start", func() bool { return exists(filepath.Join(dir, "state", "ledger.db")) })
	<-time.After(300 * time.Millisecond) // for the handler of SIGHUP to be there
	for _, wrong := range []string{
		"sources: [{file: " + log + "}]\nsourcse: []\n",
		// Well written, but of no use here.
		"sources: [{file: " + log + "}]\nmetrics: {listen: '127.0.0.1:0', token_file: " + filepath.Join(dir, "none") + "}\n",
		"sources: [{file: " + log + "}]\nsinks: [{to: 'file:" + filepath.Join(dir, "none", "out.jsonl") + "'}]\n",
	} {
		writeFile(t, cfg, []byte(wrong))
		s.signal(syscall.SIGHUP)
		<-time.After(300 * time.Millisecond)
	}
	writeFile(t, log, c.text(t, "proxy.log"))
	s.until("a span", func() bool { return countLines(out) > 0 })
	s.signal(syscall.SIGTERM)
	s.wait()
	if !strings.Contains(s.stderr.String(), cfg+":2: ") {
		t.Errorf("the error is not told with file and line:\n%s", s.stderr)
	}
	if n := strings.Count(s.stderr.String(), "going on with the one before"); n != 2 {
		t.Errorf("two configurations can't be used, %d are told:\n%s", n, s.stderr)
	}
	command{args: []string{"run", "--config", cfg, "--state", dir}}.exit(t, 1)
}
