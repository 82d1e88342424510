package metrics

import (
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tailer"
)

// Metrics is what one process shows.
type Metrics struct {
	registry *prometheus.Registry

	lines, bytes                *prometheus.CounterVec // by log
	records                     *prometheus.CounterVec // by kind
	pairs                       *prometheus.CounterVec // by whether an answer is there
	incomplete, users, sessions *prometheus.CounterVec // by reason, by source
	dropped                     *prometheus.CounterVec // by rule
	asked                       *asked
}

// New returns metrics of which all counters are zero.
func New(version string) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		lines:      vec("lines_total", "Lines read.", "log"),
		bytes:      vec("read_bytes_total", "Bytes of the lines read, without what a container puts around them.", "log"),
		records:    vec("records_total", "Records of LiteLLM that say something about a request, by kind.", "kind"),
		pairs:      vec("pairs_total", "Requests rebuilt, by what is known of how they ended: answer, error or nothing.", "end"),
		incomplete: vec("incomplete_total", "Requests of which something is missing, by what it is.", "reason"),
		users:      vec("users_total", "Requests by where their user was found; none: nowhere.", "source"),
		sessions:   vec("sessions_total", "Requests by where their session was found; none: nowhere.", "source"),
		dropped:    vec("dropped_total", "Requests not to be delivered, by the rule that dropped them.", "rule"),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1."}, []string{"version", "goversion"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.asked = newAsked()
	m.registry.MustRegister(m.lines, m.bytes, m.records, m.pairs, m.incomplete, m.users, m.sessions, m.dropped, build, m.asked,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// What alert rules look at is there from the start.
	for _, end := range ends {
		m.pairs.WithLabelValues(end)
	}
	m.users.WithLabelValues(none)
	return m
}

const (
	namespace = "tailer"
	none      = "none"
	other     = "other"
)

// ends are the values of the label end.
var ends = []string{"answer", "error", "unknown"}

func vec(name, help, label string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
}

// Log returns what counts the lines of a log, to be kept: finding it takes longer
// than reading a line.
func (m *Metrics) Log(name string) Log {
	return Log{lines: m.lines.WithLabelValues(name), bytes: m.bytes.WithLabelValues(name)}
}

// Forget shows a log no more.
func (m *Metrics) Forget(name string) {
	m.lines.DeleteLabelValues(name)
	m.bytes.DeleteLabelValues(name)
}

// A Log counts lines. It is safe for concurrent use.
type Log struct{ lines, bytes prometheus.Counter }

// Lines counts some lines of so many bytes.
func (l Log) Lines(n, bytes int) {
	l.lines.Add(float64(n))
	l.bytes.Add(float64(bytes))
}

// Record counts a record.
func (m *Metrics) Record(r *tailer.Record) { m.records.WithLabelValues(r.Kind.String()).Inc() }

// Exchange counts an enriched request.
func (m *Metrics) Exchange(x *tailer.Exchange) {
	if x.Attribution.Dropped != "" {
		m.dropped.WithLabelValues(x.Attribution.Dropped).Inc()
		return
	}
	switch x.Level {
	case tailer.LevelError:
		m.pairs.WithLabelValues("error").Inc()
	case "":
		m.pairs.WithLabelValues("unknown").Inc()
	default:
		m.pairs.WithLabelValues("answer").Inc()
	}
	for _, reason := range x.Incomplete {
		m.incomplete.WithLabelValues(short(reason)).Inc()
	}
	m.users.WithLabelValues(source(x.Attribution.User, x.Attribution.UserSource)).Inc()
	m.sessions.WithLabelValues(source(x.Attribution.Session, x.Attribution.SessionSource)).Inc()
}

// Repeated counts a request that an earlier run has delivered.
func (m *Metrics) Repeated() { m.asked.repeated.Add(1) }

// short is the reason up to where it gets particular: "output ambiguous (…)".
func short(reason string) string {
	reason, _, _ = strings.Cut(reason, ":")
	reason, _, _ = strings.Cut(reason, "(")
	return strings.TrimSpace(reason)
}

// source is a source of attribution as it was configured. The header that a
// pattern matched is the client's choice, and no label.
func source(value, source string) string {
	if value == "" || source == "" {
		return none
	}
	if strings.HasPrefix(source, "header:x-") && strings.HasSuffix(source, "-session-id") && !known[source] {
		return other
	}
	return source
}

// known are the session headers that tailer knows by name.
var known = map[string]bool{
	"header:x-litellm-session-id": true, "header:x-openwebui-session-id": true, "header:x-claude-code-session-id": true,
	"header:x-amzn-bedrock-agentcore-runtime-session-id": true,
}

// age is how long ago t was, in seconds; 0 for a zero time or the future.
func age(t, now time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t).Seconds())
}
