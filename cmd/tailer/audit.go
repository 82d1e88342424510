package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/audit"
	"tailer/ship/langfuse"
	"tailer/state"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "compare logs with what Langfuse has: what is missing, there twice, or under the wrong user",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Reads logs as backfill does, and Langfuse hour by hour; changes nothing without --repair.\n" +
			"Use the file or the flags that the traces were sent with: they decide whose a trace should be.\n" +
			"Exit code 0: no difference; 3: differences.",
		Flags: append(append([]cli.Flag{
			configFlag(),
			&cli.BoolFlag{Name: "repair", Usage: "send what is missing, and nothing else"},
			&cli.BoolFlag{Name: "callback", Usage: "list what LiteLLM's own langfuse callback lost, too"},
			&cli.DurationFlag{Name: "settle", DefaultText: "1m, with Langfuse's bridge mode 15m", Usage: "do not judge requests that ended less than a `DURATION` ago"},
			&cli.IntFlag{Name: "list", Value: 20, Usage: "print at most `N` differences; --json and --csv have all"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document"},
			&cli.StringFlag{Name: "csv", Usage: "write a row for each hour to `FILE`, - for stdout"},
			&cli.DurationFlag{Name: "retry-for", Value: 15 * time.Minute, Usage: "how long Langfuse is asked again while it is busy"},
			&cli.StringFlag{Name: "dead-letters", Value: "dead-letters.jsonl", Usage: "`FILE` for requests that Langfuse rejects on --repair"},
			stateFlag(),
		}, langfuseFlags()...), readingFlags()...),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			a, err := newAudit(c)
			if err != nil {
				return err
			}
			return a.run(c.Context)
		},
	}
}

// auditRun is one run of `tailer audit`.
type auditRun struct {
	o      *options
	reader *langfuse.Reader
	repair bool
	settle time.Duration
	print  auditPrinter
	config audit.Config

	auditor *audit.Auditor
	missing map[string]bool // trace and span ids of what is to be sent
}

func newAudit(c *cli.Context) (*auditRun, error) {
	o, cfg, err := readLikeDaemon(c)
	if err != nil {
		return nil, err
	}
	if err := o.needKeys(); err != nil {
		return nil, err
	}
	o.to, o.retryFor, o.deadLetters = []string{toLangfuse}, c.Duration("retry-for"), c.String("dead-letters")
	if o.state, err = stateFolder(c.String("state"), cfg.StateDir); err != nil {
		return nil, err
	}
	a := &auditRun{o: o, repair: c.Bool("repair"), settle: c.Duration("settle"), missing: map[string]bool{}}
	a.print = auditPrinter{json: o.json, csv: c.String("csv"), most: c.Int("list"), callback: c.Bool("callback")}
	a.config.Callback = a.print.callback
	switch {
	case o.retryFor <= 0 || a.settle < 0 || a.print.most < 0:
		return nil, usagef("--retry-for must be positive, --settle and --list not negative")
	case a.print.csv == "-" && o.json:
		return nil, usagef("--csv - and --json both want stdout")
	}
	for _, input := range o.inputs {
		if input == "-" && a.repair {
			return nil, usagef("--repair reads the log twice, which a pipe can't be: give it a file")
		}
	}
	if a.reader, err = langfuse.NewReader(o.langfuse); err != nil {
		return nil, usagef("%v", err)
	}
	a.reader.Patience = o.retryFor
	return a, nil
}

func (a *auditRun) run(ctx context.Context) (err error) {
	defer a.reader.Close()
	server, err := a.ask(ctx)
	if err != nil {
		return err
	}
	a.auditor = audit.New(a.config)
	defer func() { err = errors.Join(err, a.auditor.Close()) }()
	reading, err := newReading(a.o, a)
	if err != nil {
		return err
	}
	if err := reading.readAll(ctx); err != nil {
		return err
	}
	for _, note := range reading.report.Notes {
		a.o.logger.Warn(note)
	}
	if err := a.print.open(server); err != nil {
		return err
	}
	sums, err := a.auditor.Compare(ctx, a.observations, a.hour)
	if err != nil {
		return errors.Join(err, a.print.abandon())
	}
	repaired := repairs{}
	if a.repair && sums.Missing > 0 {
		if repaired, err = a.send(ctx); err != nil {
			return errors.Join(err, a.print.abandon())
		}
	}
	if err := a.print.close(&sums, repaired, reading.report.Damaged); err != nil {
		return err
	}
	left := sums.Differences() - int(repaired.Delivered)
	if a.config.Callback {
		left += sums.CallbackLost
	}
	if left > 0 || reading.report.partly() {
		return errDifferences
	}
	return nil
}

