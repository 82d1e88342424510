package main

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/enrich"
	"tailer/internal/pipeline"
	"tailer/state"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "follow logs for ever; what was delivered is remembered across restarts",
		ArgsUsage: "[FILE|GLOB|DIR|PIPE|docker:CONTAINER|journald:UNIT|-]...",
		Description: "Follows the logs that the arguments name, or else those of the configuration file, through\n" +
			"rotation, truncation and restarts. SIGTERM ends it in order, SIGHUP re-reads configuration and keys.",
		Flags:        runFlags(),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			o, err := readRunOptions(c)
			if err != nil {
				return err
			}
			return runDaemon(c.Context, o)
		},
	}
}

// drainTime is how long the rest may take to be delivered once tailer is told to
// stop; systemd's unit waits longer.
const drainTime = 20 * time.Second

// runDaemon follows until ctx ends.
func runDaemon(ctx context.Context, o *runOptions) (err error) {
	lock, err := state.Acquire(o.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	store := state.NewStore(o.state, state.OS{})
	doc, err := store.Load()
	if err != nil {
		return err
	}
	enricher, err := enrich.New(o.enrich)
	if err != nil {
		return usagef("%v", err)
	}
	sink, err := newDelivery(o.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.close()) }()
	tracker := state.NewTracker()
	for _, log := range doc.Logs {
		for _, c := range log {
			tracker.Resume(c.Source, c.Offset, c.Resolved)
		}
	}
	sink.tracker = tracker
	stopView, err := startView(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopView()) }()
	meter, err := newMeter(o.metrics, sink, enricher)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, meter.close()) }()
	logs := &logSet{o: o, doc: doc, tracker: tracker, enricher: enricher, sink: sink, meter: meter, known: map[string]bool{}}
	defer func() { err = errors.Join(err, logs.close()) }()
	groups, err := logs.groups()
	if err != nil {
		return err
	}
	daemon := pipeline.Daemon{
		Discover: logs.discover, Beside: groups, Deliver: sink, SaveEvery: time.Second, Drain: drainTime,
		Logger: o.logger.With("component", "run"),
		Save: func(logs map[string][]tailer.Checkpoint) error {
			for name, checkpoints := range logs {
				doc.Logs[name] = checkpoints
			}
			return store.Save(doc, time.Now())
		},
	}
	if meter != nil {
		o.logger.Info("metrics are served", "address", meter.server.Addr())
	}
	o.logger.Info("started", "version", version, "state", o.state, "to", o.to)
	meter.ready(true)
	err = daemon.Run(ctx)
	meter.ready(false)
	o.logger.Info("stopped", "pending", tracker.Pending())
	return err
}
