package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// ownVariables are the flags whose environment variables are Langfuse's own, and
// named in their help: package langfuse reads them.
var ownVariables = []string{"host", "public-key", "secret-key", "environment", "release"}

// withVariables gives every flag of every command an environment variable, and
// makes its help show its default.
func withVariables(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		for _, f := range c.Flags {
			describe(f)
		}
		withVariables(c.Subcommands)
	}
	return commands
}

// describe completes one flag.
func describe(f cli.Flag) {
	name := f.Names()[0]
	variables := []string{"TAILER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))}
	if slices.Contains(ownVariables, name) {
		variables = nil
	}
	if d, ok := f.(cli.DocGenerationFlag); ok && len(d.GetEnvVars()) > 0 {
		variables = d.GetEnvVars()
	}
	switch f := f.(type) {
	case *cli.StringFlag:
		f.EnvVars = variables
		if f.Value == "" && f.DefaultText == "" && !strings.Contains(f.Usage, "default") {
			f.DefaultText = "none"
		}
	case *cli.StringSliceFlag:
		f.EnvVars = variables
		if f.Value == nil && f.DefaultText == "" && !strings.Contains(f.Usage, "default") {
			f.DefaultText = "none"
		}
	case *cli.BoolFlag:
		f.EnvVars = variables
	case *cli.DurationFlag:
		f.EnvVars = variables
	case *cli.IntFlag:
		f.EnvVars = variables
	case *cli.Int64Flag:
		f.EnvVars = variables
	case *cli.Float64Flag:
		f.EnvVars = variables
	}
}

// unknownFlag is how the flag package words it.
var unknownFlag = regexp.MustCompile(`^flag provided but not defined: --?(\S+)$`)

// usageError adds to a mistake what was probably meant.
func usageError(c *cli.Context, err error, _ bool) error {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil || c.Command == nil {
		return usagef("%v", err)
	}
	hint := ""
	if meant := cli.SuggestFlag(c.Command.Flags, m[1], true); meant != "" {
		hint = "; did you mean " + meant + "?"
	}
	return usagef("unknown flag --%s%s (tailer %s --help lists all)", m[1], hint, c.Command.Name)
}

// unknownCommand is a first word that is neither a command nor a flag.
func unknownCommand(app *cli.App, word string) error {
	if strings.ContainsAny(word, "./*") || word == "-" {
		return usagef("unknown command %q; to read a file: tailer backfill %s", word, word)
	}
	hint := ""
	// The library always finds one. Who mistypes a word seldom does so at its start.
	if meant := cli.SuggestCommand(app.Commands, word); strings.Contains(meant, `"`+word[:min(1, len(word))]) {
		hint = ". " + meant // a sentence of the library's
	}
	return usagef("unknown command %q%s (tailer --help lists all; to read a file: tailer backfill %s)", word, hint, word)
}
