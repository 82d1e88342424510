package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/page"
	figures "tailer/internal/report"
	"tailer/ship/otlp"
)

func reportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "tell from logs who used what: requests, tokens, cost, errors and times",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Reads logs as backfill does and sends nothing. The figures are those of the traces.\n" +
			"Prints tables, or writes a page, CSV or JSON.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "html", Usage: "write one self-contained page with plots to `FILE`"},
			&cli.StringFlag{Name: "csv", Usage: "write CSV to `FILE`, - for stdout"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of tables"},
			&cli.StringSliceFlag{Name: "by", Usage: "only these `DIMENSIONS`: " + strings.Join(figures.Dimensions, ", ") + "; default: all that have something to tell"},
			&cli.StringFlag{Name: "sort", Value: "requests", Usage: "`ORDER` of the tables' rows: " + strings.Join(figures.Sorts, ", ")},
			&cli.IntFlag{Name: "top", Value: 20, Usage: "rows of each table; 0: all"},
			&cli.StringFlag{Name: "departments", Usage: "CSV `FILE` with user,department; default: by group header, else by e-mail domain"},
			&cli.StringSliceFlag{Name: "group-header", Usage: "`HEADER` that names a user's groups; default: " + strings.Join(otlp.GroupHeaders, ", ")},
		}, readingFlags()...),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			u, err := newUsageReport(c)
			if err != nil {
				return err
			}
			return u.run(c.Context)
		},
	}
}

// usageReport is one run of `tailer report`. It is the deliverer of its own run.
type usageReport struct {
	o           *options
	html, csv   string
	tables      figures.TableOptions
	groups      []string
	report      *figures.Report
	departments figures.Departments
}

func newUsageReport(c *cli.Context) (*usageReport, error) {
	o, err := readReadingOptions(c)
	if err != nil {
		return nil, err
	}
	u := &usageReport{o: o, html: c.String("html"), csv: c.String("csv"), groups: c.StringSlice("group-header")}
	u.tables = figures.TableOptions{Dimensions: c.StringSlice("by"), Top: c.Int("top"), Sort: c.String("sort")}
	if len(u.groups) == 0 {
		u.groups = nil
	}
	for _, name := range u.tables.Dimensions {
		if !slices.Contains(figures.Dimensions, name) {
			return nil, usagef("--by %q is none of %s", name, strings.Join(figures.Dimensions, ", "))
		}
	}
	if !slices.Contains(figures.Sorts, u.tables.Sort) {
		return nil, usagef("--sort %q is none of %s", u.tables.Sort, strings.Join(figures.Sorts, ", "))
	}
	if u.tables.Top < 0 {
		return nil, usagef("--top must not be negative")
	}
	if u.csv == "-" && o.json {
		return nil, usagef("--csv - and --json both want stdout")
	}
	if path := c.String("departments"); path != "" {
		if u.departments, err = readDepartments(path); err != nil {
			return nil, usagef("--departments: %v", err)
		}
	}
	u.report = figures.New(figures.Config{Location: o.location, Departments: u.departments})
	return u, nil
}

func readDepartments(path string) (figures.Departments, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read-only: nothing is lost
	return figures.ReadDepartments(file)
}

// Deliver implements pipeline.Deliverer: the request is counted as its spans
// tell it.
func (u *usageReport) Deliver(_ context.Context, x *tailer.Exchange) error {
	spans, err := otlp.Encode(x, otlp.Config{Version: version}).Spans()
	if err != nil {
		return err
	}
	if s, ok := otlp.Summarize(spans, u.groups); ok {
		u.report.Add(&s)
	}
	return nil
}

// Flush implements pipeline.Deliverer.
func (u *usageReport) Flush(context.Context) error { return nil }

func (u *usageReport) run(ctx context.Context) error {
	b, err := newReading(u.o, u)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.readAll(ctx); err != nil {
		return err
	}
	b.report.finish(b.enricher.Counts(), time.Since(began))
	for _, note := range b.report.Notes {
		u.o.logger.Warn(note)
	}
	d := u.report.Document(0)
	d.Version, d.Generated, d.Notes = version, time.Now().UTC().Truncate(time.Second), b.report.Notes
	for _, in := range b.inputs {
		d.Inputs = append(d.Inputs, cmp.Or(filepath.Base(in.Path), "-"))
	}
	if err := u.write(d); err != nil {
		return err
	}
	if b.report.partly() {
		return errPartly
	}
	return nil
}

func (u *usageReport) write(d *figures.Document) error {
	if u.csv != "" {
		if err := toFile(u.csv, func(w io.Writer) error { return d.WriteCSV(w, u.tables.Dimensions) }); err != nil {
			return err
		}
	}
	if u.html != "" {
		// A page has fewer rows than the other forms.
		p := u.report.Document(page.MaxRows)
		p.Version, p.Generated, p.Inputs, p.Notes = d.Version, d.Generated, d.Inputs, d.Notes
		if err := toFile(u.html, func(w io.Writer) error { return page.WriteReport(w, p) }); err != nil {
			return err
		}
	}
	switch {
	case u.o.json:
		return json.NewEncoder(os.Stdout).Encode(d)
	case u.csv != "" || u.html != "":
		return nil
	}
	return d.WriteTables(os.Stdout, u.tables)
}

// toFile writes a whole file, or to stdout for "-". The file is its owner's: a
// report names people.
func toFile(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(os.Stdout)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return nil
}
