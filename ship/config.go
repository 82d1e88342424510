package ship

import (
	"errors"
	"log/slog"
	"time"
)

const (
	defaultMaxBytes    = 2_500_000 // what Langfuse's own SDK v2 keeps to
	defaultMaxSpans    = 500
	defaultFlush       = time.Second
	defaultInitialWait = 500 * time.Millisecond
	defaultMaxWait     = time.Minute
	defaultMaxPending  = 1 << 30  // bytes on disk
	defaultMaxMemory   = 32 << 20 // bytes
)

// Reconcile says when a sink that can be asked is asked before a first try.
type Reconcile uint8

// The ways to reconcile.
const (
	ReconcileUnknown Reconcile = iota // for requests from before the store knew the sink
	ReconcileAlways
	ReconcileNever
)

// Config tells a Delivery its limits and whom to tell.
type Config struct {
	Store         Store              // nil: nothing is remembered, and what waits is in memory only
	DeadLetters   *DeadLetters       // where refused items go; required
	OnResolved    func(any, Outcome) // called once for every token, on a goroutine of Run's; nil: nobody
	Logger        *slog.Logger       // nil: silent
	MaxBytes      int                // of the payloads of one batch; 0: 2,500,000. One larger item goes alone
	MaxSpans      int                // of one batch; 0: 500
	FlushInterval time.Duration      // a batch that is not full waits for so long; 0: 1 s
	MaxPending    int64              // bytes of payload that may wait, in at most 131,072 items; 0: 1 GiB with a store, else 32 MiB
	MaxMemory     int64              // bytes of what waits that may be in memory too; 0: 32 MiB
	MaxElapsed    time.Duration      // an outage may last so long, and refused keys are final; 0: patient for ever
	InitialWait   time.Duration      // before the second try, doubled for each one more; 0: 500 ms
	MaxWait       time.Duration      // between two tries, if the server does not ask for more; 0: 1 min
	Reconcile     Reconcile          //
	AgainAfter    time.Duration      // what the store knows to be accepted for longer is sent all the same; 0: never
	Revive        bool               // what was refused is sent again
}

func (cfg *Config) check() error {
	if cfg.DeadLetters == nil {
		return errors.New("delivery needs a dead-letter file")
	}
	if cfg.MaxBytes < 0 || cfg.MaxSpans < 0 || cfg.MaxElapsed < 0 || cfg.InitialWait < 0 || cfg.MaxWait < 0 ||
		cfg.FlushInterval < 0 || cfg.MaxPending < 0 || cfg.MaxMemory < 0 {
		return errors.New("limits of delivery must not be negative")
	}
	setDefault(&cfg.MaxBytes, defaultMaxBytes)
	setDefault(&cfg.MaxSpans, defaultMaxSpans)
	setDefault(&cfg.FlushInterval, defaultFlush)
	setDefault(&cfg.InitialWait, defaultInitialWait)
	setDefault(&cfg.MaxWait, max(defaultMaxWait, cfg.InitialWait))
	setDefault(&cfg.MaxMemory, defaultMaxMemory)
	if cfg.Store == nil {
		setDefault(&cfg.MaxPending, cfg.MaxMemory)
	}
	setDefault(&cfg.MaxPending, defaultMaxPending)
	if cfg.OnResolved == nil {
		cfg.OnResolved = func(any, Outcome) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("component", "ship")
	return nil
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
