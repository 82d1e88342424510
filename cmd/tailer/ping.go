package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/ship"
	"tailer/ship/langfuse"
	"tailer/ship/otlp"
)

func pingCommand() *cli.Command {
	return &cli.Command{
		Name:  "ping",
		Usage: "test the connection to Langfuse: health, version, keys, project, write mode, retention",
		Description: "Writes nothing without --canary.\n" +
			"Exit code 0: all well; 1: out of reach, or the canary was lost; 12: the keys are refused.",
		Flags: append([]cli.Flag{
			configFlag(),
			&cli.BoolFlag{Name: "canary", Usage: "write one marked trace (user and environment " + langfuse.CanaryName + ") and read it back"},
			&cli.DurationFlag{Name: "wait", DefaultText: "30s, around midnight UTC 60s", Usage: "how long the canary may take to show"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document"},
			environmentFlag(),
		}, langfuseFlags()...),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("ping takes no arguments; the server is that of LANGFUSE_BASE_URL or --host")
			}
			o, err := readServerOptions(c)
			if err != nil {
				return err
			}
			reader, err := langfuse.NewReader(o.langfuse)
			if err != nil {
				return usagef("%v", err)
			}
			reader.Patience = 30 * time.Second
			p := &ping{o: o, reader: reader, canary: c.Bool("canary"), wait: c.Duration("wait")}
			return p.run(c.Context)
		},
	}
}

// ping is one connection test.
type ping struct {
	o      *options
	reader *langfuse.Reader
	canary bool
	wait   time.Duration

	steps []step
}

// step is one line of what was found.
type step struct {
	Name   string `json:"name"`
	State  string `json:"state"` // "ok", "warning" or "failed"
	Detail string `json:"detail"`
	Millis int64  `json:"ms,omitempty"`
}

func (p *ping) run(ctx context.Context) error {
	defer p.reader.Close()
	err := p.look(ctx)
	if p.o.json {
		return errors.Join(err, json.NewEncoder(os.Stdout).Encode(struct {
			OK    bool   `json:"ok"`
			Steps []step `json:"steps"`
		}{err == nil, p.steps}))
	}
	p.print(os.Stdout)
	return err
}

func (p *ping) print(w io.Writer) {
	for _, s := range p.steps {
		_, _ = fmt.Fprintf(w, "%-8s %-12s %s\n", s.State, s.Name, printable(s.Detail))
	}
}

func (p *ping) tell(name, state, format string, args ...any) {
	p.steps = append(p.steps, step{Name: name, State: state, Detail: fmt.Sprintf(format, args...)})
}

// look goes step by step and ends at the first that fails.
func (p *ping) look(ctx context.Context) error {
	began := time.Now()
	health, err := p.reader.Health(ctx)
	if err != nil {
		p.tell("server", "failed", "%v", err)
		return err
	}
	p.steps = append(p.steps, step{Name: "server", State: "ok", Detail: fmt.Sprintf("%s answers in %d ms: %s", p.host(), health.Took.Milliseconds(), health.Status), Millis: health.Took.Milliseconds()})
	p.tell("version", "ok", "%s", health.Version)
	p.clock(health.Date, began.Add(health.Took))
	project, err := p.reader.Project(ctx)
	if err != nil {
		p.tell("keys", "failed", "%v", err)
		return err
	}
	p.tell("keys", "ok", "they open the project %q of %q", project.Name, project.Organization)
	mode, err := p.reader.Mode(ctx)
	if err != nil {
		p.tell("write mode", "failed", "%v", err)
		return err
	}
	p.tell("write mode", "ok", "%s: %s", mode, modeMeans[mode])
	api := langfuse.API(health.Version, p.o.langfuse.API)
	if api == langfuse.APIIngestion && mode == langfuse.EventsOnly {
		p.tell("way", "failed", "--api ingestion: this server refuses traces by JSON ingestion; use auto or otlp")
		return errors.New("langfuse takes no traces by JSON ingestion in write mode events_only")
	}
	p.tell("way", "ok", "tailer writes by %s", api)
	p.retention(project.RetentionDays)
	if p.canary {
		return p.send(ctx)
	}
	return nil
}

