package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestHungUp: a payload may say that the client hung up, whichever record of the attempt
// comes first.
func TestHungUp(t *testing.T) {
	ana := asking{user: "ana@example.org", prompt: "ana's"}
	hungUp, plain := ana.ended("a", "for an", 0, 30), ana.ended("a", "for an", 0, 30)
	hungUp.Kind, hungUp.Call.HungUp = tailer.KindPayload, true
	for _, records := range [][]tailer.Record{{hungUp}, {ana.began("a", 0), plain, hungUp}, {ana.began("a", 0), hungUp, plain}} {
		want := []string{`a ana@example.org "for an" 0 "WARNING" []`}
		if got := brief(run(pair.New(pair.Config{}), records...)); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
