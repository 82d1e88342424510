package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Delivery is what delivery counts of itself.
type Delivery struct {
	Sent       int64     // accepted by every sink, or by some: see there
	Rejected   int64     // dead-lettered
	Duplicates int64     // not sent: a sink had them already
	Pending    int64     // in the outbox
	Bytes      int64     // of the outbox
	Failures   int64     // requests to a sink that failed and were tried again
	Oldest     time.Time // when the oldest one in the outbox came; zero: the outbox is empty
}

// Reading is how far a log is read.
type Reading struct {
	Log    string
	Behind int64     // bytes that are there and not read
	Newest time.Time // of the newest record read; zero: none yet
}

// Gauges are asked at each scrape; nil ones are left out.
type Gauges struct {
	Delivery func() Delivery
	Logs     func() []Reading
	Secrets  func() int64 // pieces of text that were redacted
	Open     func() int64 // bytes on disk that wait to be read: the spool of pipes
}

// asked is a collector that asks.
type asked struct {
	mu       sync.Mutex
	gauges   Gauges // guarded by mu
	repeated atomic.Int64
	descs    map[string]*prometheus.Desc
}

func newAsked() *asked {
	a := &asked{descs: map[string]*prometheus.Desc{}}
	for name, help := range map[string]string{
		"sent_total":                      "Traces that were accepted.",
		"rejected_total":                  "Traces that a sink rejected; they are in the dead-letter file.",
		"duplicates_avoided_total":        "Traces not sent because they had been accepted before.",
		"send_failures_total":             "Requests to a sink that failed and were tried again.",
		"outbox_traces":                   "Traces that wait to be accepted.",
		"outbox_bytes":                    "Bytes of the traces that wait to be accepted.",
		"oldest_unsent_timestamp_seconds": "When the oldest trace that waits was made; 0: none waits.",
		"secrets_redacted_total":          "Pieces of text that were redacted.",
		"spool_bytes":                     "Bytes of pipes that were read and are not delivered.",
	} {
		a.descs[name] = prometheus.NewDesc(namespace+"_"+name, help, nil, nil)
	}
	for name, help := range map[string]string{
		"lag_bytes":   "Bytes of the log that are not read.",
		"lag_seconds": "Age of the newest record that was read, if more is there; 0: all is read.",
	} {
		a.descs[name] = prometheus.NewDesc(namespace+"_"+name, help, []string{"log"}, nil)
	}
	return a
}

// Ask sets whom to ask.
func (m *Metrics) Ask(g Gauges) {
	m.asked.mu.Lock()
	defer m.asked.mu.Unlock()
	m.asked.gauges = g
}

// Describe implements prometheus.Collector.
func (a *asked) Describe(out chan<- *prometheus.Desc) {
	for _, d := range a.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (a *asked) Collect(out chan<- prometheus.Metric) {
	a.mu.Lock()
	g := a.gauges
	a.mu.Unlock()
	now := time.Now()
	send := func(name string, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(a.descs[name], kind, value, labels...)
	}
	if g.Delivery != nil {
		d := g.Delivery()
		send("sent_total", prometheus.CounterValue, float64(d.Sent))
		send("rejected_total", prometheus.CounterValue, float64(d.Rejected))
		send("duplicates_avoided_total", prometheus.CounterValue, float64(d.Duplicates+a.repeated.Load()))
		send("send_failures_total", prometheus.CounterValue, float64(d.Failures))
		send("outbox_traces", prometheus.GaugeValue, float64(d.Pending))
		send("outbox_bytes", prometheus.GaugeValue, float64(d.Bytes))
		oldest := 0.0
		if !d.Oldest.IsZero() {
			oldest = float64(d.Oldest.UnixMilli()) / 1000
		}
		send("oldest_unsent_timestamp_seconds", prometheus.GaugeValue, oldest)
	}
	if g.Secrets != nil {
		send("secrets_redacted_total", prometheus.CounterValue, float64(g.Secrets()))
	}
	if g.Open != nil {
		send("spool_bytes", prometheus.GaugeValue, float64(g.Open()))
	}
	if g.Logs != nil {
		for _, r := range g.Logs() {
			send("lag_bytes", prometheus.GaugeValue, float64(r.Behind), r.Log)
			lag := 0.0
			if r.Behind > 0 {
				lag = age(r.Newest, now)
			}
			send("lag_seconds", prometheus.GaugeValue, lag, r.Log)
		}
	}
}
