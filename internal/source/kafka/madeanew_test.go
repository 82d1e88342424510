package kafka

import (
	"testing"

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
	l := newLog()
	stop := member(t, fake, l, Config{})
	l.wait(t, 200)
	stop()
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
