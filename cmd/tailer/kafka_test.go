package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const kafkaTopic = "litellm-logs"

// TestRunKafka sends one log as two pods wrote it, line by line in turns, through
// Kafka to two tailers of one group. One of them stops half way. Each request
// comes out once.
func TestRunKafka(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(6, kafkaTopic))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	first := newMember(t, fake, "first")
	second := newMember(t, fake, "second")
	var logs [2][][]byte
	want := map[string]bool{}
	for i, name := range []string{"1.109.1/json-detailed", "1.84.10/docker-json"} {
		c := openCapture(t, name)
		text := c.text(t, "proxy.log")
		logs[i] = bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		for _, line := range linesIn(c.backfillFrom(t, bytes.NewReader(text), "-")) {
			want[rootOf(line)] = true
		}
	}
	for n := range max(len(logs[0]), len(logs[1])) {
		for i, pod := range []string{"pod-a", "pod-b"} {
			if n >= len(logs[i]) {
				continue
			}
			value, err := json.Marshal(map[string]string{"message": string(logs[i][n]), "host": pod})
			if err != nil {
				t.Fatal(err)
			}
			client.Produce(t.Context(), &kgo.Record{Topic: kafkaTopic, Key: []byte(pod), Value: value}, nil)
		}
		if n == len(logs[0])/2 {
			if err := client.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			first.wait(t, 1, second)
			first.stop(t)
		}
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.wait(t, len(want), first)
	second.stop(t)

	ids := map[string]int{}
	for _, line := range append(first.lines(), second.lines()...) {
		ids[rootOf(line)]++
	}
	for id, n := range ids {
		if n != 1 || !want[id] {
			t.Errorf("request %s came %d times; it is in the log: %v", id, n, want[id])
		}
	}
	if len(ids) != len(want) {
		t.Errorf("%d requests came, want %d", len(ids), len(want))
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

// groupMember is a tailer of the group.
type groupMember struct {
	out     string
	process *exec.Cmd
	ended   chan error
	stopped bool
}

func newMember(t *testing.T, fake *kfake.Cluster, name string) *groupMember {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "tailer.yaml")
	text := fmt.Sprintf("sources:\n  - kafka: {brokers: [%q], topics: [%s], field: message}\n    timezone: UTC\nstate_dir: %s\ngive_up: 15s\n",
		fake.ListenAddrs()[0], kafkaTopic, filepath.Join(dir, "state"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &groupMember{out: filepath.Join(dir, name+".jsonl"), ended: make(chan error, 1)}
	m.process = exec.Command(binary, "run", "--config", file, "--to", "file:"+m.out, "--flush-interval", "50ms")
	m.process.Dir, m.process.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	m.process.Stderr = &tailOf{t: t, name: name}
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.ended <- m.process.Wait() }()
	t.Cleanup(func() { m.stop(t) })
	return m
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
func (m *groupMember) stop(t *testing.T) {
	t.Helper()
	if m.stopped {
		return
	}
	m.stopped = true
	_ = m.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-m.ended:
	case <-time.After(patience):
		_ = m.process.Process.Kill()
		t.Error("tailer does not stop")
	}
}

// lines are the requests that it has written.
func (m *groupMember) lines() []string {
	text, err := os.ReadFile(m.out)
	if err != nil {
		return nil // not made yet
	}
	return linesIn(text)
}

// wait returns when both members together have written count requests.
func (m *groupMember) wait(t *testing.T, count int, other *groupMember) {
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
