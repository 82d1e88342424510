package ship

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Outcome is how an item was resolved.
type Outcome uint8

// The outcomes.
const (
	Delivered    Outcome = iota // the sink has it
	DeadLettered                // the dead-letter file has it
)

func (o Outcome) String() string {
	if o == DeadLettered {
		return "dead-lettered"
	}
	return "delivered"
}

const (
	defaultMaxBytes    = 2_500_000 // what Langfuse's own SDK v2 keeps to
	defaultMaxSpans    = 500
	defaultInitialWait = 500 * time.Millisecond
	defaultMaxWait     = time.Minute
)

// Config tells a Shipper its limits and whom to tell.
type Config struct {
	DeadLetters *DeadLetters           // where refused items go; required
	OnResolved  func([]*Item, Outcome) // called on the goroutine of Deliver or Flush; nil: nobody
	Logger      *slog.Logger           // nil: silent
	MaxBytes    int                    // of the payloads of one batch; 0: 2,500,000. One larger item goes alone
	MaxSpans    int                    // of one batch; 0: 500
	MaxElapsed  time.Duration          // a batch is tried for so long; 0: for ever
	InitialWait time.Duration          // before the second try, doubled for each one more; 0: 500 ms
	MaxWait     time.Duration          // between two tries, if the server does not ask for more; 0: 1 min
}

// Stats counts items since the start. Every item is in exactly one of the first
// three.
type Stats struct {
	Delivered, DeadLettered, Pending int64
	Failures                         int64 // requests that failed and were tried again
}

// Shipper sends items in batches, in the order in which they came. It must not
// be used concurrently.
type Shipper struct {
	sink    Sink
	cfg     Config
	logger  *slog.Logger
	pending []*Item
	stats   Stats
	outage  outage
}