func (p *ping) host() string {
	if p.o.langfuse.BaseURL == "" {
		return langfuse.DefaultBaseURL
	}
	return p.o.langfuse.BaseURL
}

// modeMeans says what a write mode is to tailer's users.
var modeMeans = map[langfuse.WriteMode]string{
	langfuse.Legacy:     "writes of one id are merged; traces can be added to later",
	langfuse.Dual:       "v4's bridge: rows are for ever, and the old API is there, too",
	langfuse.EventsOnly: "rows are for ever, and what is sent twice counts twice; LiteLLM before 1.104 cannot write here",
}

// clock compares the server's clock with ours, to a second.
func (p *ping) clock(theirs, ours time.Time) {
	const most = 5 * time.Second
	switch skew := theirs.Sub(ours); {
	case theirs.IsZero():
	case skew.Abs() > most:
		p.tell("clock", "warning", "the server's clock is %v off this machine's", skew.Abs().Round(time.Second))
	default:
		p.tell("clock", "ok", "the same as here")
	}
}

func (p *ping) retention(days int) {
	if days > 0 {
		p.tell("retention", "warning", "%s: what is older is deleted, also what a backfill brings", plural(int64(days), "day"))
		return
	}
	p.tell("retention", "ok", "the server names no limit")
}

// send writes a canary and waits until it shows.
func (p *ping) send(ctx context.Context) error {
	sink, err := langfuse.New(p.o.langfuse)
	if err != nil {
		return usagef("%v", err)
	}
	defer sink.Close()
	now := time.Now()
	x := langfuse.Canary(newID(), now)
	item, err := ship.NewItem(otlp.Encode(x, otlp.Config{Version: version}), now, nil)
	if err != nil {
		return err
	}
	if err := sink.Send(ctx, []*ship.Item{item}); err != nil {
		p.tell("canary", "failed", "%v", err)
		return fmt.Errorf("write canary: %w", err)
	}
	found, err := p.await(ctx, item.TraceID(), now)
	switch took := time.Since(now); {
	case err != nil:
		p.tell("canary", "failed", "%v", err)
		return err
	case found == nil:
		p.tell("canary", "failed", "trace %s was accepted, but did not show within %v: %s", item.TraceID(), took.Round(time.Second), lostMeans)
		return errors.New("langfuse accepted the canary and does not show it")
	case found.Lacks() != "":
		p.steps = append(p.steps, step{"canary", "warning", fmt.Sprintf("trace %s came back after %.1f s without %s", item.TraceID(), took.Seconds(), found.Lacks()), took.Milliseconds()})
	default:
		p.steps = append(p.steps, step{"canary", "ok", fmt.Sprintf("trace %s came back whole after %.1f s: user, session, usage, cost", item.TraceID(), took.Seconds()), took.Milliseconds()})
	}
	return nil
}

const lostMeans = "Langfuse answers before it stores. Look at its worker, its queue (Redis), its event store (S3) and its database (ClickHouse)"

// await asks once a second; nil if the canary does not show in time.
func (p *ping) await(ctx context.Context, trace string, sent time.Time) (*langfuse.Observation, error) {
	ends := time.NewTimer(p.patience(sent))
	defer ends.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		found, err := p.reader.Trace(ctx, trace, sent)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return &found[0], nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ends.C:
			return nil, nil
		case <-tick.C:
		}
	}
}

// patience is how long a canary may take. Around midnight UTC Langfuse 3 and 4 hold
// events back for 15 s, from 23:45 to 00:15.
func (p *ping) patience(now time.Time) time.Duration {
	if p.wait > 0 {
		return p.wait
	}
	const usual, late, quarter = 30 * time.Second, 60 * time.Second, 15 * time.Minute
	if now.Add(quarter).UTC().YearDay() != now.Add(-quarter).UTC().YearDay() {
		return late
	}
	return usual
}

// newID is a random id of 32 hex digits, as a trace has.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
