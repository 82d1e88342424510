package pair_test

import (
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// TestSuspectTime: a record that may be somebody's text does not move the log's time on,
// which would end what is under way.
func TestSuspectTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 16, 1, 0, time.UTC)
	table := pair.New(pair.Config{})
	table.Add(&tailer.Record{Kind: tailer.KindArguments, Time: at, CallID: "7a9abb74-2934-421c-9b75-b288ee722fb7", Function: "acompletion"})
	made := tailer.Record{Kind: tailer.KindAttempt, Time: at.Add(24 * time.Hour), Suspect: true}
	if out := table.Add(&made); len(out) > 0 || !table.Now().Equal(at) {
		t.Errorf("%d exchanges at %v, want none at %v", len(out), table.Now(), at)
	}
}
