package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/internal/source/s3"
	"tailer/parse"
	"tailer/state"
)

func backfillCommand() *cli.Command {
	return &cli.Command{
		Name:      "backfill",
		Usage:     "read logs to their end, then stop; \"-\" reads a pipe",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Files may be compressed (gzip, zstd, xz) and may be what Docker, Kubernetes, journald,\n" +
			"docker compose, syslog or a log store made of them. Rotated siblings are read oldest first.",
		Flags:        backfillFlags(),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			o, err := readOptions(c)
			if err != nil {
				return err
			}
			b, err := newBackfill(o)
			if err != nil {
				return err
			}
			return b.run(c.Context)
		},
	}
}

// backfill is one run over its inputs.
type backfill struct {
	o        *options
	inputs   []source.Input
	buckets  []*s3.Bucket
	enricher *enrich.Enricher
	delivery *delivery
	preview  *preview           // nil without --dry-run
	into     pipeline.Deliverer // takes the exchanges in place of delivery; nil: delivery does
	stdin    io.Reader          // what "-" reads; nil: standard input
	report   report
	source   string        // of the newest line
	before   *parse.Parser // of the file before, where its log goes on in the next one; nil: nothing goes on
	progress *progress
}

func newBackfill(o *options) (*backfill, error) {
	if o.dryRun {
		p := newPreview()
		b, err := newReading(o, p)
		if err != nil {
			return nil, err
		}
		b.preview = p
		return b, nil
	}
	b, err := newReading(o, nil)
	if err != nil {
		return nil, err
	}
	b.delivery, err = newDelivery(o)
	return b, err
}

// newReading is a run whose exchanges go into something else than delivery.
func newReading(o *options, into pipeline.Deliverer) (*backfill, error) {
	buckets, files, err := openBuckets(o.inputs, o.lookup)
	if err != nil {
		return nil, err
	}
	inputs, err := source.Expand(files)
	if err != nil {
		if errors.Is(err, source.ErrNoMatch) || errors.Is(err, os.ErrNotExist) {
			return nil, usagef("%v", err)
		}
		return nil, err
	}
	enricher, err := enrich.New(o.enrich)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return &backfill{o: o, inputs: inputs, buckets: buckets, enricher: enricher, into: into, report: newReport()}, nil
}

// run reads all inputs and tells what became of them.
func (b *backfill) run(ctx context.Context) error {
	began := time.Now()
	err := b.readAll(ctx)
	if b.delivery != nil {
		err = errors.Join(err, b.delivery.close())
		b.report.addDelivery(b.delivery)
	}
	b.report.finish(b.enricher.Counts(), time.Since(began))
	if b.preview != nil {
		b.preview.print(os.Stdout, &b.report)
	}
	b.report.print(b.o)
	if err == nil && b.report.partly() {
		err = errPartly
	}
	return err
}

func (b *backfill) readAll(ctx context.Context) error {
	b.progress = newProgress(b.inputs, b.o)
	defer b.progress.close()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(b.o.threads))
	var table *pair.Table
	for i, in := range b.inputs {
		more := i+1 < len(b.inputs) && !in.Live() && b.inputs[i+1].Log() == in.Log()
		if table == nil {
			table = pair.New(pair.Config{GiveUp: b.o.giveUp})
		}
		if err := b.read(ctx, in, table, more); err != nil {
			return err
		}
		if !more {
			b.before = nil
			b.report.addPairs(table.Counts())
			table = nil
		}
	}
	for _, bucket := range b.buckets {
		if err := b.readBucket(ctx, bucket); err != nil {
			return err
		}
	}
	return nil
}

var _ pipeline.Steps = (*parse.Parser)(nil)

// read takes one input through all stages. Damaged input is told and counted; it
// ends its own input, not the run.
func (b *backfill) read(ctx context.Context, in source.Input, table *pair.Table, more bool) error {
	stdin := b.stdin
	if stdin == nil {
		stdin = os.Stdin
	}
	cfg := b.o.sourceConfig(in)
	cfg.Together = true
	lines, err := source.Open(in, stdin, cfg)
	if err != nil {
		return b.damaged(in, err)
	}
	defer func() { _ = lines.Close() }()
	b.progress.start(in, lines)

	clock := parse.NewClock(b.o.clockConfig(in))
	records := parse.New(clock)
	if b.before != nil {
		records = b.before.Next(clock)
	}
	tracker := state.NewTracker()
	var read tailer.Position
	run := pipeline.Run{
		Lines: lines, Records: records, Pairs: table, Enrich: b.enricher, Deliver: b.sink(tracker),
		Since: b.o.since, Until: b.o.until, Observe: b.report.observe, Threads: b.o.threads,
		Progress: func(at tailer.Position) {
			tracker.Advance(at.Source, at.End)
			read = at
			b.source = at.Source
			b.progress.step()
		},
	}
	if in.Live() {
		err = run.Pipe(ctx)
	} else {
		err = run.File(ctx, more)
	}
	b.report.addInput(in, lines, records.Counts(), clock, run.Stats)
	b.before = records
	if run.Stats.Interrupted && !in.Live() {
		done := tracker.Low(read.Source)
		table.Held(func(at tailer.Position) {
			if at.Source == read.Source {
				done = min(done, at.Offset)
			}
		})
		b.o.logger.Info("interrupted", "input", in.Path, "done_bytes", done)
	}
	return b.damaged(in, err)
}

// damaged turns what is wrong with an input itself into a message and a count.
func (b *backfill) damaged(in source.Input, err error) error {
	var broken *source.DamagedError
	if !errors.As(err, &broken) || errors.Is(err, context.Canceled) {
		return err
	}
	b.report.Damaged++
	b.o.logger.Warn("input is damaged; what could be read was used", "input", in.Path, "err", err)
	return nil
}

// sink returns where exchanges go: to delivery, if nothing else wants them.
func (b *backfill) sink(tracker *state.Tracker) pipeline.Deliverer {
	if b.into != nil {
		return b.into
	}
	b.delivery.tracker = tracker
	return b.delivery
}

// newLogger logs for people on a terminal and as text anywhere else.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
			return slog.String(a.Key, a.Value.Time().UTC().Format("2006-01-02T15:04:05Z"))
		}
		return a
	}}))
}

// plural writes a count with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
