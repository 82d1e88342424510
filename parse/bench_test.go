package parse_test

import (
	"bytes"
	"testing"
	"time"

	"tailer"
	"tailer/parse"
)

// BenchmarkFeed parses whole logs of real proxies.
func BenchmarkFeed(b *testing.B) {
	for _, log := range []struct{ version, variant string }{
		{"1.109.1", "json-detailed"}, {"1.98.1", "text-detailed"}, {"1.98.1", "json-standard-payload"},
	} {
		b.Run(log.version+"/"+log.variant, func(b *testing.B) {
			text := captured(b, log.version, log.variant)
			lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				p := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC, Date: day}))
				records := 0
				for _, line := range lines {
					records += len(p.Feed(&tailer.Line{Bytes: line}))
				}
				if records+len(p.Flush()) == 0 {
					b.Fatal("no record")
				}
			}
		})
	}
}