// ask finds out what kind of server this is.
func (a *auditRun) ask(ctx context.Context) (serverFacts, error) {
	health, err := a.reader.Health(ctx)
	if err != nil {
		return serverFacts{}, err
	}
	project, err := a.reader.Project(ctx)
	if err != nil {
		return serverFacts{}, err
	}
	mode, err := a.reader.Mode(ctx)
	if err != nil {
		return serverFacts{}, err
	}
	a.config.Now, a.config.Folds = time.Now(), mode == langfuse.Legacy
	a.config.Settle = a.settle
	if a.config.Settle == 0 {
		a.config.Settle = time.Minute
		if mode == langfuse.Dual {
			a.config.Settle = 15 * time.Minute // what LiteLLM sends by ingestion shows after about 11
		}
	}
	return serverFacts{Version: health.Version, Mode: mode, Project: project.Name}, nil
}

// Deliver implements pipeline.Deliverer: the request is noted for its hour.
func (a *auditRun) Deliver(_ context.Context, x *tailer.Exchange) error {
	trace, span := idsOf(x)
	r := audit.Request{
		CallID: x.CallID, ResponseID: x.ResponseID, User: x.Attribution.User,
		TraceID: trace, SpanID: span,
		Start: x.Start.UTC(), End: x.End.UTC(), Failed: x.Level == tailer.LevelError,
	}
	for _, trace := range []string{x.Attribution.TraceSeed, x.LiteLLMTrace} {
		if trace != "" {
			r.CallbackTraces = append(r.CallbackTraces, trace)
		}
	}
	r.ID = x.CallID
	if r.ID == "" {
		r.ID = "trace " + r.TraceID
	}
	return a.auditor.Add(r)
}

// Flush implements pipeline.Deliverer.
func (a *auditRun) Flush(context.Context) error { return nil }

// observations is the source of the comparison.
func (a *auditRun) observations(ctx context.Context, from, to time.Time, each func(*audit.Observation) error) error {
	return a.reader.Between(ctx, from, to, func(o *langfuse.Observation) error {
		return each(&audit.Observation{
			ID: o.ID, TraceID: o.TraceID, CallID: o.CallID, ResponseID: o.ResponseID, Start: o.Start, User: o.User,
			Failed: o.Level == string(tailer.LevelError), Generation: o.Type == "GENERATION" || o.Type == "EMBEDDING",
			ByTailer: o.ByTailer || o.Scope == "tailer", BySDK: strings.HasPrefix(o.Scope, "langfuse-sdk"),
		})
	})
}

func (a *auditRun) hour(h *audit.Hour) error {
	for i := range h.Differences {
		if d := &h.Differences[i]; a.repair && d.Kind == audit.Missing {
			a.missing[d.TraceID+"/"+d.SpanID] = true
		}
	}
	return a.print.hour(h)
}

// repairs counts what became of what was missing.
type repairs struct {
	Delivered    int64 `json:"delivered"`
	DeadLettered int64 `json:"dead_lettered"`
	Lately       int64 `json:"accepted_lately"` // not sent: Langfuse may not show yet what it accepted
}

// send reads the log once more and delivers what is missing.
func (a *auditRun) send(ctx context.Context) (sent repairs, err error) {
	a.o.againAfter = a.config.Settle // the ledger says that Langfuse has it, Langfuse says that it has not
	d, err := newDelivery(a.o)
	if err != nil {
		return sent, err
	}
	d.tracker = state.NewTracker()
	reading, err := newReading(a.o, &repairer{missing: a.missing, delivery: d})
	if err == nil {
		err = reading.readAll(ctx)
	}
	if err == nil {
		err = d.Flush(ctx)
	}
	err = errors.Join(err, d.close())
	stats := d.Stats()
	sent = repairs{Delivered: stats.Delivered, DeadLettered: stats.DeadLettered, Lately: stats.Duplicates}
	if err != nil {
		return sent, fmt.Errorf("repair: %w", err)
	}
	return sent, nil
}

// repairer delivers the missing requests, each once.
type repairer struct {
	missing  map[string]bool
	delivery *delivery
}

// Deliver implements pipeline.Deliverer.
func (r *repairer) Deliver(ctx context.Context, x *tailer.Exchange) error {
	trace, span := idsOf(x)
	key := trace + "/" + span
	if !r.missing[key] {
		return nil
	}
	delete(r.missing, key)
	return r.delivery.Deliver(ctx, x)
}

// Flush implements pipeline.Deliverer.
func (r *repairer) Flush(ctx context.Context) error { return r.delivery.Flush(ctx) }
