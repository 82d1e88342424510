package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
	"tailer/internal/disk"
	"tailer/internal/spool"
	"tailer/ship/ledger"
)

// backfillOnly are the flags that make no sense for logs that go on.
var backfillOnly = []string{"dry-run", "since", "until", "json"}

func runFlags() []cli.Flag {
	flags := slices.DeleteFunc(backfillFlags(), func(f cli.Flag) bool { return f.Names()[0] == "state" || slices.Contains(backfillOnly, f.Names()[0]) })
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.DurationFlag:
			if f.Name == "retry-for" {
				f.DefaultText = "for ever"
			}
		case *cli.StringFlag:
			if f.Name == "dead-letters" {
				f.DefaultText = f.Value + " in the state folder"
			}
		case *cli.StringSliceFlag:
			if f.Name == "to" {
				f.Usage = "`SINK`, may be repeated: langfuse, otlp:URL, sqlite:PATH (for tailer view), file:PATH, - (stdout); default langfuse if keys are set, else sqlite:" + defaultStore + " in the state folder"
			}
		}
	}
	flags = append(append(flags, stateFlags()...), metricsFlags()...)
	return append(flags, &cli.StringFlag{Name: "view-listen", Usage: "`ADDRESS` of the viewer of the store, e.g. " + defaultListen + "; default: view.listen of the file, else none"})
}

// stateFlags are those of commands that know what the daemon keeps.
func stateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "configuration `FILE`; flags and environment win", EnvVars: []string{"TAILER_CONFIG"}},
		&cli.StringFlag{Name: "state", Usage: "`FOLDER` of checkpoint and spool; default: $STATE_DIRECTORY, $XDG_STATE_HOME/tailer or ~/.local/state/tailer"},
		&cli.DurationFlag{Name: "flush-interval", DefaultText: "1s", Usage: "how long a trace may wait for others to be sent with it"},
	}
}

// runOptions are the options of a daemon: flags, environment and file, checked.
type runOptions struct {
	*options
	sources []config.Source
	maxLine int
	limits  config.Limits
	metrics config.Listener
	view    config.Listener
}

// readConfig reads the configuration file, if there is one.
func readConfig(c *cli.Context) (config.Config, error) {
	path := c.String("config")
	if path == "" {
		return config.Default(), nil
	}
	cfg, err := config.Load(path)
	if err != nil {
		return cfg, usagef("%v", err)
	}
	return cfg, nil
}

func readRunOptions(c *cli.Context) (*runOptions, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return nil, err
	}
	if !c.Args().Present() && len(cfg.Sources) == 0 {
		return nil, usagef("no log given; try: tailer run /var/log/litellm/proxy.log, or name sources in the file of --config")
	}
	base, err := readFollowOptions(c, &cfg)
	if err != nil {
		return nil, err
	}
	o := &runOptions{options: base, sources: cfg.Sources, maxLine: int(cfg.Limits.LineBytes), limits: cfg.Limits, metrics: cfg.Metrics, view: cfg.View}
	if c.IsSet("metrics-listen") {
		o.metrics.Listen = c.String("metrics-listen")
	}
	if c.IsSet("view-listen") {
		o.view.Listen = c.String("view-listen")
	}
	if c.Args().Present() {
		o.sources = nil
		for _, arg := range c.Args().Slice() {
			o.sources = append(o.sources, sourceOf(arg))
		}
	}
	o.storeBytes = int64(cfg.Limits.StoreBytes)
	o.flushInterval = cfg.Delivery.FlushInterval.Std()
	if c.IsSet("flush-interval") {
		o.flushInterval = c.Duration("flush-interval")
	}
	if o.flushInterval <= 0 {
		return nil, usagef("--flush-interval must be positive")
	}
	o.state, err = stateFolder(c.String("state"), cfg.StateDir)
	if err != nil {
		return nil, err
	}
	o.follows, o.stateAsked = true, true // a daemon remembers what every sink has
	o.ledger = ledger.Config{MaxAge: cfg.Delivery.LedgerAge.Std(), MaxEntries: int(cfg.Delivery.LedgerEntries)}
	o.outboxBytes = int64(cfg.Limits.OutboxBytes)
	if !c.IsSet("dead-letters") {
		o.deadLetters = filepath.Join(o.state, o.deadLetters)
		if cfg.Delivery.DeadLetters != "" {
			o.deadLetters = cfg.Delivery.DeadLetters
		}
	}
	return o, o.followSinks(c, &cfg)
}

