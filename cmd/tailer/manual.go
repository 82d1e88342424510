package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print what a shell needs to complete tailer's commands and flags", ArgsUsage: "bash|zsh|fish",
		Description: "bash: tailer completion bash > /etc/bash_completion.d/tailer\n" +
			"zsh:  tailer completion zsh > \"${fpath[1]}/_tailer\"\n" +
			"fish: tailer completion fish > ~/.config/fish/completions/tailer.fish",
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			var text string
			var err error
			switch shell := c.Args().First(); shell {
			case "bash":
				text = bashCompletion(c.App)
			case "zsh":
				text = zshCompletion(c.App)
			case "fish":
				text, err = c.App.ToFishCompletion()
			default:
				return usagef("%q is none of bash, zsh, fish", shell)
			}
			if err != nil {
				return fmt.Errorf("write completion: %w", err)
			}
			_, err = fmt.Print(text)
			return err
		},
	}
}

func manualCommand() *cli.Command {
	return &cli.Command{
		Name: "manual", Usage: "print the manual page, or the reference of all settings", Hidden: true, OnUsageError: usageError,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "markdown", Usage: "the reference in Markdown, in place of the manual page"}},
		Action: func(c *cli.Context) error {
			if c.Bool("markdown") {
				_, err := fmt.Fprint(os.Stdout, reference(c.App))
				return err
			}
			const section = 1
			text, err := c.App.ToManWithSection(section)
			if err != nil {
				return fmt.Errorf("write manual page: %w", err)
			}
			_, err = fmt.Print(text)
			return err
		},
	}
}

// visible are the commands that help lists.
func visible(app *cli.App) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(app.Commands), func(c *cli.Command) bool { return c.Hidden || c.Name == "help" })
}

func flagNames(c *cli.Command) []string {
	var names []string
	for _, f := range c.Flags {
		if name := f.Names()[0]; name != "help" {
			names = append(names, "--"+name)
		}
	}
	return names
}

func subcommandNames(c *cli.Command) []string {
	var names []string
	for _, s := range c.Subcommands {
		if s.Name != "help" {
			names = append(names, s.Name)
		}
	}
	return names
}

func bashCompletion(app *cli.App) string {
	var b strings.Builder
	var names []string
	for _, c := range visible(app) {
		names = append(names, c.Name)
	}
	b.WriteString("# bash completion for tailer\n_tailer() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n\tcase \"${COMP_CWORD} ${COMP_WORDS[1]}\" in\n")
	fmt.Fprintf(&b, "\t\"1 \"*) words=\"%s --help --version\" ;;\n", strings.Join(names, " "))
	for _, c := range visible(app) {
		fmt.Fprintf(&b, "\t*\" %s\") words=\"%s\" ;;\n", c.Name, strings.Join(completed(c), " "))
	}
	b.WriteString("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -o default -F _tailer tailer\n")
	return b.String()
}

// completed are the words that may follow a command.
func completed(c *cli.Command) []string {
	if c.Name == "completion" {
		return []string{"bash", "zsh", "fish"}
	}
	return append(subcommandNames(c), append(flagNames(c), "--help")...)
}

func zshCompletion(app *cli.App) string {
	var b strings.Builder
	b.WriteString("#compdef tailer\n_tailer() {\n\tif (( CURRENT == 2 )); then\n\t\tlocal -a commands=(\n")
	quoted := func(s string) string {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", `'\''`), ":", `\:`) + "'"
	}
	for _, c := range visible(app) {
		fmt.Fprintf(&b, "\t\t\t%s:%s\n", c.Name, quoted(c.Usage))
	}
	b.WriteString("\t\t)\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase ${words[2]} in\n")
	for _, c := range visible(app) {
		fmt.Fprintf(&b, "\t%s) compadd -- %s ;;\n", c.Name, strings.Join(completed(c), " "))
	}
	b.WriteString("\tesac\n\t_files\n}\n_tailer \"$@\"\n")
	return b.String()
}

// reference is every command, flag and setting, in Markdown.
func reference(app *cli.App) string {
	var b strings.Builder
	b.WriteString("# Every command, flag and setting\n\nWritten by `tailer manual --markdown`; a test keeps it fresh. Flags win over environment variables, those over the\n" +
		"configuration file, that over defaults. `LANGFUSE_*` variables may end in `_FILE` and name a file that holds the value.\n\n## Commands\n")
	for _, c := range visible(app) {
		commandReference(&b, "tailer", c)
	}
	b.WriteString("\n## Exit codes\n\n```\n" + app.Description + "\n```\n\n## Configuration file\n\nEvery key with its default. `tailer config check FILE` reads one and says what is wrong with it.\n\n```yaml\n" +
		strings.TrimSpace(config.Example) + "\n```\n")
	return b.String()
}

func commandReference(b *strings.Builder, parent string, c *cli.Command) {
	name := parent + " " + c.Name
	fmt.Fprintf(b, "\n### `%s`\n\n%s.\n", strings.TrimSpace(name+" "+c.ArgsUsage), sentence(c.Usage))
	if c.Description != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", c.Description)
	}
	var rows []string
	for _, f := range c.Flags {
		if d, ok := f.(cli.DocGenerationFlag); ok && f.Names()[0] != "help" {
			rows = append(rows, flagRow(f.Names()[0], d))
		}
	}
	if len(rows) > 0 {
		b.WriteString("\n| flag | default | environment | |\n| --- | --- | --- | --- |\n" + strings.Join(rows, ""))
	}
	for _, s := range c.Subcommands {
		if s.Name != "help" {
			commandReference(b, name, s)
		}
	}
}

// placeholder is the name of a flag's value, as its usage marks it.
var placeholder = regexp.MustCompile("`([^`]+)`")

func flagRow(name string, d cli.DocGenerationFlag) string {
	usage := d.GetUsage()
	value := ""
	if m := placeholder.FindStringSubmatch(usage); m != nil && d.TakesValue() {
		value = " " + m[1]
	} else if d.TakesValue() {
		value = " VALUE"
	}
	environment := ""
	if len(d.GetEnvVars()) > 0 {
		environment = "`" + strings.Join(d.GetEnvVars(), "` `") + "`"
	}
	text := d.GetDefaultText()
	if text == "none" {
		text = ""
	}
	cell := strings.NewReplacer("|", `\|`, "\n", " ", "`", "")
	return fmt.Sprintf("| `--%s%s` | %s | %s | %s |\n", name, cell.Replace(value), cell.Replace(strings.Trim(text, `"`)), environment, cell.Replace(usage))
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
