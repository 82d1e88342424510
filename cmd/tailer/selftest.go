package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/enrich"
	"tailer/internal/selftest"
	"tailer/ship/langfuse"
	"tailer/state"
)

// errLost says that a self-test was finished and did not find everything.
var errLost = errors.New("not every field arrived everywhere")

func selftestCommand() *cli.Command {
	return &cli.Command{
		Name:      "selftest",
		Usage:     "send requests with Open WebUI's headers through a proxy, and show which fields arrive in its log and in Langfuse",
		ArgsUsage: "FILE|-",
		Description: "FILE is the proxy's log, or - for a pipe: docker logs -f --tail 0 litellm 2>&1 | tailer selftest … -\n" +
			"A running tailer is expected to deliver; --deliver does it here and now.\n" +
			"Two small requests are sent and cost what the model costs.",
		Flags: append(append([]cli.Flag{
			configFlag(),
			&cli.StringFlag{Name: "proxy", Usage: "`URL` of the LiteLLM proxy, e.g. http://127.0.0.1:4000"},
			&cli.StringFlag{Name: "key", Usage: "`KEY` for the proxy; better in LITELLM_API_KEY, or LITELLM_API_KEY_FILE"},
			&cli.StringFlag{Name: "model", Usage: "`NAME` of the model to ask"},
			&cli.BoolFlag{Name: "deliver", Usage: "send the requests that are found in the log to Langfuse from here"},
			&cli.DurationFlag{Name: "wait", Value: 30 * time.Second, Usage: "how long the log and Langfuse may take, each"},
			&cli.StringFlag{Name: "state", Usage: "`FOLDER` of what was delivered, with --deliver; default as with tailer run"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document"},
		}, langfuseFlags()...), readingFlags()...),
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			s, err := newSelftest(c)
			if err != nil {
				return err
			}
			return s.run(c.Context)
		},
	}
}

// selftestRun is one self-test.
type selftestRun struct {
	o       *options
	proxy   string
	key     string
	probes  []*selftest.Probe
	answers []selftest.Answer
	wait    time.Duration
	deliver bool
	reader  *langfuse.Reader // nil without keys

	found []*tailer.Exchange // by probe
}

func newSelftest(c *cli.Context) (*selftestRun, error) {
	o, cfg, err := readLikeDaemon(c)
	if err != nil {
		return nil, err
	}
	if len(o.inputs) != 1 {
		return nil, usagef("selftest reads one log: FILE, or - for a pipe")
	}
	s := &selftestRun{o: o, proxy: c.String("proxy"), key: c.String("key"), wait: c.Duration("wait"), deliver: c.Bool("deliver")}
	if s.key == "" {
		if s.key, err = fromVariable(o.lookup, "LITELLM_API_KEY"); err != nil {
			return nil, err
		}
	}
	if _, err := selftest.Endpoint(s.proxy); err != nil {
		return nil, usagef("--proxy: %v", err)
	}
	if c.String("model") == "" || s.wait <= 0 {
		return nil, usagef("--model is needed, and --wait must be positive")
	}
	o.keepSecret(s.key)
	o.enrich.KnownSecrets = o.secrets
	if o.date.IsZero() { // what comes now is of today, in the proxy's zone
		y, m, d := time.Now().In(o.location).Date()
		o.date = time.Date(y, m, d, 0, 0, 0, 0, o.location)
	}
	run := selftest.NewRun()
	for i, stream := range []bool{false, true} {
		s.probes = append(s.probes, selftest.NewProbe(run, i+1, c.String("model"), stream))
	}
	s.answers, s.found = make([]selftest.Answer, len(s.probes)), make([]*tailer.Exchange, len(s.probes))
	return s, s.prepareLangfuse(c, cfg)
}

func (s *selftestRun) prepareLangfuse(c *cli.Context, cfg *config.Config) (err error) {
	o := s.o
	if o.needKeys() != nil {
		if s.deliver {
			return o.needKeys()
		}
		return nil
	}
	o.to, o.retryFor, o.deadLetters = []string{toLangfuse}, s.wait, "dead-letters.jsonl"
	if o.state, err = stateFolder(c.String("state"), cfg.StateDir); err != nil {
		return err
	}
	if s.reader, err = langfuse.NewReader(o.langfuse); err != nil {
		return usagef("%v", err)
	}
	s.reader.Patience = s.wait
	return nil
}

