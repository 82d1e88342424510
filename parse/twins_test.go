package parse

import (
	"fmt"
	"testing"

	"tailer"
)

// LiteLLM 1.65 writes each JSON record twice, with the same stamp.
func TestRecordsWrittenTwice(t *testing.T) {
	record := func(message, stamp string) string {
		return `{"message": "` + message + `", "level": "DEBUG", "timestamp": "` + stamp + `"}`
	}
	const piece = "model_response.choices[0].delta: Delta(content='no ', role=None)"
	const user = `found user \"a@example.com\" in header \"X-OpenWebUI-User-Email\"`
	tests := []struct {
		name  string
		lines []string
		want  int
	}{
		{"twice", []string{record(piece, "2026-11-23T09:13:09.058163"), record(piece, "2026-11-23T09:13:09.058163")}, 1},
		{"another between", []string{record(piece, "2026-11-23T09:13:09.058163"), record(user, "2026-11-23T09:13:09.058164"),
			record(piece, "2026-11-23T09:13:09.058163"), record(user, "2026-11-23T09:13:09.058164")}, 2},
		{"a word said twice", []string{record(piece, "2026-11-23T09:13:09.058163"), record(piece, "2026-11-23T09:13:09.058199")}, 2},
		{"no fraction", []string{record(piece, "2026-11-23T09:13:09"), record(piece, "2026-11-23T09:13:09")}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(NewClock(ClockConfig{}))
			got := 0
			for _, line := range tt.lines {
				got += len(p.Feed(&tailer.Line{Bytes: []byte(line)}))
			}
			if got += len(p.Flush()); got != tt.want {
				t.Errorf("%d records, want %d", got, tt.want)
			}
		})
	}
}

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
