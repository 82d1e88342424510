package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/enrich"
	"tailer/internal/pipeline"
	"tailer/internal/residence"
	"tailer/internal/service"
	"tailer/internal/source"
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
			return newDaemon(c, o).run(c.Context)
		},
	}
}

const (
	// drainTime is how long the rest may take to be delivered once tailer is told to
	// stop; systemd's unit waits longer.
	drainTime = 20 * time.Second
	// reloadTime is the same for a reload: what waits longer is in the ledger.
	reloadTime = 2 * time.Second
	saveEvery  = time.Second
)

// errReload says that the configuration is to be read again.
var errReload = errors.New("reload")

// daemon is `tailer run`, from one configuration to the next.
type daemon struct {
	c      *cli.Context
	o      *runOptions
	notify *service.Notifier
	stdin  *source.Lender
	hangup chan os.Signal
}

func newDaemon(c *cli.Context, o *runOptions) *daemon {
	return &daemon{c: c, o: o, notify: service.New(), stdin: source.NewLender(os.Stdin), hangup: make(chan os.Signal, 1)}
}

// run follows until ctx ends. SIGHUP starts it anew, in the same place.
func (d *daemon) run(ctx context.Context) (err error) {
	lock, err := state.Acquire(d.o.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	signal.Notify(d.hangup, syscall.SIGHUP)
	defer signal.Stop(d.hangup)
	var good *runOptions // those that logs were followed with; nil: none, or they do not work any more
	for {
		once, cancel := context.WithCancelCause(ctx)
		awaited := make(chan struct{})
		go func() {
			defer close(awaited)
			d.await(once, cancel)
		}()
		using := d.o
		started, err := d.once(once, using)
		reload := errors.Is(context.Cause(once), errReload)
		cancel(nil)
		<-awaited
		switch {
		case ctx.Err() != nil:
			return err
		case started && reload && (err == nil || errors.Is(err, context.Canceled)):
			good = using
		case !started && good != nil:
			using.logger.Error("configuration can't be used, going on with the one before", "err", err)
			if !reload {
				d.o, good = good, nil
			}
		default:
			return err
		}
	}
}

// await ends a run when a new configuration is there. One that is wrong is told,
// and the run goes on with the old one.
func (d *daemon) await(ctx context.Context, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.hangup:
		}
		d.notify.Reloading()
		o, err := readRunOptions(d.c)
		if err == nil && o.state != d.o.state {
			err = usagef("the state folder can't change while tailer runs")
		}
		if err != nil {
			d.o.logger.Error("configuration is not taken", "err", err)
			d.notify.Ready()
			continue
		}
		d.o.logger.Info("configuration read again")
		d.o = o
		cancel(errReload)
		return
	}
}

// once follows with one configuration. started is false if it could not begin to.
func (d *daemon) once(ctx context.Context, o *runOptions) (started bool, err error) {
	store := state.NewStore(o.state, state.OS{})
	doc, err := store.Load()
	if err != nil {
		return false, err
	}
	enricher, err := enrich.New(o.enrich)
	if err != nil {
		return false, usagef("%v", err)
	}
	sink, err := newDelivery(o.options)
	if err != nil {
		return false, err
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
		return false, err
	}
	defer func() { err = errors.Join(err, stopView()) }()
	meter, err := newMeter(o.metrics, sink, enricher)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, meter.close()) }()
	logs := &logSet{
		o: o, resume: maps.Clone(doc.Logs), saved: doc.Saved, tracker: tracker, enricher: enricher, sink: sink,
		stdin: d.stdin, meter: meter, known: map[string]bool{},
	}
	defer func() { err = errors.Join(err, logs.close()) }()
	groups, err := logs.groups()
	if err != nil {
		return false, err
	}
	runs := pipeline.Daemon{
		Discover: logs.discover, Beside: groups, Deliver: sink, SaveEvery: saveEvery,
		Drain: func() time.Duration {
			if errors.Is(context.Cause(ctx), errReload) {
				return reloadTime
			}
			d.notify.Stopping()
			return drainTime
		},
		Logger: o.logger.With("component", "run"), Alive: func() {
			d.notify.Alive()
			meter.alive()
		},
		Saving: meter.ready,
		Rest:   residence.Shrink,
		Progress: func() int64 {
			stats := sink.Stats()
			return stats.Delivered + stats.DeadLettered + stats.Failures
		},
		Save: func(all map[string][]tailer.Checkpoint) error {
			logs.checkpoint(doc, all)
			return store.Save(doc, time.Now())
		},
	}
	if meter != nil {
		o.logger.Info("metrics are served", "address", meter.server.Addr())
	}
	o.logger.Info("started", "version", version, "state", o.state, "to", o.to)
	d.notify.Ready()
	meter.ready(true)
	err = runs.Run(ctx)
	meter.ready(false)
	stats := sink.Stats()
	o.logger.Info("stopped", "delivered", stats.Delivered, "duplicates_avoided", stats.Duplicates, "dead_lettered", stats.DeadLettered, "pending", stats.Pending)
	if err == nil && stats.DeadLettered > 0 {
		err = errPartly
	}
	return true, err
}
