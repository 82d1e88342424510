package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/internal/enrich"
	"tailer/ship/langfuse"
)

// defaultOutput is where spans go when nothing else is said.
const defaultOutput = "traces.otlp.jsonl"

// defaultStore is where a daemon keeps traces in its state folder when no Langfuse
// is configured.
const defaultStore = "traces.db"

// readingFlags say how logs are read, for every command that reads them to their
// end.
func readingFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "since", Usage: "skip requests that began before `TIME` (2026-11-23, 2026-11-23T09:00:00, RFC 3339, or a duration ago: 24h)"},
		&cli.StringFlag{Name: "until", Usage: "skip requests that began at `TIME` or later"},
		&cli.StringFlag{Name: "date", Usage: "`DAY` of the first record, for logs that state only the time of day; default: from the records or the file's time"},
		&cli.StringFlag{Name: "timezone", Usage: "`ZONE` of the proxy's clock, e.g. Europe/Berlin; default: this machine's"},
		&cli.DurationFlag{Name: "give-up", Value: 10 * time.Minute, Usage: "log time after which a silent request is written without its end"},
		&cli.IntFlag{Name: "threads", Value: defaultThreads(), DefaultText: fmt.Sprintf("all, at most %d", maxDefaultThreads), Usage: "use so many processor cores at most; what is written does not depend on it"},
		&cli.StringFlag{Name: "environment", Usage: "`NAME` of the environment (LANGFUSE_TRACING_ENVIRONMENT)"},
		&cli.StringFlag{Name: "env-file", Value: ".env", Usage: "`FILE` with environment variables; the process's own win"},
	}, privacyFlags()...)
}

func backfillFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Usage: "show what would be sent, with the source of each value; send nothing"},
		&cli.BoolFlag{Name: "json", Usage: "end with one line of JSON on stdout (on stderr when spans go to stdout)"},
	}, slices.Concat(langfuseFlags(), deliveryFlags(), readingFlags())...)
}

// options are the flags and the environment, checked.
type options struct {
	inputs       []string
	to           []string // "file:PATH", "-", "langfuse", "otlp:URL"
	defaulted    bool     // to was not asked for
	dryRun, json bool
	storeBytes   int64 // of a store; 0: the store's own limit
	since, until time.Time
	date         time.Time
	location     *time.Location
	giveUp       time.Duration
	threads      int // at least 1
	deliveryOptions
	langfuse langfuse.Config
	enrich   enrich.Config
	lookup   lookupFunc
	secrets  []string // never to be written anywhere
	logger   *slog.Logger
}

func readOptions(c *cli.Context) (*options, error) {
	if err := needsInput(c); err != nil {
		return nil, err
	}
	return readOptionsOver(c, nothing)
}

func needsInput(c *cli.Context) error {
	if c.Args().Present() {
		return nil
	}
	return usagef("no log given; try: tailer %[1]s proxy.log, or: docker logs litellm 2>&1 | tailer %[1]s -", c.Command.Name)
}

// readOptionsOver lays flags over the environment over what below tells.
func readOptionsOver(c *cli.Context, below lookupFunc) (*options, error) {
	o, err := readReadingOptionsOver(c, below)
	if err != nil {
		return nil, err
	}
	o.to, o.dryRun = c.StringSlice("to"), c.Bool("dry-run")
	if err := o.readDelivery(c); err != nil {
		return nil, err
	}
	return o, o.chooseSinks()
}

// readReadingOptions reads the flags of readingFlags and --json.
func readReadingOptions(c *cli.Context) (*options, error) {
	if err := needsInput(c); err != nil {
		return nil, err
	}
	return readReadingOptionsOver(c, nothing)
}

