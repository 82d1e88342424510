package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
	"tailer/internal/view"
)

// defaultListen is where the viewer is when nobody says otherwise.
const defaultListen = "127.0.0.1:9465"

func viewCommand() *cli.Command {
	return &cli.Command{
		Name:  "view",
		Usage: "show the embedded store in a browser: the report and every request",
		Description: "Reads the store that `tailer run` or `tailer backfill --to sqlite:PATH` writes, also while they\n" +
			"write. On 127.0.0.1 it asks for nothing; on any other address it demands the token of --token-file\n" +
			"or TAILER_VIEW_TOKEN, and wants TLS before it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` to listen on (default: " + defaultListen + ")"},
			&cli.StringFlag{Name: "db", Usage: "`FILE` of the store; default: " + defaultStore + " in the state folder"},
			&cli.StringFlag{Name: "state", Usage: "`FOLDER` of the store; default: $STATE_DIRECTORY, $XDG_STATE_HOME/tailer or ~/.local/state/tailer"},
			&cli.StringFlag{Name: "config", Usage: "configuration `FILE`; flags win", EnvVars: []string{"TAILER_CONFIG"}},
			&cli.StringFlag{Name: "token-file", Usage: "`FILE` that holds the token and nothing else (TAILER_VIEW_TOKEN holds the token itself)"},
			&cli.StringSliceFlag{Name: "allow-host", Usage: "further `NAME` to answer to on loopback, as of a proxy in front"},
			&cli.StringFlag{Name: "timezone", Usage: "`ZONE` of days and hours, e.g. Europe/Berlin; default: this machine's"},
			&cli.StringFlag{Name: "departments", Usage: "CSV `FILE` with user,department; default: by group header, else by e-mail domain"},
		},
		OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("view takes no file; to look at a log: tailer backfill --to sqlite:traces.db %s, then tailer view --db traces.db", c.Args().First())
			}
			server, err := newView(c)
			if err != nil {
				return err
			}
			return server.Run(c.Context)
		},
	}
}

func newView(c *cli.Context) (*view.Server, error) {
	cfg := config.Default()
	var err error
	if path := c.String("config"); path != "" {
		if cfg, err = config.Load(path); err != nil {
			return nil, usagef("%v", err)
		}
	}
	v := view.Config{
		Store: c.String("db"), Listen: cmp.Or(c.String("listen"), cfg.View.Listen, defaultListen), Hosts: c.StringSlice("allow-host"),
		Location: time.Local, Version: version, Logger: newLogger(os.Stderr),
	}
	if v.Store == "" {
		dir, err := stateFolder(c.String("state"), cfg.StateDir)
		if err != nil {
			return nil, err
		}
		v.Store = filepath.Join(dir, defaultStore)
	}
	if v.Token, err = viewToken(cmp.Or(c.String("token-file"), cfg.View.TokenFile)); err != nil {
		return nil, err
	}
	if zone := cmp.Or(c.String("timezone"), cfg.Timezone); zone != "" {
		if v.Location, err = time.LoadLocation(zone); err != nil {
			return nil, usagef("--timezone: %v", err)
		}
	}
	if path := c.String("departments"); path != "" {
		if v.Departments, err = readDepartments(path); err != nil {
			return nil, usagef("--departments: %v", err)
		}
	}
	return checkedView(v)
}

// checkedView makes the viewer; what is wrong with it is a mistake of usage.
func checkedView(v view.Config) (*view.Server, error) {
	server, err := view.New(v)
	if err != nil {
		return nil, usagef("%v; set --token-file or TAILER_VIEW_TOKEN, or listen on 127.0.0.1", err)
	}
	return server, nil
}

// viewToken reads the token from a file, else from the environment.
func viewToken(path string) (string, error) {
	if path == "" {
		return os.Getenv("TAILER_VIEW_TOKEN"), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("--token-file: %v", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", usagef("--token-file %s is empty", path)
	}
	return token, nil
}

// startView shows the daemon's store beside it, if an address is configured. It
// returns what ends it.
func startView(ctx context.Context, o *runOptions) (stop func() error, err error) {
	if o.view.Listen == "" {
		return func() error { return nil }, nil
	}
	v := view.Config{Listen: o.view.Listen, Location: o.location, Version: version, Logger: o.logger}
	for _, to := range o.to {
		if path, isStore := strings.CutPrefix(to, storePrefix); isStore {
			v.Store = path
		}
	}
	if v.Store == "" {
		return nil, usagef("view.listen shows a store, but traces go to none: add --to %s%s", storePrefix, filepath.Join(o.state, defaultStore))
	}
	if v.Token, err = viewToken(o.view.TokenFile); err != nil {
		return nil, err
	}
	server, err := checkedView(v)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := server.Run(ctx)
		if err != nil {
			o.logger.Error("the viewer has ended", "err", err)
		}
		ended <- err
	}()
	return func() error {
		cancel()
		if err := <-ended; err != nil {
			return fmt.Errorf("viewer: %w", err)
		}
		return nil
	}, nil
}
