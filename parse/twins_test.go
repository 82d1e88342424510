package parse

import (
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
