package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"tailer"
	"tailer/internal/config"
	"tailer/internal/source/kafka"
)

const (
	// commitEvery is how often the place in a partition is committed.
	commitEvery = time.Second
	// writerBytes bounds what the pairing of one writer holds. There may be many.
	writerBytes = 8 << 20
	// defaultGroup is the consumer group where none is named.
	defaultGroup = "tailer"
)

// groups are the consumer groups that the configuration names.
func (s *logSet) groups() (run []func(context.Context) error, err error) {
	for i := range s.o.sources {
		src := &s.o.sources[i]
		if src.Kafka == nil {
			continue
		}
		cfg, err := s.kafkaConfig(src.Kafka)
		if err != nil {
			return nil, err
		}
		location, err := s.o.zoneOf(src)
		if err != nil {
			return nil, err
		}
		run = append(run, func(ctx context.Context) error {
			consumer, err := kafka.New(cfg)
			if err != nil {
				return err
			}
			return consumer.Run(ctx, func(ctx context.Context, p *kafka.Partition) error { return s.serve(ctx, p, location) })
		})
	}
	return run, nil
}

// serve follows one partition until the group takes it away.
func (s *logSet) serve(ctx context.Context, p *kafka.Partition, location *time.Location) error {
	s.tracker.Forget(p.Source())
	begin, resolved := p.Resume()
	s.tracker.Resume(p.Source(), begin, resolved)
	follow := s.perWriter(p, location)
	follow.Deliver = &replays{s.sink, p, time.Now()}
	s.meter.watch(p.Source(), follow)
	commits := make(chan struct{})
	committing, end := context.WithCancel(ctx)
	go func() {
		defer close(commits)
		s.commit(committing, p)
	}()
	err := follow.Forever(ctx)
	end()
	<-commits
	if ctx.Err() == nil {
		return err
	}
	// What is under way is delivered before somebody else reads on.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := s.sink.Flush(last); err != nil && last.Err() == nil {
		return err
	}
	return s.commitOnce(last, p)
}

// replays delivers what is read of a partition. What was there before it came here
// may be delivered already, by a member that was killed before it could say so.
type replays struct {
	*delivery
	partition *kafka.Partition
	since     time.Time // when it came here
}

// Deliver implements pipeline.Deliverer.
func (r *replays) Deliver(ctx context.Context, x *tailer.Exchange) error {
	for _, at := range x.Positions {
		if r.partition.Replayed(at.Offset) {
			return r.deliver(ctx, x, r.since)
		}
	}
	return r.delivery.Deliver(ctx, x)
}

// commit keeps the group's offset up with delivery until ctx ends.
func (s *logSet) commit(ctx context.Context, p *kafka.Partition) {
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.commitOnce(ctx, p)
		if err != nil && ctx.Err() == nil && !failed {
			s.o.logger.Warn("commit failed, will try again", "source", p.Source(), "err", err)
		}
		failed = err != nil
	}
}

// commitOnce tells the group how far delivery is. A partition that was lost needs
// no commit: its next owner reads again.
func (s *logSet) commitOnce(ctx context.Context, p *kafka.Partition) error {
	err := p.Commit(ctx, s.tracker.Low(p.Source()), s.tracker.Resolved(p.Source()))
	if errors.Is(err, kafka.ErrLost) {
		return nil
	}
	return err
}

// kafkaConfig reads the files that the configuration names.
func (s *logSet) kafkaConfig(c *config.Kafka) (kafka.Config, error) {
	cfg := kafka.Config{
		Brokers: c.Brokers, Topics: c.Topics, Group: c.Group, Field: c.Field,
		Mechanism: c.Mechanism, User: c.User, Version: version, Logger: s.o.logger,
	}
	if cfg.Group == "" {
		cfg.Group = defaultGroup
	}
	var err error
	if cfg.Password, err = secretFile("kafka.password_file", c.PasswordFile); err != nil {
		return cfg, err
	}
	if !c.TLS {
		return cfg, nil
	}
	cfg.TLS, err = clientTLS(c.CAFile, c.CertFile, c.KeyFile)
	return cfg, err
}

// clientTLS trusts the authorities in one file, and shows a certificate if it has
// one.
func clientTLS(authorities, certificate, key string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if authorities != "" {
		text, err := os.ReadFile(authorities)
		if err != nil {
			return nil, usagef("ca_file: %v", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, usagef("ca_file %s holds no certificate", authorities)
		}
	}
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, usagef("cert_file and key_file: %v", fmt.Errorf("load key pair: %w", err))
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
