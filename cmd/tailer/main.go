// Command tailer reads the logs of a LiteLLM proxy, rebuilds every request with
// its answer and its headers, and gives Langfuse one complete trace for each.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"tailer/internal/residence"
)

// version is tailer's own; releases set it with -ldflags.
var version = "0.1.0"

func main() {
	residence.Bound()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	err := newApp().RunContext(ctx, withPipe(os.Args))
	if err != nil && exitCode(err) != exitInterrupted && !errors.Is(err, errFindings) {
		fmt.Fprintln(os.Stderr, "tailer:", err)
	}
	os.Exit(exitCode(err))
}

// withPipe makes `tailer [flags] -` short for `tailer run [flags] -`; with flags
// of a run that ends, for `tailer backfill [flags] -`.
func withPipe(args []string) []string {
	n := len(args)
	if n < 2 || args[n-1] != "-" || !strings.HasPrefix(args[1], "-") {
		return args
	}
	command := "run"
	for _, arg := range args[1:] {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && slices.Contains(backfillOnly, name) {
			command = "backfill"
		}
	}
	return append([]string{args[0], command}, args[1:]...)
}

func newApp() *cli.App {
	return &cli.App{
		Name:    "tailer",
		Usage:   "rebuild LiteLLM's requests from its logs and trace them in Langfuse",
		Version: version,
		UsageText: "tailer run [flags] LOG...\n" +
			"tailer backfill [flags] FILE|GLOB|DIR|s3://BUCKET/PREFIX|gs://BUCKET/PREFIX...\n" +
			"docker logs -f litellm 2>&1 | tailer -",
		Description: exitCodes,
		Commands: withVariables([]*cli.Command{
			runCommand(), backfillCommand(),
			stateCommand(),
			doctorCommand(),
			reportCommand(),
			viewCommand(),
			auditCommand(),
			pingCommand(),
			selftestCommand(),
			eraseCommand(),
			deadLetterCommand(),
			configCommand(),
			completionCommand(),
			manualCommand(),
		}),
		// Errors are told once, by main, which also knows their exit codes.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return unknownCommand(c.App, c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}
