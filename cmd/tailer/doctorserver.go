package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tailer/internal/config"
	"tailer/internal/doctor"
	"tailer/ship/langfuse"
)

// server asks Langfuse, unless nothing says that it is to be used.
func (d *consultation) server(ctx context.Context) error {
	cfg := &d.o.langfuse
	mode := "own"
	if d.config != nil {
		mode = d.config.Langfuse.Mode
		if err := underneath(cfg, &d.config.Langfuse); err != nil {
			return usagef("%v", err)
		}
	}
	hasKeys := cfg.PublicKey != "" && cfg.SecretKey != ""
	switch {
	case d.offline:
		d.report.Server = "not asked (--offline)"
		return nil
	case !hasKeys && d.config != nil && sendsToLangfuse(d.config.Sinks):
		d.report.Add([]doctor.Finding{doctor.NoKeys("configuration")})
		return nil
	case !hasKeys:
		d.report.Server = "not asked, for no keys are set; a service's are in files: --env-file, LANGFUSE_SECRET_KEY_FILE"
		return nil
	}
	reader, err := langfuse.NewReader(*cfg)
	if err != nil {
		return usagef("%v", err)
	}
	defer reader.Close()
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seen := doctor.Server{Host: cfg.BaseURL, API: cfg.API, Mode: mode}
	if seen.Host == "" {
		seen.Host = langfuse.DefaultBaseURL
	}
	d.report.Server = seen.Host + " was asked"
	first, last := d.report.Range()
	d.ask(ctx, reader, &seen, last)
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	d.report.Add(seen.Findings(first, time.Now()))
	return nil
}

// ask fills in what the server tells. What it does not tell stays unknown.
func (d *consultation) ask(ctx context.Context, reader *langfuse.Reader, seen *doctor.Server, last time.Time) {
	health, err := reader.Health(ctx)
	if seen.Version = health.Version; err != nil && health.Version == "" {
		seen.Unreachable = err
		return
	}
	project, err := reader.Project(ctx)
	switch {
	case langfuse.Refused(err):
		seen.KeysRefused = true
		return
	case err != nil:
		seen.Unreachable = err
		return
	}
	seen.RetentionDays = project.RetentionDays
	if written, err := reader.Mode(ctx); err == nil {
		seen.EventsOnly = written == langfuse.EventsOnly
	}
	if !last.IsZero() {
		seen.Twice = twice(ctx, reader, last)
	}
}

// errEnough ends the reading of a server.
var errEnough = errors.New("enough was read")

// twice counts the calls of the last hour before last that both LiteLLM and
// tailer have written.
func twice(ctx context.Context, reader *langfuse.Reader, last time.Time) int {
	const most = 5000
	ours, theirs, read := map[string]bool{}, map[string]bool{}, 0
	err := reader.Between(ctx, last.Add(-time.Hour), last.Add(time.Second), func(o *langfuse.Observation) error {
		if read++; read > most {
			return errEnough
		}
		switch {
		case o.CallID == "":
		case o.ByTailer:
			ours[o.CallID] = true
		case o.Type == "GENERATION": // all that LiteLLM writes; tailer's attempts are spans without a mark
			theirs[o.CallID] = true
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return 0 // an old server, or one that shows nothing: nothing is known
	}
	n := 0
	for id := range ours {
		if theirs[id] {
			n++
		}
	}
	return n
}

// underneath takes from the configuration what the environment does not say.
func underneath(cfg *langfuse.Config, file *config.Langfuse) error {
	for _, setting := range []struct {
		to   *string
		from string
	}{{&cfg.BaseURL, file.BaseURL}, {&cfg.PublicKey, file.PublicKey}, {&cfg.Environment, file.Environment}, {&cfg.API, file.API}} {
		if *setting.to == "" {
			*setting.to = setting.from
		}
	}
	if cfg.SecretKey == "" && file.SecretKeyFile != "" {
		text, err := os.ReadFile(file.SecretKeyFile)
		if err != nil {
			return fmt.Errorf("read langfuse.secret_key_file: %w", err)
		}
		cfg.SecretKey = langfuse.Secret(strings.TrimSpace(string(text)))
	}
	return nil
}

// sendsToLangfuse reports whether a sink is Langfuse by its name.
func sendsToLangfuse(sinks []config.Sink) bool {
	for i := range sinks {
		if sinks[i].To == "langfuse" {
			return true
		}
	}
	return false
}
