package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/joho/godotenv"
	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/doctor"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/parse"
)

// errFindings says that doctor found problems, and told them.
var errFindings = errors.New("problems were found")

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say in plain words why requests, answers or users are missing, and which line to change",
		ArgsUsage: "[FILE|GLOB|DIR|-]...",
		Description: "Looks at a log, at LiteLLM's configuration, at Open WebUI's environment, and with --config at what\n" +
			"tailer itself is to use. Sends nothing, changes nothing. Exit code: 0 if no problem was found, 3 if one was.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "`FILE` of tailer's configuration: its logs, state folder, sockets and Langfuse are looked at too"},
			&cli.StringFlag{Name: "litellm-config", Usage: "`FILE` of LiteLLM's configuration (config.yaml); a corrected one is printed"},
			&cli.StringFlag{Name: "openwebui-env", Usage: "`FILE` of Open WebUI's environment variables; a corrected one is printed"},
			&cli.StringFlag{Name: "litellm-version", Usage: "`VERSION` of LiteLLM, e.g. 1.98.1; default: what the log tells"},
			&cli.BoolFlag{Name: "name-refused", Usage: "let the corrected LiteLLM configuration name the users of refused requests; up to 1.106 it locks out clients whose key is not in Authorization"},
			&cli.StringFlag{Name: "date", Usage: "`DAY` of the first record, for logs that state only the time of day; default: from the records or the file's time"},
			&cli.StringFlag{Name: "timezone", Usage: "`ZONE` of the proxy's clock, e.g. Europe/Berlin; default: this machine's"},
			&cli.BoolFlag{Name: "offline", DefaultText: "it is asked if --config is given or its keys are set", Usage: "do not ask Langfuse"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document in place of text"},
			&cli.StringFlag{Name: "env-file", Value: ".env", Usage: "`FILE` with environment variables; the process's own win"},
		},
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			d, err := newConsultation(c)
			if err != nil {
				return err
			}
			return d.run(c.Context)
		},
	}
}

// consultation is one run of doctor.
type consultation struct {
	o       *options
	config  *config.Config // nil without --config
	litellm string         // path of LiteLLM's configuration, "" for none
	webui   string         // path of Open WebUI's environment, "" for none
	version doctor.Version
	offline bool
	report  doctor.Report
}

func newConsultation(c *cli.Context) (*consultation, error) {
	d := &consultation{
		o:       &options{inputs: c.Args().Slice(), json: c.Bool("json"), logger: newLogger(os.Stderr)},
		litellm: c.String("litellm-config"), webui: c.String("openwebui-env"), offline: c.Bool("offline"),
	}
	if path := c.String("config"); path != "" {
		cfg, err := config.Load(path)
		if err != nil {
			return nil, usagef("%v", err)
		}
		d.config = &cfg
	}
	if len(d.o.inputs) == 0 && d.config == nil && d.litellm == "" && d.webui == "" {
		return nil, usagef("nothing to look at; try: tailer doctor proxy.log, or: docker logs litellm 2>&1 | tailer doctor -")
	}
	if text := c.String("litellm-version"); text != "" {
		var err error
		if d.version, err = doctor.ParseVersion(text); err != nil {
			return nil, usagef("--litellm-version: %v", err)
		}
	}
	lookup, err := environment(c.String("env-file"), c.IsSet("env-file"))
	if err != nil {
		return nil, err
	}
	if err := d.o.readLangfuse(c, lookup); err != nil {
		return nil, err
	}
	d.report.NameRefused = c.Bool("name-refused")
	return d, d.o.readTimes(c, time.Now())
}

// run looks at everything and prints what was found.
func (d *consultation) run(ctx context.Context) error {
	if d.config != nil {
		d.host()
	}
	if err := d.logs(ctx); err != nil {
		return err
	}
	version := d.version
	if !version.Known() {
		version = d.report.Version()
	}
	if err := d.files(version); err != nil {
		return err
	}
	if err := d.server(ctx); err != nil {
		return err
	}
	if err := d.report.Print(os.Stdout, d.o.json); err != nil {
		return fmt.Errorf("print findings: %w", err)
	}
	if d.report.Problems() > 0 {
		return errFindings
	}
	return nil
}

