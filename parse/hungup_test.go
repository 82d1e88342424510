package parse_test

import "testing"

// TestHungUp: a payload of a stream whose client hung up states a success, and beside it
// an error that says so (1.98 and later).
func TestHungUp(t *testing.T) {
	for _, version := range []string{"1.98.1", "1.109.1"} {
		hungUp, payloads := 0, 0
		for _, r := range feed(string(captured(t, version, "json-standard-payload"))).records {
			if r.Call.End.IsZero() {
				continue
			}
			payloads++
			if r.Call.HungUp {
				hungUp++
			}
		}
		want := map[string]int{"1.98.1": 1, "1.109.1": 2}[version] // as many as say so
		if hungUp != want || payloads <= want {
			t.Errorf("%s: %d of %d hung up, want %d", version, hungUp, payloads, want)
		}
	}
}
