package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/ship"
)

func deadLetterCommand() *cli.Command {
	return &cli.Command{
		Name:  "deadletter",
		Usage: "list what sinks rejected, or send it again",
		Subcommands: []*cli.Command{
			{
				Name:         "list",
				Usage:        "one line for each letter: when, by whom, why",
				ArgsUsage:    "[FILE]",
				Flags:        []cli.Flag{stateFlag(), &cli.BoolFlag{Name: "json", Usage: "one JSON object for each letter, without the trace"}},
				OnUsageError: usageError,
				Action: func(c *cli.Context) error {
					path, err := letterFile(c)
					if err != nil {
						return err
					}
					return listLetters(os.Stdout, path, c.Args().Present(), c.Bool("json"))
				},
			},
			{
				Name:         "retry",
				Usage:        "send all letters again; those that are taken leave the file",
				ArgsUsage:    "[FILE]",
				Description:  "A running tailer has the ledger: stop it first.",
				Flags:        append(append(deliveryFlags(), langfuseFlags()...), environmentFlag(), &cli.BoolFlag{Name: "json", Usage: "print what became of them as one JSON document"}),
				OnUsageError: usageError,
				Action: func(c *cli.Context) error {
					path, err := letterFile(c)
					if err != nil {
						return err
					}
					return retryLetters(c, path)
				},
			},
		},
	}
}

// letterFile is the file that the argument names, else that of the daemon.
func letterFile(c *cli.Context) (string, error) {
	if c.Args().Present() {
		return c.Args().First(), nil
	}
	folder, err := stateFolder(c.String("state"), "")
	return filepath.Join(folder, "dead-letters.jsonl"), err
}

func listLetters(w io.Writer, path string, named, asJSON bool) error {
	encoder := json.NewEncoder(w)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !named {
		fmt.Fprintf(os.Stderr, "No dead letters: there is no %s.\n", path)
		return nil // the file is made when the first is rejected
	}
	return ship.ReadLetters(path, func(_ int, letter ship.Letter, _ *ship.Item) error {
		if asJSON {
			return encoder.Encode(letter)
		}
		_, err := fmt.Fprintf(w, "%s  %s  %d  %s  %s\n", letter.Time.Format(time.RFC3339), letter.Trace, letter.Status, letter.Sink, letter.Reason)
		return err
	})
}

// letterBox is what became of letters, by their place in the file.
type letterBox struct {
	mu       sync.Mutex
	outcomes map[int]ship.Outcome // guarded by mu
}

func (b *letterBox) resolve(token any, outcome ship.Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, ok := token.(int); ok {
		b.outcomes[n] = outcome
	}
}

func (b *letterBox) has(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, there := b.outcomes[n]
	return there
}

func (b *letterBox) count(outcome ship.Outcome) (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.outcomes {
		if o == outcome {
			n++
		}
	}
	return n
}

// print tells what became of the letters: JSON to stdout, words to stderr.
func (b *letterBox) print(asJSON bool) error {
	taken, refused, known := b.count(ship.Delivered), b.count(ship.DeadLettered), b.count(ship.Duplicate)
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]int64{"taken": taken, "refused_again": refused, "known_to_be_there": known})
	}
	_, err := fmt.Fprintf(os.Stderr, "%s taken, %d refused again, %d known to be there\n", plural(taken, "letter"), refused, known)
	return err
}

// retryLetters sends all letters of a file. Those that are refused again are
// written anew, with the new reason.
func retryLetters(c *cli.Context, path string) error {
	o, err := readLetterOptions(c)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return usagef("no dead letters at %s", path)
	}
	o.deadLetters, o.revive = path+".retry", true
	box := &letterBox{outcomes: map[int]ship.Outcome{}}
	d, err := newDeliveryTo(o, box.resolve)
	if err != nil {
		return err
	}
	err = sendLetters(c.Context, d, path)
	err = errors.Join(err, d.close())
	err = errors.Join(err, ship.KeepLetters(path, o.deadLetters, func(n int) bool { return !box.has(n) }))
	err = errors.Join(err, box.print(c.Bool("json")))
	if err == nil && box.count(ship.DeadLettered) > 0 {
		return errPartly
	}
	return err
}

func sendLetters(ctx context.Context, d *delivery, path string) error {
	err := ship.ReadLetters(path, func(n int, _ ship.Letter, item *ship.Item) error {
		return d.Delivery.Deliver(ctx, item.Address(n))
	})
	if err != nil {
		return err
	}
	return d.Flush(ctx)
}

// readLetterOptions reads where letters go, for a command that reads no logs.
func readLetterOptions(c *cli.Context) (*options, error) {
	o := &options{logger: newLogger(os.Stderr), to: c.StringSlice("to")}
	lookup, err := environment(c.String("env-file"), c.IsSet("env-file"))
	if err != nil {
		return nil, err
	}
	o.lookup = lookup
	if err := o.readLangfuse(c, lookup); err != nil {
		return nil, err
	}
	if err := o.readDelivery(c); err != nil {
		return nil, err
	}
	if o.langfuse.PublicKey == "" && len(o.to) == 0 {
		return nil, usagef("where to? set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or say --to")
	}
	return o, o.chooseSinks()
}
