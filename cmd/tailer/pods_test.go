package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
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
