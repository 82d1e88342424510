package main_test

import (
	"path/filepath"
	"strings"
	"testing"
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
