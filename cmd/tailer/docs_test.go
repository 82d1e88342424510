package main_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/reference.md")

// documents are the texts that people read, by their path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "systemd/*.md"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			found[path] = string(readFile(t, path))
		}
	}
	if len(found) < 8 {
		t.Fatalf("only %d documents", len(found))
	}
	return found
}

// TestDocsCommands runs the blocks that are marked to be run, in a folder with a
// log.
func TestDocsCommands(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	log := readFile(t, openCapture(t, "1.109.1/json-standard-payload").log("proxy.log"))
	block := regexp.MustCompile("(?ms)^```sh run\n(.*?)^```")
	ran := 0
	for path, text := range documents(t) {
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			ran++
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "proxy.log.gz"), log)
			cmd := exec.Command(shell, "-euo", "pipefail", "-c", m[1])
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", path, err, m[1], out)
			}
		}
	}
	if ran == 0 {
		t.Error("no block is marked with ```sh run")
	}
}

// TestDocsFlags demands that every command and flag in the documents exists.
func TestDocsFlags(t *testing.T) {
	help := map[string]string{}
	for _, name := range commandNames(t) {
		r := command{args: []string{name, "--help"}}.succeed(t)
		help[name] = r.stdout
		for _, sub := range regexp.MustCompile(`(?m)^   ([a-z]+)  `).FindAllStringSubmatch(r.stdout, -1) {
			help[name] += command{args: []string{name, sub[1], "--help"}}.run(t).stdout
		}
	}
	use := regexp.MustCompile("(?m)(?:^|[|`] ?|\\bsudo )tailer ([a-z]+)\\b([^`|\n]*)")
	option := regexp.MustCompile(`(?:^| )--([a-z][a-z-]+)`)
	seen := 0
	for path, text := range documents(t) {
		if filepath.Base(path) == "reference.md" {
			continue // written from the code
		}
		for _, m := range use.FindAllStringSubmatch(text, -1) {
			options := option.FindAllStringSubmatch(m[2], -1)
			if help[m[1]] == "" {
				if len(options) > 0 && m[1] != "manual" {
					t.Errorf("%s: there is no command %q: %s", path, m[1], m[0])
				}
				continue
			}
			for _, o := range options {
				seen++
				if !strings.Contains(help[m[1]], "--"+o[1]) {
					t.Errorf("%s: tailer %s has no --%s", path, m[1], o[1])
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d flags were found in the documents", seen)
	}
}

// TestDocsLinks follows the links from one document to another, and to files.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s#:]+)(?:#[^)]*)?\)`)
	for path, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if target := filepath.Join(filepath.Dir(path), m[1]); !exists(target) {
				t.Errorf("%s: no %s", path, m[1])
			}
		}
	}
}

// TestReference keeps docs/reference.md what the code says: after a change of a
// flag, run this test with -update.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference.md")
	r := command{args: []string{"manual", "--markdown"}}.succeed(t)
	if *update {
		if err := os.WriteFile(path, []byte(r.stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text := string(readFile(t, path)); text != r.stdout {
		t.Error("docs/reference.md is out of date: make reference")
	}
}
