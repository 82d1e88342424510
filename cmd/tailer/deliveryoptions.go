package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/ship"
	"tailer/ship/ledger"
)

// deliveryFlags say where spans go, and what is remembered of them.
func deliveryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "to", Usage: "`SINK`, may be repeated: langfuse, otlp:URL, file:PATH, sqlite:PATH (for tailer view), - (stdout); default langfuse if keys are set, else file:" + defaultOutput},
		&cli.StringSliceFlag{Name: "header", Usage: "`NAME=VALUE` sent with every request to otlp:, may be repeated (OTEL_EXPORTER_OTLP_HEADERS)"},
		stateFlag(),
		&cli.BoolFlag{Name: "reconcile", DefaultText: "only requests from before the ledger was made", Usage: "ask Langfuse v4 what it has before anything is sent, of every request"},
		&cli.DurationFlag{Name: "retry-for", Value: 15 * time.Minute, Usage: "how long a batch is retried while a sink can't take it"},
		&cli.StringFlag{Name: "dead-letters", Value: "dead-letters.jsonl", Usage: "`FILE` for requests that a sink rejects"},
		&cli.DurationFlag{Name: "visible-after", Value: 15 * time.Second, Usage: "how long Langfuse v4 may take to show what it has accepted"},
	}
}

func stateFlag() cli.Flag {
	return &cli.StringFlag{Name: "state", Usage: "`FOLDER` of the ledger of what was sent; default: $STATE_DIRECTORY, $XDG_STATE_HOME/tailer or ~/.local/state/tailer"}
}

// deliveryOptions are what deliveryFlags say, checked.
type deliveryOptions struct {
	headers       http.Header            // of otlp: sinks; may hold secrets
	sinkHeaders   map[string]http.Header // of those that have their own, by what --to says
	state         string                 // the folder
	stateless     error                  // why there is no such folder: not everything needs one
	follows       bool                   // a daemon, not a backfill
	stateAsked    bool                   // it was named
	reconcile     ship.Reconcile
	againAfter    time.Duration // what the ledger knows to be accepted for longer is sent all the same; 0: never
	revive        bool          // what was refused is sent again
	retryFor      time.Duration
	deadLetters   string
	flushInterval time.Duration // 0: the default
	outboxBytes   int64         // 0: the default
	ledger        ledger.Config // zero: the defaults
}

func (o *options) readDelivery(c *cli.Context) error {
	o.retryFor, o.deadLetters = c.Duration("retry-for"), c.String("dead-letters")
	if o.retryFor <= 0 {
		return usagef("--retry-for must be positive")
	}
	o.stateAsked = c.String("state") != ""
	o.state, o.stateless = stateFolder(c.String("state"), "")
	if o.langfuse.VisibleAfter = c.Duration("visible-after"); o.langfuse.VisibleAfter <= 0 {
		return usagef("--visible-after must be positive")
	}
	if c.IsSet("reconcile") {
		o.reconcile = ship.ReconcileNever
		if c.Bool("reconcile") {
			o.reconcile = ship.ReconcileAlways
		}
	}
	list, _ := o.lookup("OTEL_EXPORTER_OTLP_HEADERS")
	return o.readHeaders(append(strings.Split(list, ","), c.StringSlice("header")...))
}

// readHeaders reads NAME=VALUE; later ones win. A value may be percent-encoded, as
// in OpenTelemetry's variable. Values are secrets.
func (o *options) readHeaders(pairs []string) error {
	o.headers, o.sinkHeaders = http.Header{}, map[string]http.Header{}
	for _, pair := range pairs {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !found || name == "" {
			return usagef("--header and OTEL_EXPORTER_OTLP_HEADERS: one is not of the form NAME=VALUE")
		}
		value = strings.TrimSpace(value)
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		o.headers.Set(name, value)
		o.keepSecret(value)
	}
	o.enrich.KnownSecrets = o.secrets
	return nil
}

// keepSecret notes what must never be written anywhere.
func (o *options) keepSecret(value string) {
	const short = 8
	if len(value) >= short {
		o.secrets = append(o.secrets, value)
	}
}
