package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
)

// configFlag names the daemon's file, for commands that check or undo what it did.
func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "the daemon's configuration `FILE`: keys, identity, privacy, filters, state folder; flags win", EnvVars: []string{"TAILER_CONFIG"}}
}

// configOf is the file that --config names, or the defaults, and what it tells in
// place of environment variables.
func configOf(c *cli.Context) (*config.Config, lookupFunc, error) {
	cfg := config.Default()
	path := c.String("config")
	if path == "" {
		return &cfg, nothing, nil
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	return &cfg, fileLookup(&cfg), nil
}

// readLikeDaemon reads the flags of readingFlags over what the daemon's file says.
func readLikeDaemon(c *cli.Context) (*options, *config.Config, error) {
	if err := needsInput(c); err != nil {
		return nil, nil, err
	}
	cfg, below, err := configOf(c)
	if err != nil {
		return nil, nil, err
	}
	o, err := readReadingOptionsOver(c, below)
	if err != nil {
		return nil, nil, err
	}
	if err := o.readIdentity(c, cfg); err != nil {
		return nil, nil, err
	}
	if !c.IsSet("give-up") {
		o.giveUp = cfg.GiveUp.Std()
	}
	if !c.IsSet("timezone") && cfg.Timezone != "" {
		if o.location, err = time.LoadLocation(cfg.Timezone); err != nil {
			return nil, nil, usagef("timezone: %v", err)
		}
	}
	if !c.IsSet("api") {
		o.langfuse.API = cfg.Langfuse.API
	}
	return o, cfg, nil
}
