package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// fetchBytes bounds one fetch from one broker.
	fetchBytes = 2 << 20
	// tellIdle is how long a member waits for its first partition before it says so.
	tellIdle = 30 * time.Second
	// pollRecords bounds what is taken from the client at once.
	pollRecords = 500
)

// ErrLost says that the group gave the partition to somebody else without asking:
// this member was too slow to answer, or was cut off. Nothing can be committed.
var ErrLost = errors.New("partition lost to another member of the group")

// Serve reads one partition until ctx ends, which it does when the group takes the
// partition away or Run's own ctx ends. It commits what it can and returns soon:
// the group waits for it.
type Serve func(ctx context.Context, p *Partition) error

// A Consumer is one member of a consumer group. Run may be called once.
type Consumer struct {
	opts   []kgo.Opt
	group  string
	field  string
	logger *slog.Logger
	serve  Serve
	ctx    context.Context // of Run: the client's callbacks have none of their own

	mu    sync.Mutex
	parts map[place]*Partition // guarded by mu
	err   error                // the first of a Serve; guarded by mu
	fail  context.CancelFunc   // ends Run
}

// place names a partition.
type place struct {
	topic     string
	partition int32
}

// New checks cfg. It does not connect yet.
func New(cfg Config) (*Consumer, error) {
	opts, err := cfg.options()
	if err != nil {
		return nil, err
	}
	c := &Consumer{group: cfg.Group, field: cfg.Field, logger: cfg.Logger.With("component", "kafka"), parts: map[place]*Partition{}}
	opts = append(opts, kgo.WithHooks(&brokers{logger: c.logger}),
		kgo.OnPartitionsAssigned(c.assigned), kgo.OnPartitionsRevoked(c.revoked), kgo.OnPartitionsLost(c.lost))
	if err := kgo.ValidateOpts(opts...); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	c.opts = opts
	return c, nil
}

// Run joins the group and calls serve on a goroutine of its own for each
// partition that the group gives. It leaves the group and returns when ctx ends
// (nil), or with the first error of a serve. All goroutines have ended then.
func (c *Consumer) Run(ctx context.Context, serve Serve) error {
	ctx, c.fail = context.WithCancel(ctx)
	defer c.fail()
	c.ctx, c.serve = ctx, serve
	client, err := kgo.NewClient(c.opts...) // which joins at once
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	idle := time.AfterFunc(tellIdle, func() {
		if len(c.all()) == 0 && ctx.Err() == nil {
			c.logger.Warn("no partition was given yet: is there such a topic, and has the group more members than partitions?", "group", c.group)
		}
	})
	c.poll(ctx, client)
	idle.Stop()
	c.take(c.all(), false)
	client.CloseAllowingRebalance()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// poll hands records to their partitions until ctx ends.
func (c *Consumer) poll(ctx context.Context, client *kgo.Client) {
	told := ""
	for {
		fetches := client.PollRecords(ctx, pollRecords)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		said := ""
		fetches.EachError(func(topic string, partition int32, err error) {
			said = fmt.Sprintf("%s/%d: %v", topic, partition, err)
		})
		if said != "" && said != told { // the client tries again for ever: once is enough
			c.logger.Warn("fetch failed, will try again", "err", said)
		}
		told = said
		fetches.EachPartition(func(fetched kgo.FetchTopicPartition) {
			if p := c.part(place{fetched.Topic, fetched.Partition}); p != nil {
				p.push(fetched.Records)
			}
		})
		client.AllowRebalance()
	}
}

func (c *Consumer) part(at place) *Partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[at]
}

func (c *Consumer) all() []*Partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts := make([]*Partition, 0, len(c.parts))
	for _, p := range c.parts {
		parts = append(parts, p)
	}
	return parts
}

// assigned starts a reader for each new partition, told where the last one was
// and where the partition ends now.
func (c *Consumer) assigned(ctx context.Context, client *kgo.Client, given map[string][]int32) {
	topics := make([]string, 0, len(given))
	for topic := range given {
		topics = append(topics, topic)
	}
	admin := kadm.NewClient(client)
	committed, err := admin.FetchOffsetsForTopics(ctx, c.group, topics...)
	ends, endErr := admin.ListEndOffsets(ctx, topics...)
	starts, startErr := admin.ListStartOffsets(ctx, topics...)
	if err := errors.Join(err, endErr, startErr); err != nil {
		c.logger.Warn("offsets are not known: all that is read counts as a replay", "err", err)
	}
	for topic, partitions := range given {
		for _, number := range partitions {
			p := newPartition(c, client, place{topic, number})
			if last, ok := committed.Lookup(topic, number); ok && last.Err == nil && last.At >= 0 {
				p.begin, p.resolved = last.At, unpackResolved(last.At*unit, last.Metadata)
				p.committed = commit{last.At, last.Metadata}
			}
			if end, ok := ends.Lookup(topic, number); ok && end.Err == nil {
				p.end = end.Offset
			}
			if p.end < p.begin {
				// The client reads it from its start (ConsumeResetOffset): none of that is resolved.
				c.logger.Warn("partition ends before what the group has committed; it was made anew, and is read from its start",
					"source", p.Source(), "offset", p.begin, "end", p.end)
				p.begin, p.resolved, p.committed = 0, nil, commit{}
			}
			if start, ok := starts.Lookup(topic, number); ok && start.Err == nil && p.committed.low > 0 && start.Offset > p.begin {
				c.logger.Warn("records were removed before they were read; the rest is read",
					"source", p.Source(), "offset", p.begin, "start", start.Offset, "records", start.Offset-p.begin)
			}
			c.start(p)
		}
	}
}

func (c *Consumer) start(p *Partition) {
	ctx, cancel := context.WithCancel(c.ctx)
	p.cancel = cancel
	c.mu.Lock()
	c.parts[p.at] = p
	c.mu.Unlock()
	c.logger.Info("partition assigned", "source", p.Source())
	go func() {
		defer close(p.done)
		defer cancel()
		if err := c.serve(ctx, p); err != nil && ctx.Err() == nil {
			c.mu.Lock()
			if c.err == nil {
				c.err = fmt.Errorf("read %s: %w", p.Source(), err)
			}
			c.mu.Unlock()
			c.fail()
		}
	}()
}

// revoked waits until the readers of partitions that go elsewhere have returned.
func (c *Consumer) revoked(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	c.take(c.named(gone), false)
}

// lost is revoked without the right to commit.
func (c *Consumer) lost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	c.take(c.named(gone), true)
}

func (c *Consumer) named(names map[string][]int32) (parts []*Partition) {
	for topic, partitions := range names {
		for _, number := range partitions {
			if p := c.part(place{topic, number}); p != nil {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// take ends the readers of parts and waits for them.
func (c *Consumer) take(parts []*Partition, lost bool) {
	for _, p := range parts {
		p.take(lost)
	}
	for _, p := range parts {
		<-p.done
		c.mu.Lock()
		delete(c.parts, p.at)
		c.mu.Unlock()
		c.logger.Info("partition released", "source", p.Source(), "lost", lost)
	}
}
