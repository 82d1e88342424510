//go:build unix

package view

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"tailer/internal/report"
	"tailer/ship/otlp"
)

// cpu is the time that this process, client and server, has computed.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkPages asks a store of 100,000 requests for its pages.
func BenchmarkPages(b *testing.B) {
	path := fill(b, 100_000)
	server := start(b, Config{Store: path})
	get(b, server.Client(), server.URL+"/", nil) // adds up
	one := opening.FindStringSubmatch(get(b, server.Client(), server.URL+"/requests", nil).text)[1]
	for name, address := range map[string]string{
		"report": "/?range=30d", "report of all": "/?range=all", "newest": "/requests", "one": one,
		"deep": "/requests?before=1760000000000000000_99999", "user": "/requests?user=person7%40example.org", "session": "/requests?session=chat-77",
		"error": "/requests?status=error", "rare word": "/requests?q=place77777", "common words": "/requests?q=tides+moon",
		"common words of one user": "/requests?q=tides+moon&user=person7%40example.org", "nothing": "/requests?q=mountain", "model": "/requests?model=none",
	} {
		b.Run(name, func(b *testing.B) {
			worst, used, n := time.Duration(0), cpu(b), 0
			for b.Loop() {
				began := time.Now()
				if got := get(b, server.Client(), server.URL+address, nil); got.status != http.StatusOK {
					b.Fatal(got.status)
				}
				worst = max(worst, time.Since(began))
				n++
			}
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/float64(n), "ms-cpu")
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
		})
	}
	b.Run("adding up", func(b *testing.B) {
		s := &store{path: path}
		defer s.close()
		reader, err := s.open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		used, n := cpu(b), 0
		for b.Loop() {
			n++
			r := report.New(report.Config{Distinct: true})
			if err := reader.Summaries(b.Context(), time.Time{}, func(x *otlp.Summary) { r.Add(x) }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/float64(n), "ms-cpu")
	})
}
