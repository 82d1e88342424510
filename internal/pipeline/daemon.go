package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"tailer"
)

// A Log is one log that the daemon follows.
type Log struct {
	Name        string
	Follow      *Follow
	Checkpoints func() []tailer.Checkpoint // how to go on after a restart
	Saved       func()                     // what Checkpoints returned last is on disk; nil: nobody wants to know
	Close       func() error
	Gone        func() // the log has ended and is forgotten, all of it being resolved; nil: it is remembered
}

// Daemon follows logs until it is told to stop. Its fields are set before Run.
type Daemon struct {
	// Discover returns logs that were not there at its last call. more says that
	// there may be others later.
	Discover func(now time.Time) (logs []*Log, more bool, err error)
	// Save keeps the checkpoints of all logs. It is called by one goroutine.
	Save func(map[string][]tailer.Checkpoint) error
	// Beside are sources that keep their place elsewhere. Each runs until its context
	// ends; an error ends the daemon.
	Beside  []func(context.Context) error
	Deliver Deliverer // sends by itself what has waited long enough
	// Progress counts what delivery has tried. A log that waits for delivery counts as
	// moving as long as this does; nil: always.
	Progress  func() int64
	Alive     func()               // called as long as there is progress; nil: nobody
	Saving    func(works bool)     // called when checkpoints can't be saved any more, and when they can again; nil: nobody
	Rest      func()               // called when there is nothing to do for a while: memory can go; nil: it stays
	SaveEvery time.Duration        // between two checkpoints
	Drain     func() time.Duration // how long the rest may take to be delivered, asked once told to stop
	Logger    *slog.Logger

	mu      sync.Mutex
	logs    []*Log // guarded by mu
	unsaved int    // failures to save in a row
	tried   int64  // Progress at the last change of it
	triedAt time.Time
}

// discoverEvery is how often new logs are looked for.
const discoverEvery = time.Second

// Run follows until the context ends, or every log does. Then it stops in order:
// sources, delivery within Drain, checkpoint. The error is the context's, that of
// delivery, or that of the checkpoint.
func (d *Daemon) Run(ctx context.Context) error {
	follow, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	helpers, stopHelpers := context.WithCancel(context.WithoutCancel(ctx))
	var sources, rest sync.WaitGroup
	rest.Go(func() { d.keep(helpers) })

	for _, run := range d.Beside {
		sources.Go(func() {
			if err := run(follow); err != nil && follow.Err() == nil {
				cancel(err)
			}
		})
	}
	err := d.follow(follow, cancel, &sources)
	sources.Wait()
	if cause := context.Cause(follow); cause != nil && ctx.Err() == nil {
		err = cause // what ended one of them
	}
	stopHelpers()
	rest.Wait()
	return errors.Join(err, d.stop(ctx))
}

// follow starts logs as they appear and waits until no more is to come.
func (d *Daemon) follow(ctx context.Context, cancel context.CancelCauseFunc, running *sync.WaitGroup) error {
	over := make(chan struct{}, 1)
	look := time.NewTicker(discoverEvery)
	defer look.Stop()
	open, complaint := 0, ""
	for {
		logs, more, err := d.Discover(time.Now())
		if text := fmt.Sprint(err); err != nil && text != complaint {
			complaint = text
			d.Logger.Warn("log can't be followed", "err", err)
		}
		d.add(logs)
		for _, log := range logs {
			open++
			running.Go(func() {
				err := log.Follow.Forever(ctx)
				if err != nil && ctx.Err() == nil {
					cancel(err)
				}
				log.Follow.over.Store(true)
				if err == nil && log.Gone != nil {
					d.forget(log)
				}
				select {
				case over <- struct{}{}:
				case <-ctx.Done():
				}
			})
		}
		if open == 0 && !more && len(d.Beside) == 0 {
			return err // nothing is read, and what could not be followed is no success
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			open--
		case <-look.C:
		}
	}
}

