package main_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRunPodTags follows the log of a pod where the kubelet keeps it.
func TestRunPodTags(t *testing.T) {
	c, dir := openCapture(t, "1.109.1/docker-json"), t.TempDir()
	writeFile(t, filepath.Join(dir, "pods", "ai_litellm-0_5b0c1a2e", "proxy", "0.log"), c.text(t, "cri.log"))
	file := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
		"sources:\n  - file: %s\n    pod_tags: true\nstate_dir: %s\n", filepath.Join(dir, "pods", "*_litellm-*", "*", "*.log"), filepath.Join(dir, "state")))
	m := &follower{name: "tailer", dir: dir, out: filepath.Join(dir, "out.jsonl")}
	m.start(t, "--config", file)
	t.Cleanup(func() { m.stop(t) })
	m.wait(t, 15, &follower{})
	m.stop(t)
	for _, line := range m.lines() {
		for _, tag := range []string{"container:proxy", "namespace:ai", "pod:litellm-0"} {
			if !strings.Contains(line, fmt.Sprintf("{\"stringValue\":%q}", tag)) {
				t.Fatalf("no tag %s in %.2000s", tag, line)
			}
		}
	}
}

// TestRunStartEnd begins at the end of what is there, and at the beginning of a log
// that comes later, such as that of a new pod.
func TestRunStartEnd(t *testing.T) {
	c, dir := openCapture(t, "1.109.1/docker-json"), t.TempDir()
	writeFile(t, filepath.Join(dir, "old", "0.log"), openCapture(t, "1.84.10/docker-json").text(t, "cri.log"))
	file := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
		"sources:\n  - file: %s\n    start: end\nstate_dir: %s\n", filepath.Join(dir, "*", "*.log"), filepath.Join(dir, "state")))
	m := &follower{name: "tailer", dir: dir, out: filepath.Join(dir, "out.jsonl")}
	m.start(t, "--config", file)
	t.Cleanup(func() { m.stop(t) })
	for end := time.Now().Add(patience); !strings.Contains(string(readIfThere(filepath.Join(dir, "state", "checkpoint.json"))), "0.log"); {
		if time.Now().After(end) {
			t.Fatal("the log is not followed")
		}
		<-time.After(10 * time.Millisecond)
	}
	writeFile(t, filepath.Join(dir, "new", "0.log"), c.text(t, "cri.log"))
	m.wait(t, 15, &follower{})
	m.stop(t)
	want := map[string]bool{}
	for _, line := range linesIn(c.backfillFrom(t, bytes.NewReader(c.text(t, "cri.log")), "-")) {
		want[rootOf(line)] = true
	}
	for _, line := range m.lines() {
		if !want[rootOf(line)] {
			t.Errorf("a request of the old log was read: %.200s", line)
		}
	}
}

func readIfThere(path string) []byte {
	text, _ := os.ReadFile(path)
	return text
}
