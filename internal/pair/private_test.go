package pair_test

import (
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestPrivate: where the operator has turned message logging off, what is put together of
// records that say nothing of it is private too.
func TestPrivate(t *testing.T) {
	said := with(ana.ended("a", "", 0, 50), func(r *tailer.Record) { r.Call.Private = true })
	for _, x := range run(pair.New(pair.Config{}), append([]tailer.Record{said}, slices.Concat(bob.front(100), []tailer.Record{bob.began("b", 101), answered("for bob", 150)})...)...) {
		if !x.Private {
			t.Errorf("%s is not private", x.CallID)
		}
	}
}
