package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/internal/spool"
	"tailer/parse"
	"tailer/state"
)

// logSet finds the logs to follow and builds their stages.
type logSet struct {
	o        *runOptions
	resume   map[string][]tailer.Checkpoint // of the last run
	saved    time.Time                      // when
	stdin    *source.Lender
	tracker  *state.Tracker
	enricher *enrich.Enricher
	sink     *delivery
	meter    *meter // nil: nobody looks
	mu       sync.Mutex
	known    map[string]bool // guarded by mu
	gone     []string        // that ended since the last checkpoint; guarded by mu
	looked   bool            // logs that are found from now on have come since
	spools   []io.Closer
}

// followed is a source that can be followed: a file, a pipe, a log service.
type followed interface {
	Stream() *source.Stream
	io.Closer
}

// sourceOf reads an argument of the command line.
func sourceOf(arg string) config.Source {
	if arg == "-" {
		return config.Source{Stdin: true}
	}
	if name, ok := strings.CutPrefix(arg, "docker:"); ok {
		return config.Source{Docker: name}
	}
	if unit, ok := strings.CutPrefix(arg, "journald:"); ok {
		return config.Source{Journald: unit}
	}
	if info, err := os.Stat(arg); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return config.Source{Pipe: arg}
	}
	return config.Source{File: arg}
}

// discover implements pipeline.Daemon's.
func (s *logSet) discover(now time.Time) (logs []*pipeline.Log, more bool, err error) {
	var errs []error
	for i := range s.o.sources {
		src := &s.o.sources[i]
		if src.Kafka != nil {
			more = true
			continue // the group tells what there is
		}
		names, err := s.namesOf(src)
		errs = append(errs, err)
		more = more || src.File != ""
		for _, name := range names {
			if s.knows(name) {
				continue
			}
			log, err := s.follow(name, src, now)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			s.mu.Lock()
			s.known[name] = true
			s.mu.Unlock()
			delete(s.resume, name) // if it comes back after it was gone, it is a new one
			logs = append(logs, log)
		}
	}
	s.looked = true
	return logs, more, errors.Join(errs...)
}

func (s *logSet) knows(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[name]
}

// forget lets a log be forgotten that has ended. If it comes back, it is a new one.
func (s *logSet) forget(name string) {
	s.o.logger.Info("log is gone", "source", name)
	s.meter.forget(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, name)
	s.gone = append(s.gone, name)
}

// checkpoint takes what there is of all logs into doc.
func (s *logSet) checkpoint(doc *state.Document, logs map[string][]tailer.Checkpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.gone {
		delete(doc.Logs, name)
	}
	s.gone = nil
	maps.Copy(doc.Logs, logs)
}

// namesOf returns the names of the logs that a source stands for now.
func (s *logSet) namesOf(src *config.Source) ([]string, error) {
	switch {
	case src.Stdin:
		return []string{"-"}, nil
	case src.Pipe != "":
		return []string{src.Pipe}, nil
	case src.Docker != "":
		return []string{"docker:" + src.Docker}, nil
	case src.Journald != "":
		return []string{"journald:" + src.Journald}, nil
	case src.HTTP != nil:
		return []string{"http:" + src.HTTP.Listen}, nil
	}
	return source.Logs(src.File)
}

// open opens the source of one log.
func (s *logSet) open(name string, src *config.Source, cfg source.FollowConfig) (followed, error) {
	resume := s.resume[name]
	switch {
	case src.Stdin:
		return s.openPipe("stdin", name, s.stdin.Lease(), resume, cfg)
	case src.Pipe != "":
		// Opened for writing too, it has no end when a writer goes.
		pipe, err := os.OpenFile(src.Pipe, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		return s.openPipe("pipe-"+source.Digest(name), name, pipe, resume, cfg)
	case src.Docker != "":
		return source.NewDocker(src.Socket, src.Docker, resume, cfg)
	case src.Journald != "":
		return source.NewJournald("", src.Journald, resume, cfg)
	}
	return source.NewFollower(name, resume, s.saved, cfg)
}

// openPipe opens a pipe with its spool.
func (s *logSet) openPipe(file, name string, src io.ReadCloser, resume []tailer.Checkpoint, cfg source.FollowConfig) (followed, error) {
	logger := s.o.logger.With("component", "spool", "source", name)
	bounds := s.o.spoolConfig(logger)
	bounds.DropOldest = s.o.limits.SpoolFull == "drop-oldest"
	bounds.OnDrop = func(from, upTo int64) {
		logger.Warn("spool is full, its oldest lines are lost", "size_bytes", upTo-from)
	}
	kept, err := spool.Open(filepath.Join(s.o.state, "spool", file+".db"), bounds)
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	s.spools = append(s.spools, kept)
	s.meter.keep(kept)
	return source.NewPipe(name, src, kept, resume, cfg)
}

// follow builds the stages of one log.
func (s *logSet) follow(name string, src *config.Source, now time.Time) (*pipeline.Log, error) {
	location, err := s.o.zoneOf(src)
	if err != nil {
		return nil, err
	}
	if src.HTTP != nil {
		return s.receive(name, src, location)
	}
	// What a glob or a folder names comes and goes; a name alone is waited for.
	ends := src.File != "" && filepath.Clean(src.File) != name
	resumed := len(s.resume[name]) > 0
	from, err := s.open(name, src, source.FollowConfig{
		Config: source.Config{Together: true, MaxLine: s.o.maxLine, Location: location, Year: now.Year()},
		Ends:   ends, FromEnd: src.Start == config.StartEnd && !s.looked, Logger: s.o.logger,
	})
	if err != nil {
		return nil, err
	}
	stream := from.Stream()
	stream.Look() // so that its checkpoint tells where it begins
	clock := parse.NewClock(parse.ClockConfig{Location: location, Date: s.o.date, ModTime: now})
	follow := &pipeline.Follow{
		Source: stream, Parse: parse.New(clock), Table: pair.New(pair.Config{GiveUp: s.o.giveUp, Prompt: true}), Tracker: s.tracker,
		Run: pipeline.Run{Enrich: s.enricher, Deliver: s.sink, Repeated: s.tracker.Repeated},
	}
	if pod, ok := source.PodOf(name); ok && src.PodTags {
		follow.Enrich = &tagger{follow.Enrich, pod.Tags()}
	}
	s.meter.watch(name, follow)
	s.o.logger.Info("following", "source", name, "resumed", resumed)
	log := &pipeline.Log{
		Name: name, Follow: follow, Close: stream.Close,
		Checkpoints: func() []tailer.Checkpoint { return stream.Checkpoints(s.tracker) },
	}
	if ends {
		log.Gone = func() { s.forget(name) }
	}
	return log, nil
}

// close closes the spools; the sources are closed by then.
func (s *logSet) close() error {
	var errs []error
	for _, c := range s.spools {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// tagger adds tags to what another enricher says.
type tagger struct {
	pipeline.Enricher
	tags []string
}

// Enrich implements pipeline.Enricher.
func (t *tagger) Enrich(x *tailer.Exchange) {
	t.Enricher.Enrich(x)
	tags := slices.Concat(x.Attribution.Tags, t.tags)
	slices.Sort(tags)
	x.Attribution.Tags = slices.Compact(tags)
}
