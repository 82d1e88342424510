package pipeline

import (
	"testing"
	"time"
)

// TestRest rests once for each time that something was done, and not too often.
func TestRest(t *testing.T) {
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var r rest
	for _, step := range []struct {
		at    int // seconds
		moved int64
		want  bool
	}{
		{0, 0, false}, {1, 0, true}, {2, 0, false}, {60, 0, false},
		{61, 5, false}, {62, 6, false}, {63, 6, true}, {64, 6, false},
		{66, 7, false}, {68, 7, false}, {92, 7, false}, {93, 7, true}, {100, 7, false},
	} {
		if got := r.due(step.moved, begin.Add(time.Duration(step.at)*time.Second)); got != step.want {
			t.Errorf("after %d s: %v", step.at, got)
		}
	}
}
