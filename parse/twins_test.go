package parse

import (
	"fmt"
	"testing"
)

// TestTwins: a record that is written twice counts once, from the first one on, and
// one that is not equal is never taken for a twin, however long there were none.
func TestTwins(t *testing.T) {
	stamp := func(n int) []byte { return fmt.Appendf(nil, "2026-11-23T09:13:09.%06d", n) }
	tw := newTwins()
	for n := range 10 {
		if tw.seen([]byte("a record"), stamp(n)) != (n > 0) {
			t.Fatalf("record %d of a log with twins", n)
		}
	}
	for n := range 3 * singles {
		if tw.seen(fmt.Appendf(nil, "record %06d", n), stamp(n)) {
			t.Fatalf("record %d is like no other", n)
		}
	}
	if tw.seen([]byte("one text that is"), stamp(1)) || tw.seen([]byte("as long as other"), stamp(1)) {
		t.Fatal("records with one stamp and one size were taken for twins")
	}
	if tw.seen([]byte("from now on all "), stamp(2)) || !tw.seen([]byte("from now on all "), stamp(2)) {
		t.Fatal("a twin was not seen in a log that has some again")
	}
}