// add notes logs and saves where they begin before anything is read: after a crash
// in the first moments they would be unknown, and what was rotated since old news.
func (d *Daemon) add(logs []*Log) {
	if len(logs) == 0 {
		return
	}
	d.mu.Lock()
	d.logs = append(d.logs, logs...)
	d.mu.Unlock()
	if err := d.save(); err != nil {
		d.Logger.Error("checkpoint can't be saved, will try again", "err", err)
	}
}

// forget drops a log that has ended.
func (d *Daemon) forget(log *Log) {
	d.mu.Lock()
	log.Checkpoints() // the tracker forgets what is resolved
	d.logs = slices.DeleteFunc(d.logs, func(other *Log) bool { return other == log })
	d.mu.Unlock()
	if err := log.Close(); err != nil {
		d.Logger.Warn("close log", "source", log.Name, "err", err)
	}
	log.Gone()
}

// keep saves checkpoints, and says that there is progress, until ctx ends.
func (d *Daemon) keep(ctx context.Context) {
	tick := time.NewTicker(d.SaveEvery)
	defer tick.Stop()
	beats := map[*Log]int64{}
	var rest rest
	var saved time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if rest.due(d.moved(), now) && d.Rest != nil {
			d.Rest()
		}
		if (!rest.finished || now.Sub(saved) >= saveAtRest) && d.saveAgain() {
			saved = now
		}
		if d.Alive != nil && d.moving(beats, now) {
			d.Alive()
		}
	}
}

// saveAgain saves, and tells of trouble once and of its end.
func (d *Daemon) saveAgain() bool {
	if err := d.save(); err != nil {
		if d.unsaved++; d.unsaved == 1 {
			d.Logger.Error("checkpoint can't be saved, will try again", "err", err)
			d.saving(false)
		}
		return false
	}
	if d.unsaved > 0 {
		d.Logger.Info("checkpoint saved again", "failures", d.unsaved)
		d.unsaved = 0
		d.saving(true)
	}
	return true
}

func (d *Daemon) saving(works bool) {
	if d.Saving != nil {
		d.Saving(works)
	}
}

// patience is how long delivery may be silent while a log waits for it: longer
// than the longest wait between two tries.
const patience = 3 * time.Minute

// moving reports whether every log has been read, or looked at, since the last
// call, or waits for a delivery that goes on trying.
func (d *Daemon) moving(beats map[*Log]int64, now time.Time) bool {
	if d.Progress != nil {
		if tried := d.Progress(); tried != d.tried || d.triedAt.IsZero() {
			d.tried, d.triedAt = tried, now
		}
	}
	trying := d.Progress == nil || now.Sub(d.triedAt) < patience
	d.mu.Lock()
	defer d.mu.Unlock()
	all := true
	for _, log := range d.logs {
		beat := log.Follow.beat.Load()
		moves := beat != beats[log]
		if log.Follow.waits.Load() { // it may be read on for a moment all the same
			moves = trying
		}
		all = all && (moves || log.Follow.over.Load())
		beats[log] = beat
	}
	maps.DeleteFunc(beats, func(log *Log, _ int64) bool { return !slices.Contains(d.logs, log) })
	return all
}

func (d *Daemon) save() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make(map[string][]tailer.Checkpoint, len(d.logs))
	for _, log := range d.logs {
		all[log.Name] = log.Checkpoints()
	}
	if err := d.Save(all); err != nil {
		return err
	}
	for _, log := range d.logs {
		if log.Saved != nil {
			log.Saved()
		}
	}
	return nil
}

// stop delivers the rest and saves where everything is.
func (d *Daemon) stop(ctx context.Context) error {
	limit := d.Drain()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	err := d.Deliver.Flush(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		d.Logger.Warn("not all was delivered in time; the next run will", "drain_ms", limit.Milliseconds())
		err = nil
	}
	err = errors.Join(err, d.save())
	for _, log := range d.logs {
		err = errors.Join(err, log.Close())
	}
	return err
}
