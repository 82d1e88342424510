package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"tailer"
	"tailer/ship"
	"tailer/ship/langfuse"
	"tailer/ship/otlp"
	"tailer/ship/sqlite"
	"tailer/state"
)

// delivery encodes exchanges and hands them to the sink.
type delivery struct {
	shipper *ship.Shipper
	letters *ship.DeadLetters
	closers []io.Closer
	tracker *state.Tracker // of the input being read
	mu      sync.Mutex     // one at a time uses shipper
}

// token is what an item brings back when it is resolved.
type token struct {
	tracker *state.Tracker
	hold    state.Hold
}

func newDelivery(o *options) (*delivery, error) {
	d := &delivery{letters: ship.NewDeadLetters(o.deadLetters)}
	sink, err := d.open(o)
	if err != nil {
		return nil, err
	}
	d.shipper, err = ship.New(sink, ship.Config{
		DeadLetters: d.letters, OnResolved: resolve, Logger: o.logger, MaxElapsed: o.retryFor,
	})
	return d, err
}

func (d *delivery) open(o *options) (ship.Sink, error) {
	if o.to == "langfuse" {
		sink, err := langfuse.New(o.langfuse)
		if err != nil {
			return nil, usagef("%v", err)
		}
		d.closers = append(d.closers, closeFunc(sink.Close))
		return sink, nil
	}
	if path, isStore := strings.CutPrefix(o.to, "sqlite:"); isStore {
		store, err := sqlite.Open(context.Background(), path, sqlite.Config{Logger: o.logger, MaxBytes: o.storeBytes})
		if err != nil {
			return nil, err
		}
		d.closers = append(d.closers, store)
		return store, nil
	}
	sink, err := ship.NewFileSink(strings.TrimPrefix(o.to, "file:"), os.Stdout)
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, sink)
	return sink, nil
}

type closeFunc func()

func (f closeFunc) Close() error {
	f()
	return nil
}

// Deliver implements pipeline.Deliverer.
func (d *delivery) Deliver(ctx context.Context, x *tailer.Exchange) error {
	hold := d.tracker.Hold(x.Positions...)
	item, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: version}), time.Now(), token{d.tracker, hold})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shipper.Deliver(ctx, item)
}

// Flush implements pipeline.Deliverer.
func (d *delivery) Flush(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shipper.Flush(ctx)
}

// resolve gives back the positions of items that were accepted or dead-lettered.
func resolve(items []*ship.Item, _ ship.Outcome) {
	for _, item := range items {
		if t, ok := item.Token().(token); ok {
			t.tracker.Release(t.hold)
		}
	}
}

func (d *delivery) close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, d.letters.Close())...)
}
