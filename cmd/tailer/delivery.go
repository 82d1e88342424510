package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tailer"
	"tailer/internal/disk"
	"tailer/ship"
	"tailer/ship/langfuse"
	"tailer/ship/ledger"
	"tailer/ship/otlp"
	"tailer/state"
)

// What is left of the disk of the state folder. The spool stops first: the ledger can
// only empty it while it has room itself, and the checkpoint follows the ledger. What
// is refused waits in the ledger once the dead letters stop.
var (
	spoolReserve  = disk.Reserve{Part: 4, Most: 64 << 20}
	ledgerReserve = disk.Reserve{Part: 16, Most: 8 << 20}
)

// delivery encodes exchanges and hands them to the sinks. Once it runs, Deliver
// and Flush may be called concurrently.
type delivery struct {
	*ship.Delivery
	letters *ship.DeadLetters
	ledger  *ledger.DB // nil: nothing is remembered
	sinks   []ship.Target
	emptied bool // one of them has nothing of what it got before
	closers []io.Closer
	stop    func() error
	logger  *slog.Logger
	tracker *state.Tracker // of the input being read
}

// token is what an item brings back when it is resolved.
type token struct {
	tracker *state.Tracker
	hold    state.Hold
}

// newDelivery opens the sinks and the ledger, and starts to send.
func newDelivery(o *options) (*delivery, error) { return newDeliveryTo(o, resolve) }

// newDeliveryTo tells resolved what becomes of every item.
func newDeliveryTo(o *options, resolved func(any, ship.Outcome)) (*delivery, error) {
	letters := ship.NewDeadLetters(o.deadLetters).Within(disk.Spare(filepath.Dir(o.deadLetters), ledgerReserve))
	d := &delivery{letters: letters, logger: o.logger}
	err := d.open(o)
	if err == nil {
		d.Delivery, err = ship.New(d.config(o, resolved), d.sinks...)
	}
	if err != nil {
		return nil, errors.Join(err, d.closeAll())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		var keeping sync.WaitGroup
		if d.ledger != nil {
			keeping.Go(func() { d.ledger.Keep(ctx) })
		}
		err := d.Run(ctx)
		keeping.Wait()
		ended <- err
	}()
	d.stop = func() error {
		cancel()
		return <-ended
	}
	return d, nil
}

func (d *delivery) config(o *options, resolved func(any, ship.Outcome)) ship.Config {
	cfg := ship.Config{
		DeadLetters: d.letters, OnResolved: resolved, Logger: o.logger, MaxElapsed: o.retryFor,
		FlushInterval: o.flushInterval, MaxPending: o.outboxBytes, Reconcile: o.reconcile, AgainAfter: o.againAfter, Revive: o.revive,
	}
	if d.ledger != nil {
		cfg.Store = d.ledger
	} else {
		cfg.MaxBytes = fileBatch
	}
	return cfg
}

// fileBatch is how much goes to a file or a pipe at once, in bytes. A server wants
// few large requests; a file does not care, and what waits takes memory.
const fileBatch = 400_000

// open opens the sinks, and the ledger if one of them needs it or it was asked
// for: a file or a pipe gets everything anew by itself.
func (d *delivery) open(o *options) error {
	remember := o.stateAsked
	for _, to := range o.to {
		target, closer, err := openSink(o, to)
		if err != nil {
			return err
		}
		d.sinks, d.closers = append(d.sinks, target), append(d.closers, closer)
		remember = remember || isRemote(to)
	}
	if !remember {
		return nil
	}
	if o.stateless != nil {
		return o.stateless
	}
	const ownerOnly = 0o700
	if err := os.MkdirAll(o.state, ownerOnly); err != nil {
		return usagef("make state folder: %v; name another one with --state", err)
	}
	var err error
	cfg := o.ledger
	cfg.Logger, cfg.Spare = o.logger, disk.Spare(o.state, ledgerReserve)
	d.ledger, err = ledger.Open(filepath.Join(o.state, "ledger.db"), cfg)
	if errors.Is(err, ledger.ErrInUse) {
		return fmt.Errorf("%w: a tailer is running with this state folder; stop it first, or it sends these requests itself", err)
	}
	if err != nil {
		return err
	}
	d.learnProjects()
	d.lookAfterOthers(o.follows)
	if o.follows {
		return nil
	}
	return d.forgetEmpty()
}

// forgetEmpty lets a backfill fill a file anew that was removed since the last one.
// A daemon's file may be new because it was rotated.
func (d *delivery) forgetEmpty() error {
	for _, target := range d.sinks {
		if file, ok := target.Sink.(*ship.FileSink); ok && file.Empty() {
			if err := d.ledger.Reset(target.Name); err != nil {
				return err
			}
			d.emptied = true
		}
	}
	return nil
}

// Deliver implements pipeline.Deliverer.
func (d *delivery) Deliver(ctx context.Context, x *tailer.Exchange) error {
	return d.deliver(ctx, x, time.Time{})
}

// deliver is Deliver of what another tailer may have sent, up to a time; zero is
// none.
func (d *delivery) deliver(ctx context.Context, x *tailer.Exchange, doubt time.Time) error {
	hold := d.tracker.Hold(x.Positions...)
	item, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: version}), time.Now(), token{d.tracker, hold})
	if err != nil {
		return err
	}
	return d.Delivery.Deliver(ctx, item.With(langfuse.Beside(x)).Doubtful(doubt))
}

// resolve gives back the positions of an item that is resolved.
func resolve(of any, _ ship.Outcome) {
	if t, ok := of.(token); ok {
		t.tracker.Release(t.hold)
	}
}

// beside is what was added to the traces of LiteLLM's own callback, nil if that was
// not asked for. Nothing may be sent any more.
func (d *delivery) beside() *langfuse.BesideCounts {
	for _, target := range d.sinks {
		if sink, ok := target.Sink.(*langfuse.Sink); ok && sink.Beside() != (langfuse.BesideCounts{}) {
			counts := sink.Beside()
			return &counts
		}
	}
	return nil
}

// close ends the sending and closes what is open. What waits is in the ledger.
func (d *delivery) close() error {
	err := d.stop()
	if b := d.beside(); b != nil {
		d.logger.Info("added to the traces of LiteLLM's callback", "upserted", b.Upserted, "annotated", b.Annotated, "own", b.Own,
			"trace_unknown", b.Unknown, "second_user", b.SecondUser, "shared", b.Shared)
	}
	return errors.Join(err, d.closeAll())
}

func (d *delivery) closeAll() error {
	errs := []error{d.letters.Close()}
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	if d.ledger != nil {
		errs = append(errs, d.ledger.Close())
	}
	return errors.Join(errs...)
}
