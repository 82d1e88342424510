package main

import (
	"errors"
	"time"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/parse"
	"tailer/state"
)

// logSet finds the logs to follow and builds their stages.
type logSet struct {
	o        *runOptions
	doc      *state.Document // of the last run
	tracker  *state.Tracker
	enricher *enrich.Enricher
	sink     pipeline.Deliverer
	known    map[string]bool
}

// discover implements pipeline.Daemon's.
func (s *logSet) discover(now time.Time) (logs []*pipeline.Log, more bool, err error) {
	var errs []error
	for i := range s.o.sources {
		src := &s.o.sources[i]
		if src.Kafka != nil {
			continue // the group tells what there is
		}
		names, err := source.Logs(src.File)
		errs = append(errs, err)
		more = true
		for _, name := range names {
			if s.known[name] {
				continue
			}
			log, err := s.follow(name, src, now)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			s.known[name] = true
			logs = append(logs, log)
		}
	}
	return logs, more, errors.Join(errs...)
}

// follow builds the stages of one log.
func (s *logSet) follow(name string, src *config.Source, now time.Time) (*pipeline.Log, error) {
	location, err := s.o.zoneOf(src)
	if err != nil {
		return nil, err
	}
	checkpoints := s.doc.Logs[name]
	follower, err := source.NewFollower(name, checkpoints, s.doc.Saved, source.FollowConfig{
		Config:  source.Config{MaxLine: s.o.maxLine, Location: location, Year: now.Year()},
		FromEnd: src.Start == config.StartEnd, Logger: s.o.logger,
	})
	if err != nil {
		return nil, err
	}
	stream := follower.Stream()
	clock := parse.NewClock(parse.ClockConfig{Location: location, ModTime: now})
	follow := &pipeline.Follow{
		Source: stream, Parse: parse.New(clock), Table: pair.New(pair.Config{GiveUp: s.o.giveUp, Prompt: true}), Tracker: s.tracker,
		Run: pipeline.Run{Enrich: s.enricher, Deliver: s.sink, Repeated: s.tracker.Repeated},
	}
	s.o.logger.Info("following", "source", name, "resumed", len(checkpoints) > 0)
	return &pipeline.Log{
		Name: name, Follow: follow, Close: stream.Close,
		Checkpoints: func() []tailer.Checkpoint { return stream.Checkpoints(s.tracker) },
	}, nil
}
