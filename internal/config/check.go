package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Check reports the first value that no one could use.
func (c *Config) Check() error {
	for i := range c.Sources {
		if err := c.Sources[i].check(); err != nil {
			return fmt.Errorf("sources, entry %d: %w", i+1, err)
		}
	}
	for i := range c.Sinks {
		if c.Sinks[i].To == "" {
			return fmt.Errorf("sinks, entry %d: `to` is missing: langfuse, file:PATH, otlp:URL, sqlite:PATH or -", i+1)
		}
	}
	if err := zone("timezone", c.Timezone); err != nil {
		return err
	}
	for _, choice := range []struct {
		key, value string
		of         []string
	}{
		{"langfuse.api", c.Langfuse.API, []string{"auto", "otlp", "ingestion"}},
		{"langfuse.mode", c.Langfuse.Mode, []string{"own", "upsert", "annotate", "auto"}},
		{"identity.mode", c.Identity.Mode, []string{"keep", "hash", "drop"}},
		{"privacy.content_secrets", c.Privacy.ContentSecrets, []string{"redact", "keep"}},
		{"limits.spool_full", c.Limits.SpoolFull, []string{"block", "drop-oldest"}},
		{"log.level", c.Log.Level, []string{"debug", "info", "warn", "error"}},
		{"log.format", c.Log.Format, []string{"text", "json"}},
	} {
		if !slices.Contains(choice.of, choice.value) {
			return fmt.Errorf("%s is %q; it may be %s", choice.key, choice.value, strings.Join(choice.of, ", "))
		}
	}
	for key, d := range map[string]Duration{
		"give_up": c.GiveUp, "langfuse.timeout": c.Langfuse.Timeout, "langfuse.visible_after": c.Langfuse.VisibleAfter, "delivery.flush_interval": c.Delivery.FlushInterval,
		"delivery.ledger_age": c.Delivery.LedgerAge,
	} {
		if d <= 0 {
			return fmt.Errorf("%s must be more than nothing, such as 10m", key)
		}
	}
	if c.Delivery.RetryFor < 0 {
		return errors.New("delivery.retry_for must not be negative; 0 means for ever")
	}
	if c.Delivery.LedgerEntries <= 0 {
		return errors.New("delivery.ledger_entries must be 1 or more")
	}
	for key, n := range map[string]Bytes{
		"limits.spool_bytes": c.Limits.SpoolBytes, "limits.outbox_bytes": c.Limits.OutboxBytes,
		"limits.line_bytes": c.Limits.LineBytes, "limits.store_bytes": c.Limits.StoreBytes,
	} {
		const least = 64 << 10
		if n < least {
			return fmt.Errorf("%s must be 64KiB or more", key)
		}
	}
	for key, l := range map[string]Listener{"metrics": c.Metrics, "view": c.View} {
		if _, _, err := net.SplitHostPort(l.Listen); l.Listen != "" && err != nil {
			return fmt.Errorf("%s.listen %q is not host:port", key, l.Listen)
		}
	}
	return nil
}

func (s *Source) check() error {
	kinds := 0
	for _, is := range []bool{s.File != "", s.Docker != "", s.Journald != "", s.Pipe != "", s.Stdin, s.Kafka != nil, s.HTTP != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return errors.New("exactly one of file, docker, journald, pipe, stdin, kafka and http is needed")
	case s.Socket != "" && s.Docker == "":
		return errors.New("socket is a setting of docker")
	case s.PodTags && s.File == "":
		return errors.New("pod_tags is a setting of file")
	case s.Start != "" && s.Start != StartBeginning && s.Start != StartEnd:
		return fmt.Errorf("start is %q; it may be %s, %s", s.Start, StartBeginning, StartEnd)
	}
	if s.Kafka != nil && (len(s.Kafka.Brokers) == 0 || len(s.Kafka.Topics) == 0) {
		return errors.New("kafka needs brokers and topics")
	}
	if s.HTTP != nil {
		if _, _, err := net.SplitHostPort(s.HTTP.Listen); err != nil {
			return fmt.Errorf("http.listen %q is not host:port", s.HTTP.Listen)
		}
	}
	return zone("timezone", s.Timezone)
}

func zone(key, name string) error {
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Errorf("%s %q is no zone such as Europe/Berlin", key, name)
	}
	return nil
}
