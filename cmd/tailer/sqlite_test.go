package main_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer/ship/otlp"
	"tailer/ship/sqlite"
)

// TestStore fills the embedded store twice from one log: it then holds what the
// spans of that log say, once.
func TestStore(t *testing.T) {
	c := openCapture(t, "1.109.1/json-detailed")
	want := spanTotals(t, c.backfill(t, c.log("proxy.log")))
	path := filepath.Join(t.TempDir(), "traces.db")
	for range 2 {
		args := append([]string{"backfill", "--to", "sqlite:" + path}, c.flags()...)
		r := command{args: append(args, c.log("proxy.log"))}.succeed(t)
		if !strings.Contains(r.stderr, "delivered to sqlite:") {
			t.Errorf("stderr %q", r.stderr)
		}
	}
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	var got totals
	if err := reader.Summaries(t.Context(), time.Time{}, func(s *otlp.Summary) {
		got.requests++
		got.tokens += s.Usage.Total
		got.cost += s.Cost
	}); err != nil {
		t.Fatal(err)
	}
	want = totals{requests: want.requests, tokens: want.tokens, cost: want.cost}
	if !got.near(want) || got.requests == 0 {
		t.Errorf("store %+v, spans %+v", got, want)
	}
	command{args: []string{"backfill", "--to", "sqlite:", c.log("proxy.log")}}.exit(t, 2)
	command{args: []string{"backfill", "--to", "sqlite:" + filepath.Join(t.TempDir(), "no", "folder"), c.log("proxy.log")}}.exit(t, 1)
}
