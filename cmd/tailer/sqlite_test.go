package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
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

// storeTotals adds up a store.
func storeTotals(t *testing.T, path string) (sum totals) {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := reader.Summaries(t.Context(), time.Time{}, func(s *otlp.Summary) {
		sum.requests++
		sum.tokens += s.Usage.Total
		sum.cost += s.Cost
	}); err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestStoreSurvivesKill kills the program while it fills a store. The store is
// sound, and a second run brings in what is missing, and nothing twice.
func TestStoreSurvivesKill(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	want := spanTotals(t, c.backfill(t, c.log("proxy.log")))
	text := c.text(t, "proxy.log")
	for _, part := range []int{3, 7} { // eighths of the log, before the kill
		dir := t.TempDir()
		path := filepath.Join(dir, "traces.db")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		args := append([]string{"backfill", "--to", "sqlite:" + path}, c.flags()...)
		cmd := exec.CommandContext(ctx, binary, append(args, "-")...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(text[:len(text)*part/8]); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, as asked
		command{args: append(args, c.log("proxy.log"))}.succeed(t)
		got := storeTotals(t, path)
		if want := (totals{requests: want.requests, tokens: want.tokens, cost: want.cost}); !got.near(want) {
			t.Errorf("killed after %d/8: store %+v, spans %+v", part, got, want)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		var verdict string
		if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("integrity: %q, %v", verdict, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoreHoldsNoSecrets looks for planted secrets in all that a store gives back
// and in the bytes of its file.
func TestStoreHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	text, secrets := plant(c.text(t, "proxy.log"))
	dir := t.TempDir()
	path := filepath.Join(dir, "traces.db")
	log := writeFile(t, filepath.Join(dir, "proxy.log"), text)
	args := append([]string{"backfill", "--to", "sqlite:" + path}, c.flags()...)
	command{args: append(args, log), env: map[string]string{"LITELLM_MASTER_KEY": masterKey, "LANGFUSE_SECRET_KEY": langfuseKey}}.succeed(t)
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	page, err := reader.List(t.Context(), sqlite.Filter{}, sqlite.Cursor{}, 1000)
	if err != nil || len(page.Entries) == 0 {
		t.Fatalf("%d requests, %v", len(page.Entries), err)
	}
	var all bytes.Buffer
	for i := range page.Entries {
		e := &page.Entries[i]
		spans, err := reader.Get(t.Context(), e.TraceID, e.SpanID)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := otlp.PayloadOf(spans)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%+v\n%s", e, otlp.AppendLine(nil, payload))
	}
	for _, secret := range leaked(all.String()+string(readFile(t, path)), secrets) {
		t.Errorf("the store holds %q", secret)
	}
	if !strings.Contains(all.String(), "[redacted]") {
		t.Error("no mark in the store")
	}
}
