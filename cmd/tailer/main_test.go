package main_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the program under test, built once by TestMain.
var binary string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tailer-test")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "tailer")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		log.Printf("build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// command is one run of the program, in a folder and an environment of its own.
type command struct {
	args    []string
	dir     string            // working folder; "": a new one
	env     map[string]string // besides PATH, HOME and TZ
	stdin   io.Reader         // nil: empty
	started func(*os.Process) // nil: nobody wants to know
	limit   time.Duration     // after which it is a hang; 0: patience
}

type result struct {
	code           int
	stdout, stderr string
}

// patience is how long a run may take before it is a hang.
const patience = 2 * time.Minute

// run starts the program and waits for its end. A crash of the program fails the
// test, whatever the exit code.
func (c command) run(t *testing.T) result {
	t.Helper()
	if c.limit == 0 {
		c.limit = patience
	}
	ctx, cancel := context.WithTimeout(t.Context(), c.limit)
	defer cancel()
	if c.dir == "" {
		c.dir = t.TempDir()
	}
	cmd := exec.CommandContext(ctx, binary, c.args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "TZ=UTC"}
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if c.started != nil {
		c.started(cmd.Process)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("tailer %s: %v", strings.Join(c.args, " "), err)
	}
	r := result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	if ctx.Err() != nil {
		t.Fatalf("tailer %s did not end within %v\n%s", strings.Join(c.args, " "), c.limit, r.stderr)
	}
	if strings.Contains(r.stderr, "panic:") || strings.Contains(r.stderr, "goroutine 1 [") {
		t.Fatalf("tailer %s crashed:\n%s", strings.Join(c.args, " "), r.stderr)
	}
	return r
}

// succeed runs the program and demands exit code 0.
func (c command) succeed(t *testing.T) result {
	t.Helper()
	return c.exit(t, 0)
}

// exit runs the program and demands an exit code.
func (c command) exit(t *testing.T, code int) result {
	t.Helper()
	r := c.run(t)
	if r.code != code {
		t.Fatalf("tailer %s: exit code %d, want %d\n%s", strings.Join(c.args, " "), r.code, code, r.stderr)
	}
	return r
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
