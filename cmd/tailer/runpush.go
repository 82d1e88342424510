package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/internal/source/push"
	"tailer/internal/spool"
	"tailer/parse"
)

// maxDelivery is how long one delivery may be in bytes, decompressed.
const maxDelivery = 64 << 20

// receive builds the stages of what shippers deliver, and listens.
func (s *logSet) receive(name string, src *config.Source, location *time.Location) (*pipeline.Log, error) {
	token, err := secretFile("http.token_file", src.HTTP.TokenFile)
	if err != nil {
		return nil, err
	}
	// A full spool is always told to the sender, who keeps what it has: nothing is
	// dropped here.
	path := filepath.Join(s.o.state, "spool", "http-"+source.Digest(name)+".db")
	kept, err := spool.Open(path, s.o.spoolConfig(s.o.logger.With("component", "spool", "source", name)))
	if err != nil {
		return nil, err
	}
	log, err := s.receiveInto(name, src, token, kept, location)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	s.spools = append(s.spools, kept)
	return log, nil
}

func (s *logSet) receiveInto(name string, src *config.Source, token string, kept *spool.Spool, location *time.Location) (*pipeline.Log, error) {
	taken := push.NewSource(name, source.NewID(), kept, s.resume[name], maxDelivery, s.o.logger)
	handler, err := push.New(taken, push.Config{Token: token, MaxBody: maxDelivery, Logger: s.o.logger})
	if err != nil {
		return nil, err
	}
	server, err := push.Listen(src.HTTP.Listen, handler)
	if err != nil {
		return nil, err
	}
	follow := s.perWriter(taken, location)
	s.meter.watch(name, follow)
	s.o.logger.Info("listening for deliveries", "source", name, "address", server.Addr())
	return &pipeline.Log{
		Name: name, Follow: follow, Close: server.Close, Saved: taken.Saved,
		Checkpoints: func() []tailer.Checkpoint { return taken.Checkpoints(s.tracker) },
	}, nil
}

// perWriter follows a source that several proxies write to.
func (s *logSet) perWriter(from pipeline.Following, location *time.Location) *pipeline.Follow {
	writers := &pipeline.Writers{New: func(string) (pipeline.HoldingRecords, pipeline.HoldingPairs) {
		clock := parse.NewClock(parse.ClockConfig{Location: location, Date: s.o.date, ModTime: time.Now()})
		return parse.New(clock), pair.New(pair.Config{GiveUp: s.o.giveUp, Prompt: true, MaxBytes: writerBytes})
	}}
	return &pipeline.Follow{
		Source: from, Parse: writers, Table: writers, Tracker: s.tracker,
		Run: pipeline.Run{Enrich: s.enricher, Deliver: s.sink, Repeated: s.tracker.Repeated},
	}
}

// secretFile reads a file that holds one secret; "" names none.
func secretFile(setting, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("%s: %v", setting, err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", usagef("%s %s is empty", setting, path)
	}
	return secret, nil
}
