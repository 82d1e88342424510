package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandNames returns the commands that help lists.
func commandNames(t *testing.T) []string {
	t.Helper()
	r := command{args: []string{"--help"}}.succeed(t)
	_, text, _ := strings.Cut(r.stdout, "\nCOMMANDS:\n")
	text, _, _ = strings.Cut(text, "\n\n")
	var names []string
	for line := range strings.Lines(text) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); !strings.HasPrefix(name, "help") {
			names = append(names, strings.TrimSuffix(name, ","))
		}
	}
	if len(names) < 5 {
		t.Fatalf("help lists %v", names)
	}
	return names
}

// TestHelpOfFlags demands of every flag of every command its default and the name of
// its environment variable.
func TestHelpOfFlags(t *testing.T) {
	flag := regexp.MustCompile(`(?m)^   --([a-z-]+).*(?:\n {10,}.*)*$`)
	for _, name := range commandNames(t) {
		r := command{args: []string{name, "--help"}}.succeed(t)
		_, options, found := strings.Cut(r.stdout, "\nOPTIONS:\n")
		if !found {
			continue // a command with commands of its own
		}
		for _, m := range flag.FindAllStringSubmatch(options, -1) {
			switch text := m[0]; {
			case m[1] == "help":
			case !strings.Contains(text, "default"):
				t.Errorf("tailer %s --%s does not tell its default: %s", name, m[1], text)
			case !strings.Contains(text, "[$") && !strings.Contains(text, "(LANGFUSE_"):
				t.Errorf("tailer %s --%s does not tell its environment variable: %s", name, m[1], text)
			}
		}
	}
}

// TestUsageSuggests says what was probably meant.
func TestUsageSuggests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"bckfill", "x.log"}, `Did you mean "backfill"?`},
		{[]string{"nonsense"}, `unknown command "nonsense" (tailer --help`},
		{[]string{"proxy.log"}, "tailer backfill proxy.log"},
		{[]string{"backfill", "--timezon", "UTC", "x.log"}, "did you mean --timezone?"},
		{[]string{"doctor", "--litelm-config", "x"}, "did you mean --litellm-config?"},
		{[]string{"backfill"}, "try: tailer backfill proxy.log"},
		{[]string{"doctor"}, "try: tailer doctor proxy.log"},
		{[]string{"run"}, "try: tailer run"},
		{[]string{"completion", "csh"}, "none of bash, zsh, fish"},
	} {
		r := command{args: test.args}.exit(t, 2)
		if !strings.Contains(r.stderr, test.want) {
			t.Errorf("tailer %s: %s", strings.Join(test.args, " "), r.stderr)
		}
		if strings.Count(r.stderr, "\n") != 1 || r.stdout != "" {
			t.Errorf("tailer %s: more than one line\n%s%s", strings.Join(test.args, " "), r.stdout, r.stderr)
		}
	}
}

// TestEnvironmentIsUnderFlags: each flag has a variable, and wins over it.
func TestEnvironmentIsUnderFlags(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/docker-json")
	dir := t.TempDir()
	env := map[string]string{"TAILER_TO": "file:variable.jsonl", "TAILER_DATE": c.date, "TAILER_TIMEZONE": c.zone}
	command{args: []string{"backfill", c.log("proxy.log")}, dir: dir, env: env}.succeed(t)
	command{args: []string{"backfill", "--to", "file:flag.jsonl", c.log("proxy.log")}, dir: dir, env: env}.succeed(t)
	sameLines(t, readFile(t, filepath.Join(dir, "variable.jsonl")), readFile(t, filepath.Join(dir, "flag.jsonl")))
}

// TestCompletions gives each shell's script to the shell, where there is one.
func TestCompletions(t *testing.T) {
	for shell, script := range map[string]string{
		"bash": `source ./completion && COMP_WORDS=(tailer doctor --litellm-c) COMP_CWORD=2 && _tailer && echo "${COMPREPLY[0]}"`,
		"zsh":  `compdef() { :; }; compadd() { print -- "$@"; }; _files() { :; }; CURRENT=3; words=(tailer doctor --l); source ./completion`,
		"fish": `source ./completion; complete -C "tailer doctor --litellm-c"`,
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := command{args: []string{"completion", shell}}.succeed(t)
			if !strings.Contains(r.stdout, "doctor") {
				t.Fatalf("it knows no commands:\n%s", r.stdout)
			}
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("no %s here", shell)
			}
			writeFile(t, filepath.Join(dir, "completion"), []byte(r.stdout))
			cmd := exec.Command(path, "-c", script)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--litellm-config") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestManual is a manual page that names every command.
func TestManual(t *testing.T) {
	t.Parallel()
	r := command{args: []string{"manual"}}.succeed(t)
	for _, name := range commandNames(t) {
		if !strings.Contains(r.stdout, "\n.SH "+name+"\n") {
			t.Errorf("no section for %s", name)
		}
	}
	if !strings.HasPrefix(r.stdout, ".nh\n.TH tailer 1") {
		t.Errorf("it begins %.40q", r.stdout)
	}
}
