package pair_test

import (
	"slices"
	"testing"
	"time"

	"tailer/internal/pair"
)

// TestLeftOut: a request whose record states impossible times began and ended with the
// records that tell of it.
func TestLeftOut(t *testing.T) {
	for name, test := range map[string]struct {
		start, end int // of the attempt, 0 if left out
		from, to   int
	}{
		"no end":             {start: 5, from: 0, to: 90},
		"no start":           {end: 80, from: 0, to: 80},
		"neither":            {from: 0, to: 90},
		"as it should be":    {start: 5, end: 80, from: 0, to: 80},
		"an earlier attempt": {start: -5, end: 80, from: -5, to: 80},
	} {
		t.Run(name, func(t *testing.T) {
			ana := asking{user: "ana@example.org", prompt: "ana's"}
			ended := ana.ended("a", "yes", test.start, test.end)
			if ended.Time = at(90); test.start == 0 {
				ended.Call.Start = time.Time{}
			}
			if test.end == 0 {
				ended.Call.End = time.Time{}
			}
			ended.Call.LeftOut = []string{"impossible time"}
			all := run(pair.New(pair.Config{}), append(ana.front(0), ended)...)
			if len(all) != 1 || !all[0].Start.Equal(at(test.from)) || !all[0].End.Equal(at(test.to)) || !slices.Equal(all[0].Incomplete, ended.Call.LeftOut) {
				t.Errorf("got %+v", all)
			}
		})
	}
}