// followSinks takes the file's sinks if the flags name none.
func (o *runOptions) followSinks(c *cli.Context, cfg *config.Config) error {
	if c.IsSet("to") || len(cfg.Sinks) == 0 {
		if o.defaulted {
			o.to = []string{storePrefix + filepath.Join(o.state, defaultStore)}
		}
		return nil
	}
	o.to, o.defaulted = nil, false
	for _, sink := range cfg.Sinks {
		o.to = append(o.to, sink.To)
		own := o.headers.Clone()
		for name, value := range sink.Headers {
			own.Set(name, string(value))
			o.keepSecret(string(value))
		}
		o.sinkHeaders[sink.To] = own
	}
	o.enrich.KnownSecrets = o.secrets
	return o.chooseSinks()
}

// readFollowOptions lays flags over the environment over the file.
func readFollowOptions(c *cli.Context, cfg *config.Config) (*options, error) {
	o, err := readOptionsOver(c, fileLookup(cfg))
	if err != nil {
		return nil, err
	}
	if err := o.readIdentity(c, cfg); err != nil {
		return nil, err
	}
	if !c.IsSet("give-up") {
		o.giveUp = cfg.GiveUp.Std()
	}
	if !c.IsSet("retry-for") {
		o.retryFor = cfg.Delivery.RetryFor.Std()
	}
	if !c.IsSet("timezone") && cfg.Timezone != "" {
		if o.location, err = time.LoadLocation(cfg.Timezone); err != nil {
			return nil, usagef("timezone: %v", err)
		}
	}
	if !c.IsSet("api") {
		o.langfuse.API = cfg.Langfuse.API
	}
	if !c.IsSet("visible-after") {
		o.langfuse.VisibleAfter = cfg.Langfuse.VisibleAfter.Std()
	}
	if !c.IsSet("mode") {
		o.langfuse.Mode = cfg.Langfuse.Mode
	}
	return o, nil
}

// fileLookup tells the file's settings by the names of their environment
// variables.
func fileLookup(cfg *config.Config) lookupFunc {
	l := &cfg.Langfuse
	values := map[string]string{
		"LANGFUSE_BASE_URL": l.BaseURL, "LANGFUSE_PUBLIC_KEY": l.PublicKey, "LANGFUSE_SECRET_KEY_FILE": l.SecretKeyFile,
		"LANGFUSE_TRACING_ENVIRONMENT": l.Environment, "LANGFUSE_RELEASE": l.Release,
		hashKeyName + "_FILE": cfg.Identity.HashKeyFile,
		"LANGFUSE_TIMEOUT":    strconv.FormatFloat(l.Timeout.Std().Seconds(), 'f', -1, 64),
	}
	return func(name string) (string, bool) {
		value := values[name]
		return value, value != ""
	}
}

// zoneOf is the zone of a source's clock.
func (o *runOptions) zoneOf(src *config.Source) (*time.Location, error) {
	if src.Timezone == "" {
		return o.location, nil
	}
	return time.LoadLocation(src.Timezone)
}

// stateFolder settles where state is kept.
func stateFolder(flag, file string) (string, error) {
	for _, dir := range []string{flag, file, os.Getenv("STATE_DIRECTORY")} {
		if dir != "" {
			return filepath.Abs(dir)
		}
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "tailer"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("no state folder: say --state FOLDER (%v)", err)
	}
	return filepath.Join(home, ".local", "state", "tailer"), nil
}

// spoolConfig bounds a spool: in bytes, and by what must be left of the disk.
func (o *runOptions) spoolConfig(logger *slog.Logger) spool.Config {
	return spool.Config{
		MaxBytes: int64(o.limits.SpoolBytes), Spare: disk.Spare(o.state, spoolReserve), Left: disk.Spare(o.state, ledgerReserve),
		OnFull: func(held, spare int64) {
			logger.Warn("spool is full, its writer waits", "size_bytes", held, "disk_to_spare_bytes", spare)
		},
	}
}
