package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tailer/ship"
	"tailer/ship/collector"
	"tailer/ship/langfuse"
	"tailer/ship/sqlite"
)

const (
	toLangfuse  = "langfuse"
	filePrefix  = "file:"
	otlpPrefix  = "otlp:"
	storePrefix = "sqlite:"
)

// isRemote tells whether a sink is a server, whose spans nobody throws away.
func isRemote(to string) bool { return to == toLangfuse || strings.HasPrefix(to, otlpPrefix) }

// checkSink says what is wrong with a --to, "" if nothing is.
func checkSink(to string, hasKeys bool) string {
	switch path, isFile := strings.CutPrefix(to, filePrefix); {
	case to == toLangfuse && !hasKeys:
		return "no keys for Langfuse: set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or use --to file:PATH"
	case to == toLangfuse, to == "-", isFile && path != "", strings.HasPrefix(to, otlpPrefix),
		len(to) > len(storePrefix) && strings.HasPrefix(to, storePrefix):
		return ""
	default:
		return fmt.Sprintf("--to %q is none of langfuse, otlp:URL, file:PATH, sqlite:PATH, -", to)
	}
}

// openSink opens one sink, under the name by which the ledger knows it.
func openSink(o *options, to string) (ship.Target, io.Closer, error) {
	switch {
	case to == toLangfuse:
		sink, err := langfuse.New(o.langfuse)
		if err != nil {
			return ship.Target{}, nil, usagef("%v", err)
		}
		return ship.Target{Name: sink.Name(), Sink: sink}, closeFunc(sink.Close), nil
	case strings.HasPrefix(to, otlpPrefix):
		headers := o.headers
		if own, there := o.sinkHeaders[to]; there {
			headers = own
		}
		sink, err := collector.New(collector.Config{
			URL: strings.TrimPrefix(to, otlpPrefix), Headers: headers, Version: version, Timeout: o.langfuse.Timeout, Logger: o.logger,
		})
		if err != nil {
			return ship.Target{}, nil, usagef("--to %s: %v", otlpPrefix+"…", err)
		}
		return ship.Target{Name: sink.Name(), Sink: sink}, closeFunc(sink.Close), nil
	}
	if path, isStore := strings.CutPrefix(to, storePrefix); isStore {
		store, err := sqlite.Open(context.Background(), path, sqlite.Config{Logger: o.logger, MaxBytes: o.storeBytes})
		if err != nil {
			return ship.Target{}, nil, err
		}
		return ship.Target{Name: storePrefix + absolute(path), Sink: store}, store, nil
	}
	path := strings.TrimPrefix(to, filePrefix)
	sink, err := ship.NewFileSink(path, os.Stdout)
	if err != nil {
		return ship.Target{}, nil, err
	}
	if to == "-" {
		return ship.Target{Name: to, Sink: sink}, sink, nil
	}
	return ship.Target{Name: filePrefix + absolute(path), Sink: sink}, sink, nil
}

// absolute is path from the root, if there is a way to tell.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

type closeFunc func()

func (f closeFunc) Close() error {
	f()
	return nil
}
