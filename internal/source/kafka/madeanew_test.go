package kafka

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestMadeAnew reads a topic that is shorter than what the group has committed: it
// was deleted and made anew. None of its lines counts as resolved.
func TestMadeAnew(t *testing.T) {
	fake := cluster(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	before := kadm.Offsets{}
	for n := range int32(partitions) {
		before.Add(kadm.Offset{Topic: topic, Partition: n, At: 5000, LeaderEpoch: -1})
	}
	if err := kadm.NewClient(client).CommitAllOffsets(t.Context(), "tailer", before); err != nil {
		t.Fatal(err)
	}
	produce(t, fake, 0, 20)
	consumer, err := New(Config{Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "tailer"})
	if err != nil {
		t.Fatal(err)
	}
	l := newLog()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- consumer.Run(ctx, func(ctx context.Context, p *Partition) error {
			for ctx.Err() == nil {
				line, err := p.Next()
				if err != nil {
					p.Wait(ctx, patience)
					continue
				}
				if low, _ := p.Resume(); line.Pos.Offset < low {
					return fmt.Errorf("a line at %d counts as resolved: all before %d is", line.Pos.Offset, low)
				}
				l.add(line.Writer, string(line.Bytes))
				if err := p.Commit(context.WithoutCancel(ctx), line.Pos.End, nil); err != nil && !errors.Is(err, ErrLost) {
					return err
				}
			}
			return nil
		})
	}()
	for len(ended) == 0 && l.count() < 200 {
		select {
		case <-l.grown:
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	after, err := kadm.NewClient(client).FetchOffsets(t.Context(), "tailer")
	if err != nil {
		t.Fatal(err)
	}
	committed := int64(0)
	after.Each(func(o kadm.OffsetResponse) { committed += o.At })
	if committed != 200 {
		t.Errorf("%d records are committed, want 200", committed)
	}
}
