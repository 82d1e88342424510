package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "check a configuration file, or print one with every setting", OnUsageError: usageError,
		Subcommands: []*cli.Command{
			{
				Name: "check", Usage: "say whether a configuration file can be used, and on which line it can't", ArgsUsage: "FILE", OnUsageError: usageError,
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON document in place of text"}},
				Action: checkConfig,
			},
			{
				Name: "example", Aliases: []string{"print"}, Usage: "print a commented configuration file with every setting at its default", OnUsageError: usageError,
				Action: func(*cli.Context) error {
					_, err := fmt.Print(config.Example)
					return err
				},
			},
		},
		Action: func(c *cli.Context) error {
			return usagef("tailer config has no command %q; try: tailer config check FILE", c.Args().First())
		},
	}
}

// checkConfig reads a file as `tailer run` does.
func checkConfig(c *cli.Context) error {
	path := c.Args().First()
	if path == "" {
		return usagef("no file given; try: tailer config check /etc/tailer/tailer.yaml")
	}
	cfg, err := config.Load(path)
	if !c.Bool("json") {
		if err != nil {
			return usagef("%v", err)
		}
		_, err = fmt.Printf("%s: fine; %s, %s\n", path, plural(int64(len(cfg.Sources)), "source"), plural(int64(len(cfg.Sinks)), "sink"))
		return err
	}
	told := struct {
		File    string `json:"file"`
		Valid   bool   `json:"valid"`
		Line    int    `json:"line,omitempty"`
		Error   string `json:"error,omitempty"`
		Sources int    `json:"sources"`
		Sinks   int    `json:"sinks"`
	}{File: path, Valid: err == nil, Sources: len(cfg.Sources), Sinks: len(cfg.Sinks)}
	if err != nil {
		told.Error = err.Error()
		var bad *config.FileError
		if errors.As(err, &bad) {
			told.Line, told.Error = bad.Line, bad.Err.Error()
		}
	}
	if printed := json.NewEncoder(os.Stdout).Encode(told); printed != nil {
		return printed
	}
	if err != nil {
		return usagef("%v", err)
	}
	return nil
}
