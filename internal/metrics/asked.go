package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Delivery is what delivery counts of itself.
type Delivery struct {
	Duplicates int64 // not sent: every sink had them already
	Pending    int64 // in the outbox
	Bytes      int64 // of the outbox
	Sinks      []Sink
}

// Sink is what delivery counts of one sink.
type Sink struct {
	Name     string    // as configured
	Sent     int64     // accepted
	Rejected int64     // dead-lettered
	Failures int64     // requests that failed and were tried again
	Waiting  int64     // traces that it has not got
	Oldest   time.Time // when the oldest of them was made; zero: none
	Down     bool      // the last request failed
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
	Secrets  func() int64                 // pieces of text that were redacted
	Spool    func() (size, dropped int64) // bytes of pipes, on disk and lost
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
		"duplicates_avoided_total":  "Traces not sent because they had been accepted before.",
		"outbox_traces":             "Traces that wait to be accepted by every sink.",
		"outbox_bytes":              "Bytes of the traces that wait to be accepted by every sink.",
		"secrets_redacted_total":    "Pieces of text that were redacted.",
		"spool_bytes":               "Bytes of pipes that were read and are not delivered.",
		"spool_dropped_bytes_total": "Bytes of pipes that were lost because the spool was full.",
	} {
		a.descs[name] = prometheus.NewDesc(namespace+"_"+name, help, nil, nil)
	}
	for name, help := range map[string]string{
		"sent_total":                      "Traces that the sink has accepted.",
		"rejected_total":                  "Traces that the sink has rejected; they are in the dead-letter file.",
		"send_failures_total":             "Requests to the sink that failed and were tried again.",
		"unsent_traces":                   "Traces that the sink has not got.",
		"oldest_unsent_timestamp_seconds": "When the oldest trace that the sink has not got was made; 0: it has all.",
		"sink_up":                         "1 if the last request to the sink did not fail.",
	} {
		a.descs[name] = prometheus.NewDesc(namespace+"_"+name, help, []string{"sink"}, nil)
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
		send("duplicates_avoided_total", prometheus.CounterValue, float64(d.Duplicates+a.repeated.Load()))
		send("outbox_traces", prometheus.GaugeValue, float64(d.Pending))
		send("outbox_bytes", prometheus.GaugeValue, float64(d.Bytes))
		for i := range d.Sinks {
			s := &d.Sinks[i]
			send("sent_total", prometheus.CounterValue, float64(s.Sent), s.Name)
			send("rejected_total", prometheus.CounterValue, float64(s.Rejected), s.Name)
			send("send_failures_total", prometheus.CounterValue, float64(s.Failures), s.Name)
			send("unsent_traces", prometheus.GaugeValue, float64(s.Waiting), s.Name)
			oldest, up := 0.0, 1.0
			if !s.Oldest.IsZero() {
				oldest = float64(s.Oldest.UnixMilli()) / 1000
			}
			if s.Down {
				up = 0
			}
			send("oldest_unsent_timestamp_seconds", prometheus.GaugeValue, oldest, s.Name)
			send("sink_up", prometheus.GaugeValue, up, s.Name)
		}
	}
	if g.Secrets != nil {
		send("secrets_redacted_total", prometheus.CounterValue, float64(g.Secrets()))
	}
	if g.Spool != nil {
		size, dropped := g.Spool()
		send("spool_bytes", prometheus.GaugeValue, float64(size))
		send("spool_dropped_bytes_total", prometheus.CounterValue, float64(dropped))
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
