package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"tailer/ship/langfuse"
)

// langfuseFlags say where Langfuse is, for every command that speaks to it.
func langfuseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "host", DefaultText: langfuse.DefaultBaseURL, Usage: "`URL` of Langfuse (LANGFUSE_BASE_URL, LANGFUSE_HOST)"},
		&cli.StringFlag{Name: "public-key", Usage: "`KEY` of the project (LANGFUSE_PUBLIC_KEY)"},
		&cli.StringFlag{Name: "secret-key", Usage: "`KEY` of the project; better in the environment (LANGFUSE_SECRET_KEY)"},
		&cli.StringFlag{Name: "api", Value: langfuse.APIAuto, Usage: "`WAY` into Langfuse: auto, otlp, ingestion"},
		&cli.StringFlag{Name: "mode", Value: langfuse.ModeOwn, Usage: "`MODE` beside LiteLLM's own langfuse callback: own (it is off), upsert (add to its traces: v2, v3), annotate (scores on its traces: v4), auto"},
		&cli.StringFlag{Name: "release", Usage: "`NAME` of the release (LANGFUSE_RELEASE)"},
	}
}

// environmentFlag is for commands that read no logs.
func environmentFlag() cli.Flag {
	return &cli.StringFlag{Name: "env-file", Value: ".env", Usage: "`FILE` with environment variables; the process's own win"}
}

// readServerOptions reads the flags of langfuseFlags for a command that reads no
// logs. Keys are required.
func readServerOptions(c *cli.Context) (*options, error) {
	o := &options{json: c.Bool("json"), logger: newLogger(os.Stderr)}
	_, below, err := configOf(c)
	if err != nil {
		return nil, err
	}
	lookup, err := environment(c.String("env-file"), c.IsSet("env-file"))
	if err != nil {
		return nil, err
	}
	if err := o.readLangfuse(c, over(lookup, below)); err != nil {
		return nil, err
	}
	return o, o.needKeys()
}

func (o *options) needKeys() error {
	if o.langfuse.PublicKey == "" || o.langfuse.SecretKey == "" {
		return usagef("no keys for Langfuse: set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY")
	}
	return nil
}
