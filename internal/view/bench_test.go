package view

import (
	"net/http"
	"testing"
	"time"

	"tailer/internal/report"
	"tailer/ship/otlp"
)

// BenchmarkPages asks a store of 100,000 requests for its pages.
func BenchmarkPages(b *testing.B) {
	path := fill(b, 100_000)
	server := start(b, Config{Store: path})
	one := opening.FindStringSubmatch(get(b, server.Client(), server.URL+"/requests", nil).text)[1]
	for name, address := range map[string]string{
		"report": "/?range=30d", "report of all": "/?range=all", "newest": "/requests", "one": one,
		"deep": "/requests?before=1760000000000000000_99999", "user": "/requests?user=person7%40example.org", "session": "/requests?session=chat-77",
		"error": "/requests?status=error", "rare word": "/requests?q=place77777", "common words": "/requests?q=tides+moon",
		"common words of one user": "/requests?q=tides+moon&user=person7%40example.org", "nothing": "/requests?q=mountain", "model": "/requests?model=none",
	} {
		b.Run(name, func(b *testing.B) {
			worst := time.Duration(0)
			for b.Loop() {
				began := time.Now()
				if got := get(b, server.Client(), server.URL+address, nil); got.status != http.StatusOK {
					b.Fatal(got.status)
				}
				worst = max(worst, time.Since(began))
			}
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
		for b.Loop() {
			r := report.New(report.Config{Distinct: true})
			if err := reader.Summaries(b.Context(), time.Time{}, func(x *otlp.Summary) { r.Add(x) }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
