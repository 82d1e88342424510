package metrics

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestHealthy is healthy as long as there is progress.
func TestHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{began: time.Now()}
		healthy := func() bool { return s.healthy(time.Since(s.began)) }
		if !healthy() {
			t.Error("not healthy at the start")
		}
		time.Sleep(silence + time.Second)
		if healthy() {
			t.Error("healthy without progress")
		}
		s.Alive()
		time.Sleep(silence - time.Second)
		if !healthy() {
			t.Error("not healthy after progress")
		}
	})
}