// New returns a Shipper that sends to sink.
func New(sink Sink, cfg Config) (*Shipper, error) {
	if sink == nil || cfg.DeadLetters == nil {
		return nil, errors.New("shipper needs a sink and a dead-letter file")
	}
	if cfg.MaxBytes < 0 || cfg.MaxSpans < 0 || cfg.MaxElapsed < 0 || cfg.InitialWait < 0 || cfg.MaxWait < 0 {
		return nil, errors.New("shipper limits must not be negative")
	}
	setDefault(&cfg.MaxBytes, defaultMaxBytes)
	setDefault(&cfg.MaxSpans, defaultMaxSpans)
	setDefault(&cfg.InitialWait, defaultInitialWait)
	setDefault(&cfg.MaxWait, max(defaultMaxWait, cfg.InitialWait))
	if cfg.OnResolved == nil {
		cfg.OnResolved = func([]*Item, Outcome) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	logger := cfg.Logger.With("component", "ship")
	return &Shipper{sink: sink, cfg: cfg, logger: logger, outage: outage{logger: logger}}, nil
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Deliver takes item, and sends a batch when one is full. It waits as long as
// the sink does not take that batch: see Config.MaxElapsed.
//
// The item is taken in any case. An error says that a batch could not be sent:
// the context's, ErrKeysRefused, ErrGaveUp, or that of a sink or of the
// dead-letter file that cannot go on. All unresolved items stay pending, and the
// next Deliver or Flush tries again; a caller that cannot help had better stop.
func (s *Shipper) Deliver(ctx context.Context, item *Item) error {
	s.pending = append(s.pending, item)
	for s.headLength() < len(s.pending) || s.full() {
		if err := s.push(ctx, s.pending[:s.headLength()]); err != nil {
			return fmt.Errorf("deliver %d exchanges: %w", len(s.pending), err)
		}
	}
	return nil
}

// Flush sends all that is pending, in batches, and flushes the sink. Its errors
// are those of Deliver.
func (s *Shipper) Flush(ctx context.Context) error {
	for len(s.pending) > 0 {
		if err := s.push(ctx, s.pending[:s.headLength()]); err != nil {
			return fmt.Errorf("flush %d exchanges: %w", len(s.pending), err)
		}
	}
	if err := s.sink.Flush(ctx); err != nil {
		return fmt.Errorf("flush sink: %w", err)
	}
	return nil
}

// Stats returns the counts so far.
func (s *Shipper) Stats() Stats {
	stats := s.stats
	stats.Pending = int64(len(s.pending))
	return stats
}

// headLength is how many of the pending items make the next batch.
func (s *Shipper) headLength() int {
	bytes, spans := 0, 0
	for n, item := range s.pending {
		bytes += len(item.payload)
		spans += item.spanCount()
		if n > 0 && (bytes > s.cfg.MaxBytes || spans > s.cfg.MaxSpans) {
			return n
		}
	}
	return len(s.pending)
}

// full tells whether the pending items, which fit one batch, fill it.
func (s *Shipper) full() bool {
	bytes, spans := 0, 0
	for _, item := range s.pending {
		bytes += len(item.payload)
		spans += item.spanCount()
	}
	return bytes >= s.cfg.MaxBytes || spans >= s.cfg.MaxSpans
}

// push resolves items or says why it cannot. A request that is refused or too
// large is halved until the guilty items stand alone.
func (s *Shipper) push(ctx context.Context, items []*Item) error {
	items = slices.Clone(items) // settling moves the pending ones
	left, err := s.send(ctx, items)
	var failure *SendError
	if !errors.As(err, &failure) || (failure.Class != Refused && failure.Class != TooLarge) {
		return err
	}
	if len(left) == 1 {
		return s.bury(left[0], failure)
	}
	half := len(left) / 2
	if err := s.push(ctx, left[:half]); err != nil {
		return err
	}
	return s.push(ctx, left[half:])
}

// send tries until the sink takes items or time cannot help. It returns the
// items that are not resolved, none if the error is nil.
func (s *Shipper) send(ctx context.Context, items []*Item) ([]*Item, error) {
	wait := &patience{ExponentialBackOff: backoff.NewExponentialBackOff()}
	wait.InitialInterval, wait.MaxInterval, wait.Multiplier = s.cfg.InitialWait, s.cfg.MaxWait, 2
	try := func() (struct{}, error) {
		var err error
		items, err = s.try(ctx, items)
		var failure *SendError
		if errors.As(err, &failure) && failure.Class == Transient {
			wait.atLeast = failure.RetryAfter
			s.stats.Failures++
			return struct{}{}, err
		}
		if err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, nil
	}
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(wait),
		backoff.WithMaxElapsedTime(s.cfg.MaxElapsed), backoff.WithNotify(s.outage.failed))
	var failure *SendError
	switch {
	case err == nil:
		s.outage.over()
	case errors.As(err, &failure) && failure.Class == Transient:
		return items, fmt.Errorf("%w: %w", ErrGaveUp, err)
	}
	return items, err
}

// try sends once and resolves what can be. It returns the rest with the reason.
func (s *Shipper) try(ctx context.Context, items []*Item) ([]*Item, error) {
	err := s.sink.Send(ctx, items)
	var partial *PartialError
	if err != nil && !errors.As(err, &partial) {
		return items, err
	}
	if partial == nil {
		partial = &PartialError{}
	}
	var delivered, refused, rest []*Item
	var reason error
	for _, item := range items {
		switch failure := partial.Failed[item]; {
		case failure == nil:
			delivered = append(delivered, item)
		case failure.Class == Transient:
			rest, reason = append(rest, item), failure
		default:
			refused = append(refused, item)
		}
	}
	s.settle(delivered, Delivered)
	for i, item := range refused {
		if err := s.bury(item, partial.Failed[item]); err != nil {
			return append(rest, refused[i:]...), err
		}
	}
	return rest, reason
}

// bury writes item to the dead letters and resolves it.
func (s *Shipper) bury(item *Item, failure *SendError) error {
	if err := s.cfg.DeadLetters.Add(item, failure); err != nil {
		return err
	}
	level := slog.LevelWarn
	if s.stats.DeadLettered > 0 { // one voice is enough; the count tells the rest
		level = slog.LevelDebug
	}
	s.logger.Log(context.Background(), level, "exchange refused and dead-lettered", "trace_id", item.TraceID(),
		"status", failure.Status, "err", failure.Err, "path", s.cfg.DeadLetters.Path())
	s.settle([]*Item{item}, DeadLettered)
	return nil
}

func (s *Shipper) settle(items []*Item, outcome Outcome) {
	if len(items) == 0 {
		return
	}
	done := make(map[*Item]bool, len(items))
	for _, item := range items {
		done[item] = true
	}
	s.pending = slices.DeleteFunc(s.pending, func(item *Item) bool { return done[item] })
	if outcome == DeadLettered {
		s.stats.DeadLettered += int64(len(items))
	} else {
		s.stats.Delivered += int64(len(items))
	}
	s.cfg.OnResolved(items, outcome)
}