// host looks at this machine, and adds the files that are to be followed to what
// is read.
func (d *consultation) host() {
	var host doctor.Host
	for i := range d.config.Sources {
		s := &d.config.Sources[i]
		switch {
		case s.File != "":
			inputs, err := source.Expand([]string{s.File})
			if err != nil {
				host.LogFile(s.File)
			}
			for _, in := range inputs {
				host.LogFile(in.Path)
				d.o.inputs = append(d.o.inputs, in.Path)
			}
		case s.Docker != "":
			socket := s.Socket
			if socket == "" {
				socket = "/var/run/docker.sock"
			}
			host.DockerSocket(socket)
		}
	}
	if d.config.StateDir != "" {
		host.StateDir(d.config.StateDir)
	}
	d.report.Add(host.Findings())
}

// logs reads every log to its end. Rotated siblings are one log.
func (d *consultation) logs(ctx context.Context) error {
	if len(d.o.inputs) == 0 {
		return nil
	}
	inputs, err := source.Expand(d.o.inputs)
	if err != nil {
		return usagef("%v", err)
	}
	for len(inputs) > 0 {
		n := 1
		for n < len(inputs) && !inputs[n].Live() && inputs[n].Log() == inputs[0].Log() {
			n++
		}
		if err := d.log(ctx, inputs[:n]); err != nil {
			return err
		}
		inputs = inputs[n:]
	}
	return nil
}

// log reads one log, oldest part first.
func (d *consultation) log(ctx context.Context, inputs []source.Input) error {
	enricher, err := enrich.New(enrich.Config{KnownSecrets: d.o.secrets})
	if err != nil {
		return usagef("%v", err)
	}
	seen := &observed{Log: doctor.NewLog(inputs[len(inputs)-1].Path), enricher: enricher}
	table := pair.New(pair.Config{})
	about := doctor.Input{Zone: d.o.location.String()}
	for i, in := range inputs {
		lines, err := source.Open(in, os.Stdin, d.o.sourceConfig(in))
		if err != nil {
			return err
		}
		clock := parse.NewClock(d.o.clockConfig(in))
		seen.lines, seen.envelope = lines, lines.Envelope()
		run := pipeline.Run{Lines: seen, Records: parse.New(clock), Pairs: table, Enrich: seen, Deliver: seen, Observe: seen.Record}
		err = run.File(ctx, i+1 < len(inputs))
		var damaged *source.DamagedError
		if errors.As(err, &damaged) && ctx.Err() == nil {
			d.o.logger.Warn("input is damaged; what could be read was used", "input", in.Path, "err", err)
			err = nil
		}
		counts := lines.Counts()
		about.Binary = counts.Binary()
		about.Reversed = about.Reversed || counts.Reversed()
		about.Withheld += counts.Withheld
		if skew := clock.Skew(); skew != 0 {
			about.Skew = skew
		}
		about.DateGuess = clock.Source() == parse.DateModTime
		if err = errors.Join(err, lines.Close()); err != nil {
			return err
		}
	}
	d.report.AddLog(seen.Log, about, d.version)
	return nil
}

// files looks at the configurations of other programs.
func (d *consultation) files(version doctor.Version) error {
	both := d.config != nil && d.config.Langfuse.Mode == "own" && d.o.langfuse.PublicKey != ""
	if d.litellm != "" {
		text, err := os.ReadFile(d.litellm)
		if err != nil {
			return usagef("read LiteLLM's configuration: %v", err)
		}
		if err := d.report.AddLiteLLM(d.litellm, text, version, both); err != nil {
			d.o.logger.Warn("no corrected configuration could be made", "file", d.litellm, "err", err)
		}
	}
	if d.webui == "" {
		return nil
	}
	text, err := os.ReadFile(d.webui)
	if err != nil {
		return usagef("read Open WebUI's environment: %v", err)
	}
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		d.report.Add([]doctor.Finding{doctor.Unreadable(d.webui, errors.New("it is no file of NAME=value lines"))})
		return nil
	}
	d.report.AddOpenWebUI(doctor.NewOpenWebUI(d.webui, text, values))
	return nil
}

// observed shows a log to doctor on its way through the stages.
type observed struct {
	*doctor.Log
	lines    *source.Reader
	envelope string
	enricher *enrich.Enricher
}

// Next shows each line.
func (o *observed) Next() (*tailer.Line, error) {
	line, err := o.lines.Next()
	if err == nil {
		o.Line(line)
	}
	return line, err
}

// Enrich shows each request before and after.
func (o *observed) Enrich(x *tailer.Exchange) {
	o.Exchange(x)
	o.enricher.Enrich(x)
	o.Attributed(x)
}

// Deliver sends nothing.
func (o *observed) Deliver(context.Context, *tailer.Exchange) error { return nil }

// Flush has nothing to do.
func (o *observed) Flush(context.Context) error { return nil }
