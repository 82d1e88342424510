package ship

import (
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// patience is exponential back-off with jitter that never waits less than the
// server asked for.
type patience struct {
	*backoff.ExponentialBackOff
	atLeast time.Duration // of the next wait only
}

// NextBackOff is the time to wait before the next try.
func (p *patience) NextBackOff() time.Duration {
	wait := max(p.ExponentialBackOff.NextBackOff(), p.atLeast)
	p.atLeast = 0
	return wait
}

// outage makes many failures in a row two log lines: the first, and the end.
type outage struct {
	logger   *slog.Logger
	failures int
	since    time.Time
}

func (o *outage) failed(err error, wait time.Duration) {
	o.failures++
	say := o.logger.Debug
	if o.failures == 1 {
		o.since = time.Now()
		say = o.logger.Warn
	}
	status := 0
	var failure *SendError
	if errors.As(err, &failure) {
		status, err = failure.Status, failure.Err
	}
	say("delivery failed, will try again", "attempt", o.failures, "status", status, "err", err, "wait_ms", wait.Milliseconds())
}

func (o *outage) over() {
	if o.failures == 0 {
		return
	}
	o.logger.Info("delivery recovered", "failures", o.failures, "outage_ms", time.Since(o.since).Milliseconds())
	o.failures = 0
}
