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

// linesOf waits until a file has at least n lines, and returns it.
func linesOf(t *testing.T, path string, n int) []byte {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var b []byte
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		b, _ = os.ReadFile(path) // it may not be there yet
		if bytes.Count(b, []byte("\n")) >= n {
			return b
		}
	}
	t.Fatalf("%s has %d lines, want %d", path, bytes.Count(b, []byte("\n")), n)
	return nil
}

// TestPrivacyOfFile runs a daemon whose configuration file hides people, content
// and headers, and drops a model; flags win over it.
func TestPrivacyOfFile(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	plain := c.roots(t, nil)
	embeddings := 0
	for _, root := range plain {
		if strings.Contains(root["langfuse.observation.metadata.model_requested"], "embedding") {
			embeddings++
		}
	}
	if embeddings == 0 {
		t.Fatal("no embeddings")
	}
	for _, row := range []struct {
		name   string
		flags  []string
		people bool // may be named
	}{{"file", nil, false}, {"flags over it", []string{"--identity-mode", "keep"}, true}} {
		dir := t.TempDir()
		log := writeFile(t, filepath.Join(dir, "proxy.log"), c.text(t, "proxy.log"))
		key := writeFile(t, filepath.Join(dir, "hash-key"), []byte("a-made-up-key-of-some-length\n"))
		out := filepath.Join(dir, "spans.jsonl")
		file := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
			"sources:\n  - file: %s\ntimezone: %s\nidentity:\n  mode: hash\n  hash_key_file: %s\nprivacy:\n  content: off\n"+
				"filters:\n  models:\n    deny: ['*embedding*']\n  headers:\n    deny: ['x-openwebui-user-*']\n", log, c.zone, key))
		d := startDaemon(t, nil, append([]string{"--config", file, "--to", "file:" + out, "--give-up", "1s"}, row.flags...)...)
		spans := linesOf(t, out, len(plain)-embeddings-1) // the last request of a log that goes on may still be open
		d.stop(t)
		users := 0
		for _, tr := range readTraces(t, spans) {
			root := tr.root().values()
			if strings.Contains(root["langfuse.observation.metadata.model_requested"], "embedding") {
				t.Errorf("%s: a denied model is traced", row.name)
			}
			if root["user.id"] != "" {
				users++
			}
			for name, value := range root {
				if strings.HasPrefix(name, "langfuse.observation.input") || strings.HasPrefix(name, "langfuse.observation.output") || strings.Contains(name, "X-OpenWebUI-User-") {
					t.Errorf("%s: %s is sent: %.60s", row.name, name, value)
				}
				if !row.people && strings.Contains(value, "@example.") {
					t.Errorf("%s: %s tells of a person: %.60s", row.name, name, value)
				}
			}
		}
		if users < 50 {
			t.Errorf("%s: %d requests with a user", row.name, users)
		}
	}
}
