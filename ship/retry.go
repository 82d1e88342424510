package ship

import (
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// patience is exponential back-off with jitter.
type patience struct{ *backoff.ExponentialBackOff }

func newPatience(cfg *Config) patience {
	p := patience{backoff.NewExponentialBackOff()}
	p.InitialInterval, p.MaxInterval, p.Multiplier = cfg.InitialWait, cfg.MaxWait, 2
	p.Reset()
	return p
}

// outage makes many failures in a row two log lines: the first, and the end.
type outage struct {
	logger   *slog.Logger
	failures int
	since    time.Time
	moved    time.Time // when something got through nevertheless
	last     error
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
	o.last = err
	say("delivery failed, will try again", "attempt", o.failures, "status", status, "err", err, "wait_ms", wait.Milliseconds())
}

// lasts is for how long nothing got through, 0 when there was no failure.
func (o *outage) lasts() time.Duration {
	if o.failures == 0 {
		return 0
	}
	if o.moved.After(o.since) {
		return time.Since(o.moved)
	}
	return time.Since(o.since)
}

// progress notes that something got through.
func (o *outage) progress() { o.moved = time.Now() }

func (o *outage) over() {
	if o.failures == 0 {
		return
	}
	o.logger.Info("delivery recovered", "failures", o.failures, "outage_ms", time.Since(o.since).Milliseconds())
	o.failures, o.last = 0, nil
}
