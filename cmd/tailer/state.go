package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/ship/ledger"
	"tailer/state"
)

func stateCommand() *cli.Command {
	flags := slices.DeleteFunc(stateFlags(), func(f cli.Flag) bool { return f.Names()[0] == "flush-interval" })
	sub := func(name, args, usage string, extra []cli.Flag, do func(*cli.Context, *state.Store) error) *cli.Command {
		return &cli.Command{
			Name: name, ArgsUsage: args, Usage: usage, Flags: append(slices.Clone(flags), extra...), OnUsageError: usageError,
			Action: func(c *cli.Context) error { return withStore(c, name != "show", do) },
		}
	}
	return &cli.Command{
		Name:  "state",
		Usage: "show or change where `tailer run` goes on",
		Subcommands: []*cli.Command{
			sub("show", " ", "show how far each log is done, and what waits to be delivered", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "as one JSON document"}}, showState),
			sub("reset", "[LOG...]", "forget logs, or with --all everything: they are read from their start",
				[]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "forget every log, even if the file can't be read"}}, resetState),
			sub("rewind", "LOG...", "read logs again, from the start of each file that is remembered, or some bytes back; what the ledger knows is not sent again",
				[]cli.Flag{&cli.Int64Flag{Name: "bytes", Usage: "go back `N` bytes in each file; 0: to its start"}}, rewindState),
		},
		OnUsageError: usageError,
	}
}

// withStore gives a command the store. To change it, no daemon may run.
func withStore(c *cli.Context, change bool, do func(*cli.Context, *state.Store) error) (err error) {
	cfg, err := readConfig(c)
	if err != nil {
		return err
	}
	dir, err := stateFolder(c.String("state"), cfg.StateDir)
	if err != nil {
		return err
	}
	if change {
		lock, err := state.Acquire(dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	return do(c, state.NewStore(dir, state.OS{}))
}

func showState(c *cli.Context, store *state.Store) error {
	doc, err := store.Load()
	if err != nil {
		return err
	}
	outbox, err := ledger.WaitingAt(filepath.Join(filepath.Dir(store.Path()), "ledger.db"))
	if errors.Is(err, ledger.ErrInUse) {
		_, err = fmt.Fprintln(c.App.ErrWriter, "What waits to be delivered is in the metrics of the tailer that runs.")
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if c.Bool("json") {
		out := json.NewEncoder(c.App.Writer)
		out.SetIndent("", " ")
		return out.Encode(struct {
			*state.Document
			Outbox []ledger.Waiting `json:"outbox,omitempty"`
		}{doc, outbox})
	}
	return errors.Join(printState(c.App.Writer, store.Path(), doc), printOutbox(c.App.Writer, outbox))
}

// printOutbox prints what waits for each sink, if anything does.
func printOutbox(w io.Writer, outbox []ledger.Waiting) error {
	if len(outbox) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SINK\tWAITING\tBYTES\tSINCE\t")
	for _, o := range outbox {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%s\t\n", o.Sink, o.Items, o.Bytes, o.Oldest.Format(time.RFC3339))
	}
	return table.Flush()
}

func printState(w io.Writer, path string, doc *state.Document) error {
	if len(doc.Logs) == 0 {
		_, err := fmt.Fprintf(w, "%s: no log is remembered\n", path)
		return err
	}
	if _, err := fmt.Fprintf(w, "%s, saved %s\n", path, doc.Saved.Format(time.RFC3339)); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "LOG\tFILE\tDONE\tREAD\tON DISK\t")
	for _, name := range slices.Sorted(maps.Keys(doc.Logs)) {
		for _, c := range doc.Logs[name] {
			if c.End == 0 && c.Ended {
				continue // of no file
			}
			size, note := "-", ""
			if info, err := os.Stat(c.Path); err == nil && info.Mode().IsRegular() {
				size = fmt.Sprint(info.Size())
			}
			if c.Ended {
				note = "rotated away"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\n", name, c.Path, c.Offset, c.End, size, note)
		}
	}
	return table.Flush()
}

// chosen checks that logs are remembered under the names given.
func chosen(c *cli.Context, doc *state.Document) ([]string, error) {
	for _, name := range c.Args().Slice() {
		if _, ok := doc.Logs[name]; !ok {
			return nil, usagef("no log %s is remembered; known are %q", name, slices.Sorted(maps.Keys(doc.Logs)))
		}
	}
	return c.Args().Slice(), nil
}

func resetState(c *cli.Context, store *state.Store) error {
	if c.Bool("all") {
		return store.Reset()
	}
	if !c.Args().Present() {
		return usagef("name the logs to forget, or say --all")
	}
	doc, err := store.Load()
	if err != nil {
		return err
	}
	names, err := chosen(c, doc)
	if err != nil {
		return err
	}
	for _, name := range names {
		delete(doc.Logs, name)
	}
	return store.Save(doc, time.Now())
}

func rewindState(c *cli.Context, store *state.Store) error {
	if !c.Args().Present() || c.Int64("bytes") < 0 {
		return usagef("name the logs to read again, and --bytes of 0 or more")
	}
	doc, err := store.Load()
	if err != nil {
		return err
	}
	names, err := chosen(c, doc)
	if err != nil {
		return err
	}
	for _, name := range names {
		for i := range doc.Logs[name] {
			if err := rewind(name, &doc.Logs[name][i], c.Int64("bytes")); err != nil {
				return err
			}
		}
	}
	return store.Save(doc, time.Now())
}

// rewind sets a checkpoint back by some bytes, 0 for all of them.
func rewind(name string, c *tailer.Checkpoint, bytes int64) error {
	if c.Cursor != "" {
		return usagef("%s has a cursor, no bytes: use tailer state reset", name)
	}
	c.Resolved = nil
	if c.Offset -= bytes; bytes == 0 || c.Offset < 0 {
		c.Offset = 0
	}
	return nil
}
