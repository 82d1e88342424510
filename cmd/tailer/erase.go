package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"tailer/internal/enrich"
	"tailer/ship"
	"tailer/ship/langfuse"
	"tailer/ship/ledger"
	"tailer/ship/otlp"
	"tailer/ship/sqlite"
	"tailer/state"
)

func eraseCommand() *cli.Command {
	return &cli.Command{
		Name:  "erase",
		Usage: "delete what is a user's from Langfuse, the store, the outbox, dead letters and files, and say what can't be",
		Description: "Without --yes it only shows what would go. Stop a tailer that runs with the same state folder first.\n" +
			"A user whose name was hashed is found by name if the key is given.\n" +
			"Exit code 0: all of it is deleted, or nothing was there; 3: something is left.",
		Flags: append([]cli.Flag{
			configFlag(),
			&cli.StringSliceFlag{Name: "user", Usage: "`NAME` as traces show it; may be repeated"},
			&cli.BoolFlag{Name: "yes", Usage: "delete; there is no way back"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only show what would go (the default without --yes)"},
			&cli.BoolFlag{Name: "shared", Usage: "delete traces, too, in which others took part"},
			&cli.StringSliceFlag{Name: "file", Usage: "`FILE` of traces (file: sink) or of dead letters to clean besides those in the state folder; may be repeated"},
			&cli.StringFlag{Name: "hash-key-file", Usage: "`FILE` with the key of --identity-mode hash (or " + hashKeyName + ")"},
			stateFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document"},
			environmentFlag(),
		}, langfuseFlags()...),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			e, err := newErasure(c)
			if err != nil {
				return err
			}
			return e.run(c.Context)
		},
	}
}

// erasure is one run of `tailer erase`.
type erasure struct {
	o      *options
	names  []string // as given, and hashed
	really bool
	shared bool
	files  []string
	state  string
	places []erasedPlace
	notes  []string
}

// erasedPlace is what became of one place.
type erasedPlace struct {
	Place  string `json:"place"`
	Found  int    `json:"found"` // traces
	Erased int    `json:"erased"`
	Kept   int    `json:"kept,omitempty"` // on purpose: shared with others
	Left   string `json:"left,omitempty"` // why some are left
}

func newErasure(c *cli.Context) (*erasure, error) {
	o := &options{json: c.Bool("json"), logger: newLogger(os.Stderr)}
	cfg, below, err := configOf(c)
	if err != nil {
		return nil, err
	}
	lookup, err := environment(c.String("env-file"), c.IsSet("env-file"))
	if err != nil {
		return nil, err
	}
	lookup = over(lookup, below)
	if err := o.readLangfuse(c, lookup); err != nil {
		return nil, err
	}
	e := &erasure{o: o, really: c.Bool("yes"), shared: c.Bool("shared"), files: c.StringSlice("file"), names: c.StringSlice("user")}
	switch {
	case len(e.names) == 0 || slices.Contains(e.names, ""):
		return nil, usagef("whose traces? say --user NAME")
	case e.really && c.Bool("dry-run"):
		return nil, usagef("--yes and --dry-run contradict each other")
	case c.Args().Present():
		return nil, usagef("erase takes no arguments; name files with --file")
	}
	if e.state, err = stateFolder(c.String("state"), cfg.StateDir); err != nil {
		return nil, err
	}
	key, err := hashKey(c.String("hash-key-file"), lookup)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Clone(e.names) {
		if key != "" {
			e.names = append(e.names, enrich.Hash([]byte(key), name))
		}
	}
	return e, nil
}

func (e *erasure) run(ctx context.Context) error {
	err := e.local(ctx)
	for _, path := range e.files {
		if err == nil {
			err = e.file(path)
		}
	}
	if err == nil {
		err = e.langfuse(ctx)
	}
	if err != nil {
		return err
	}
	e.addNotes()
	if e.o.json {
		if err := json.NewEncoder(os.Stdout).Encode(struct {
			DryRun bool          `json:"dry_run"`
			Places []erasedPlace `json:"places"`
			Notes  []string      `json:"notes"`
		}{!e.really, e.places, e.notes}); err != nil {
			return err
		}
	} else {
		e.print(os.Stdout)
	}
	for _, p := range e.places {
		if e.really && p.Erased+p.Kept < p.Found {
			return errPartly
		}
	}
	return nil
}

// is tells whether a name is one of those that go.
func (e *erasure) is(name string) bool { return slices.Contains(e.names, name) }