// fromVariable is the value of a variable, or what the file holds that its twin
// with _FILE names.
func fromVariable(lookup lookupFunc, name string) (string, error) {
	if value, _ := lookup(name); value != "" {
		return strings.TrimSpace(value), nil
	}
	path, _ := lookup(name + "_FILE")
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("read %s_FILE: %v", name, err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func (s *selftestRun) run(ctx context.Context) error {
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	reading, err := newReading(s.o, s)
	if err != nil {
		return err
	}
	reading.stdin = log
	sent := make(chan error, 1)
	go func() {
		defer log.Answered()
		sent <- s.send(ctx)
	}()
	err = reading.readAll(ctx)
	if sending := <-sent; sending != nil || err != nil {
		return errors.Join(sending, err)
	}
	if s.deliver {
		if err := s.deliverFound(ctx); err != nil {
			return err
		}
	}
	report, err := s.compare(ctx)
	if err != nil {
		return err
	}
	report.Notes = append(report.Notes, reading.report.Notes...)
	if s.o.json {
		err = json.NewEncoder(os.Stdout).Encode(report)
	} else {
		report.print(os.Stdout)
	}
	if err == nil && !report.OK {
		return errLost
	}
	return err
}

// openLog opens the log at its end.
func (s *selftestRun) openLog() (*selftest.Live, error) {
	const quiet = 3 * time.Second
	path := s.o.inputs[0]
	s.o.inputs = []string{"-"}
	if path == "-" {
		return selftest.NewLive(os.Stdin, false, quiet, s.wait), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, usagef("%v", err)
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(fmt.Errorf("go to the end of %s: %w", path, err), file.Close())
	}
	return selftest.NewLive(file, true, quiet, s.wait), nil // the file is read until the program ends
}

// send asks the proxy, one request after the other.
func (s *selftestRun) send(ctx context.Context) error {
	client := &http.Client{Timeout: s.wait}
	defer client.CloseIdleConnections()
	for i, probe := range s.probes {
		var err error
		if s.answers[i], err = probe.Send(ctx, client, s.proxy, s.key); err != nil {
			return err
		}
	}
	return nil
}

// Deliver implements pipeline.Deliverer: it keeps the requests that are ours.
func (s *selftestRun) Deliver(_ context.Context, x *tailer.Exchange) error {
	for i, probe := range s.probes {
		if s.found[i] == nil && isProbe(x, probe) {
			kept := *x
			s.found[i] = &kept
		}
	}
	return nil
}

// Flush implements pipeline.Deliverer.
func (s *selftestRun) Flush(context.Context) error { return nil }

// isProbe tells a request by its prompt, which names the run and its number.
func isProbe(x *tailer.Exchange, probe *selftest.Probe) bool {
	mark := fmt.Sprintf("Self-test %s, request %d.", probe.Run, probe.Number)
	if strings.Contains(string(x.Request.Body.JSON()), mark) {
		return true
	}
	for _, h := range x.Attribution.ProfileHeaders { // where content is kept back
		for _, f := range probe.Fields {
			if f.Name == "X-OpenWebUI-Message-Id" && strings.EqualFold(h.Name, f.Name) && h.Value == f.Value {
				return true
			}
		}
	}
	return false
}

// deliverFound sends what was found as a backfill would.
func (s *selftestRun) deliverFound(ctx context.Context) error {
	d, err := newDelivery(s.o)
	if err != nil {
		return err
	}
	d.tracker = state.NewTracker()
	for _, x := range s.found {
		if x != nil && err == nil {
			err = d.Deliver(ctx, x)
		}
	}
	if err == nil {
		err = d.Flush(ctx)
	}
	return errors.Join(err, d.close())
}

// hidden tells whether people are not named in traces.
func (s *selftestRun) hidden() bool {
	return s.o.enrich.IdentityMode == enrich.IdentityHash || s.o.enrich.IdentityMode == enrich.IdentityDrop
}