func readReadingOptionsOver(c *cli.Context, below lookupFunc) (*options, error) {
	o := &options{inputs: c.Args().Slice(), json: c.Bool("json"), giveUp: c.Duration("give-up"), threads: c.Int("threads"), logger: newLogger(os.Stderr)}
	for _, arg := range o.inputs {
		if len(arg) > 1 && strings.HasPrefix(arg, "-") {
			return nil, usagef("flags come before the files: %s", arg)
		}
	}
	if o.giveUp <= 0 {
		return nil, usagef("--give-up must be positive")
	}
	if o.threads < 1 {
		return nil, usagef("--threads must be at least 1")
	}
	lookup, err := environment(c.String("env-file"), c.IsSet("env-file"))
	if err != nil {
		return nil, err
	}
	lookup = over(lookup, below)
	o.lookup = lookup
	if err := o.readTimes(c, time.Now()); err != nil {
		return nil, err
	}
	if err := o.readLangfuse(c, lookup); err != nil {
		return nil, err
	}
	return o, o.readEnrich(c, lookup)
}

// maxDefaultThreads is how many cores are used unless more are asked for: the
// stages are four, with the sender.
const maxDefaultThreads = 4

func defaultThreads() int { return min(runtime.GOMAXPROCS(0), maxDefaultThreads) }

// readLangfuse takes flags over the environment.
func (o *options) readLangfuse(c *cli.Context, lookup lookupFunc) error {
	cfg, err := langfuse.FromEnv(lookup)
	if err != nil {
		return usagef("%v", err)
	}
	for name, field := range map[string]*string{
		"host": &cfg.BaseURL, "public-key": &cfg.PublicKey, "environment": &cfg.Environment, "release": &cfg.Release, "api": &cfg.API, "mode": &cfg.Mode,
	} {
		if c.IsSet(name) {
			*field = c.String(name)
		}
	}
	if c.IsSet("secret-key") {
		cfg.SecretKey = langfuse.Secret(c.String("secret-key"))
	}
	cfg.Version, cfg.Logger = version, o.logger
	o.langfuse = cfg
	master, _ := lookup("LITELLM_MASTER_KEY")
	for _, secret := range []string{string(cfg.SecretKey), master} {
		if len(secret) >= 8 {
			o.secrets = append(o.secrets, secret)
		}
	}
	return nil
}

// readEnrich settles whom to believe and what to remove. It comes after
// readLangfuse, which knows secrets.
func (o *options) readEnrich(c *cli.Context, lookup lookupFunc) error {
	secrets, err := readPrivacy(c, lookup, &o.enrich)
	if err != nil {
		return err
	}
	o.secrets = append(o.secrets, secrets...)
	o.enrich.Environment, o.enrich.KnownSecrets = o.langfuse.Environment, o.secrets
	return nil
}

// chooseSinks settles where spans go.
func (o *options) chooseSinks() error {
	hasKeys := o.langfuse.PublicKey != "" && o.langfuse.SecretKey != ""
	switch {
	case len(o.to) == 0 && hasKeys:
		o.to = []string{toLangfuse}
	case len(o.to) == 0:
		o.to, o.defaulted = []string{filePrefix + defaultOutput}, true
	}
	for _, to := range o.to {
		if wrong := checkSink(to, hasKeys); wrong != "" {
			return usagef("%s", wrong)
		}
	}
	return nil
}

// year is that of the log's first day, for stamps that name none.
func (o *options) year() int {
	if o.date.IsZero() {
		return 0
	}
	return o.date.Year()
}

func (o *options) readTimes(c *cli.Context, now time.Time) (err error) {
	o.location = time.Local
	if zone := c.String("timezone"); zone != "" {
		if o.location, err = time.LoadLocation(zone); err != nil {
			return usagef("--timezone: %v", err)
		}
	}
	if day := c.String("date"); day != "" {
		if o.date, err = time.ParseInLocation(time.DateOnly, day, o.location); err != nil {
			return usagef("--date %q is no day such as 2026-11-23", day)
		}
	}
	if o.since, err = readTime("since", c.String("since"), o.location, now); err != nil {
		return err
	}
	o.until, err = readTime("until", c.String("until"), o.location, now)
	return err
}

// readTime reads a time in any of the forms that --help names; zero for "".
func readTime(flag, text string, location *time.Location, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, location); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--%s %q is no time such as 2026-11-23T09:00:00 or 24h", flag, text)
}
