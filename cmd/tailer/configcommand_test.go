package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigCheck names the line of a mistake, and takes what it prints itself.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "good.yaml"), []byte("sources:\n  - file: /var/log/proxy.log\n"))
	writeFile(t, filepath.Join(dir, "bad.yaml"), []byte("sources: []\nsuorces: []\n"))
	writeFile(t, filepath.Join(dir, "example.yaml"), []byte(command{args: []string{"config", "example"}}.succeed(t).stdout))
	for name, want := range map[string]string{"good.yaml": "fine; 1 source, 0 sinks", "example.yaml": "fine; 0 sources, 0 sinks"} {
		if r := (command{args: []string{"config", "check", name}, dir: dir}).succeed(t); !strings.Contains(r.stdout, want) {
			t.Errorf("%s: %s", name, r.stdout)
		}
	}
	if r := (command{args: []string{"config", "check", "bad.yaml"}, dir: dir}).exit(t, 2); !strings.Contains(r.stderr, `bad.yaml:2: unknown key "suorces"`) {
		t.Errorf("bad: %s", r.stderr)
	}
	var told struct {
		Valid bool
		Line  int
	}
	r := command{args: []string{"config", "check", "--json", "bad.yaml"}, dir: dir}.exit(t, 2)
	if err := json.Unmarshal([]byte(r.stdout), &told); err != nil || told.Valid || told.Line != 2 {
		t.Errorf("%v %s", err, r.stdout)
	}
	command{args: []string{"config", "check", "none.yaml"}, dir: dir}.exit(t, 2)
	command{args: []string{"config", "check"}, dir: dir}.exit(t, 2)
	command{args: []string{"config", "chek"}, dir: dir}.exit(t, 2)
}
