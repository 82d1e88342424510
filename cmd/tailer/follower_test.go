package main_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// follower is a tailer that runs beside the test.
type follower struct {
	name    string
	dir     string // its working folder
	out     string // file of the spans
	process *exec.Cmd
	ended   chan error
	stopped bool
}

// start runs the tailer, which must not be running.
func (m *follower) start(t *testing.T, args ...string) {
	t.Helper()
	m.ended, m.stopped = make(chan error, 1), false
	args = append([]string{"run", "--to", "file:" + m.out, "--flush-interval", "50ms"}, args...)
	process := exec.Command(binary, args...)
	process.Dir, process.Env = m.dir, []string{"HOME=" + m.dir, "PATH=" + os.Getenv("PATH")}
	process.Stderr = &tailOf{t: t, name: m.name}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	m.process = process
	ended := m.ended
	go func() { ended <- process.Wait() }()
}

// tailOf passes what a process says on to the test's log.
type tailOf struct {
	t    *testing.T
	name string
}

var _ io.Writer = (*tailOf)(nil)

func (w *tailOf) Write(p []byte) (int, error) {
	w.t.Logf("%s: %s", w.name, bytes.TrimSpace(p))
	return len(p), nil
}

// stop asks the tailer to end and waits for that.
func (m *follower) stop(t *testing.T) {
	t.Helper()
	if m.stopped {
		return
	}
	m.stopped = true
	_ = m.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case err := <-m.ended:
		t.Logf("%s ended: %v", m.name, err)
	case <-time.After(patience):
		_ = m.process.Process.Kill()
		t.Error("tailer does not stop")
	}
}

// lines are the requests that it has written.
func (m *follower) lines() []string {
	text, err := os.ReadFile(m.out)
	if err != nil {
		return nil // not made yet
	}
	return linesIn(text)
}

// wait returns when both members together have written count requests.
func (m *follower) wait(t *testing.T, count int, other *follower) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for len(m.lines())+len(other.lines()) < count {
		select {
		case <-tick.C:
		case err := <-m.ended:
			t.Fatalf("tailer ended: %v", err)
		case <-late:
			t.Fatalf("%d requests came, want %d", len(m.lines())+len(other.lines()), count)
		}
	}
}

// linesIn are the lines of a text that ends in a newline.
func linesIn(text []byte) (lines []string) {
	scan := bufio.NewScanner(bytes.NewReader(text))
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		lines = append(lines, scan.Text())
	}
	return lines
}
