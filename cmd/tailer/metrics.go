package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/enrich"
	"tailer/internal/metrics"
	"tailer/internal/pipeline"
	"tailer/internal/spool"
)

func metricsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "metrics-listen", Usage: "`ADDRESS` of /metrics, /-/healthy and /-/ready, e.g. 127.0.0.1:9464; default: metrics.listen of the file, else none"},
	}
}

// meter shows what a daemon does. Nil shows nothing.
type meter struct {
	*metrics.Metrics
	server *metrics.Server
	mu     sync.Mutex
	logs   []*meteredLog  // guarded by mu
	spools []*spool.Spool // guarded by mu
}

// newMeter listens, if an address is configured.
func newMeter(listener config.Listener, sink *delivery, enricher *enrich.Enricher) (*meter, error) {
	if listener.Listen == "" {
		return nil, nil
	}
	token, err := secretFile("metrics.token_file", listener.TokenFile)
	if err != nil {
		return nil, err
	}
	m := &meter{Metrics: metrics.New(version)}
	m.Ask(metrics.Gauges{
		Delivery: func() metrics.Delivery { return deliveryGauges(sink) },
		Secrets:  func() int64 { return enricher.Counts().Secrets },
		Logs:     m.readings,
		Spool:    m.spooled,
	})
	m.server, err = metrics.Listen(listener.Listen, token, m.Metrics)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return m, nil
}

func deliveryGauges(sink *delivery) metrics.Delivery {
	stats := sink.Stats()
	d := metrics.Delivery{Duplicates: stats.Duplicates, Pending: stats.Pending, Bytes: stats.PendingBytes}
	for _, s := range sink.Sinks() {
		d.Duplicates += s.Had
		d.Sinks = append(d.Sinks, metrics.Sink{
			Name: s.Name, Sent: s.Delivered, Rejected: s.DeadLettered, Failures: s.Failures, Waiting: s.Waiting, Oldest: s.Oldest, Down: s.Down,
		})
	}
	return d
}

// ready says that logs are being followed and their places saved, or no more.
func (m *meter) ready(yes bool) {
	if m != nil {
		m.server.SetReady(yes)
	}
}

// alive says that there is progress.
func (m *meter) alive() {
	if m != nil {
		m.server.Alive()
	}
}

func (m *meter) close() error {
	if m == nil {
		return nil
	}
	return m.server.Close()
}

func (m *meter) readings() []metrics.Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	readings := make([]metrics.Reading, len(m.logs))
	for i, l := range m.logs {
		readings[i] = l.reading()
	}
	return readings
}

// spooled adds up what the spools of pipes hold, and what they had to drop.
func (m *meter) spooled() (size, dropped int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.spools {
		first, end := s.Bounds()
		size, dropped = size+end-first, dropped+s.Dropped()
	}
	return size, dropped
}

// keep looks at a spool from now on.
func (m *meter) keep(s *spool.Spool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spools = append(m.spools, s)
}

// watch puts the meter into the stages of one log.
func (m *meter) watch(name string, follow *pipeline.Follow) {
	if m == nil {
		return
	}
	log := &meteredLog{Following: follow.Source, name: name, lines: m.Log(name)}
	m.mu.Lock()
	// A partition may come back.
	m.logs = append(slices.DeleteFunc(m.logs, func(l *meteredLog) bool { return l.name == name }), log)
	m.mu.Unlock()
	follow.Source = log
	follow.Observe = func(r *tailer.Record) {
		m.Record(r)
		log.newest.Store(max(log.newest.Load(), r.Time.UnixNano()))
	}
	repeated := follow.Repeated
	follow.Repeated = func(at []tailer.Position) bool {
		yes := repeated(at)
		if yes {
			m.Repeated()
		}
		return yes
	}
	follow.Enrich = &meteredEnricher{follow.Enrich, m}
}

// forget shows a log no more.
func (m *meter) forget(name string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logs = slices.DeleteFunc(m.logs, func(l *meteredLog) bool { return l.name == name })
	m.Forget(name)
}

// meteredLog counts the lines of a log.
type meteredLog struct {
	pipeline.Following
	name   string
	lines  metrics.Log
	newest atomic.Int64 // time of the newest record, Unix ns; 0: none yet
}

// Next counts the line that it returns.
func (l *meteredLog) Next() (*tailer.Line, error) {
	line, err := l.Following.Next()
	if err == nil {
		l.lines.Lines(1+line.More, len(line.Bytes)+1)
	}
	return line, err
}

// reading asks the log how far it is read. Docker, journald and Kafka do not tell.
func (l *meteredLog) reading() metrics.Reading {
	r := metrics.Reading{Log: l.name}
	if at := l.newest.Load(); at > 0 {
		r.Newest = time.Unix(0, at)
	}
	if log, ok := l.Following.(interface{ Lag() int64 }); ok {
		r.Behind = log.Lag()
	}
	return r
}

// meteredEnricher counts requests.
type meteredEnricher struct {
	pipeline.Enricher
	meter *meter
}

// Enrich counts the request that it completes.
func (e *meteredEnricher) Enrich(x *tailer.Exchange) {
	e.Enricher.Enrich(x)
	e.meter.Exchange(x)
}