// local cleans the state folder, which nobody else may use meanwhile.
func (e *erasure) local(ctx context.Context) error {
	if _, err := os.Stat(e.state); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lock, err := state.Acquire(e.state)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }() // the kernel does so at the latest when the program ends
	if err := e.outbox(filepath.Join(e.state, "ledger.db")); err != nil {
		return err
	}
	if err := e.store(ctx, filepath.Join(e.state, defaultStore)); err != nil {
		return err
	}
	letters, err := filepath.Glob(filepath.Join(e.state, "dead-letters*.jsonl*"))
	if err != nil {
		return err
	}
	for _, path := range letters {
		if err := e.file(path); err != nil {
			return err
		}
	}
	return e.spools()
}

func (e *erasure) outbox(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	db, err := ledger.Open(path, ledger.Config{Logger: e.o.logger})
	if err != nil {
		return err
	}
	place := erasedPlace{Place: "outbox " + path}
	match := func(item *ship.Item) bool { return e.is(item.User()) }
	if e.really {
		place.Erased, err = db.Erase(match)
		place.Found = place.Erased
	} else {
		var seqs []uint64
		seqs, err = db.Find(match)
		place.Found = len(seqs)
	}
	e.places = append(e.places, place)
	return errors.Join(err, db.Close())
}

// store cleans the traces that `tailer view` shows.
func (e *erasure) store(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	place := erasedPlace{Place: "store " + path}
	reader, err := sqlite.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	err = reader.Summaries(ctx, epoch, func(s *otlp.Summary) {
		if e.is(s.User) {
			place.Found++
		}
	})
	if err = errors.Join(err, reader.Close()); err == nil && e.really && place.Found > 0 {
		err = e.eraseStore(ctx, path, &place)
	}
	e.places = append(e.places, place)
	return err
}

func (e *erasure) eraseStore(ctx context.Context, path string, place *erasedPlace) error {
	const forEver = -1
	db, err := sqlite.Open(ctx, path, sqlite.Config{MaxAge: forEver, Logger: e.o.logger})
	if err != nil {
		return err
	}
	for _, name := range e.names {
		n, erasing := db.Erase(ctx, name)
		place.Erased += int(n)
		err = errors.Join(err, erasing)
	}
	return errors.Join(err, db.Close())
}

// file cleans a file of lines that hold spans: traces or dead letters.
func (e *erasure) file(path string) error {
	theirs, err := e.linesOf(path)
	if err != nil {
		return err
	}
	place := erasedPlace{Place: "file " + path, Found: len(theirs)}
	if e.really && len(theirs) > 0 {
		if err := ship.KeepLetters(path, "", func(n int) bool { return !theirs[n] }); err != nil {
			return err
		}
		place.Erased = len(theirs)
	}
	e.places = append(e.places, place)
	return nil
}

// linesOf are the numbers of the lines that are a user's.
func (e *erasure) linesOf(path string) (map[int]bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usagef("%v", err)
	}
	defer func() { _ = file.Close() }() // read-only: nothing is lost
	theirs, lines := map[int]bool{}, bufio.NewReader(file)
	for n := 0; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return theirs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		var letter struct {
			Trace json.RawMessage `json:"trace"`
		}
		if json.Unmarshal(line, &letter) == nil && len(letter.Trace) > 0 {
			line = letter.Trace
		}
		groups, err := otlp.ParseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d, holds no trace: %w", path, n+1, err)
		}
		for _, group := range groups {
			theirs[n] = theirs[n] || e.is(ship.UserOf(group))
		}
		if !theirs[n] {
			delete(theirs, n)
		}
	}
}

// langfuse deletes traces, as far as the server lets it.
func (e *erasure) langfuse(ctx context.Context) error {
	if e.o.needKeys() != nil {
		e.notes = append(e.notes, "Langfuse was not looked at: its keys are not set.")
		return nil
	}
	reader, err := langfuse.NewReader(e.o.langfuse)
	if err != nil {
		return usagef("%v", err)
	}
	defer reader.Close()
	place := erasedPlace{Place: "Langfuse"}
	var ids []string
	for _, name := range e.names {
		if err := reader.UserTraces(ctx, name, func(u langfuse.UserTrace) error {
			place.Found++
			if u.Others && !e.shared {
				place.Kept++
				return nil
			}
			ids = append(ids, u.ID)
			return nil
		}); err != nil {
			return err
		}
	}
	if e.really {
		place.Erased, place.Left, err = deleteAll(ctx, reader, ids)
	}
	e.places = append(e.places, place)
	return err
}
