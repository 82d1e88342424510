package kafka

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// said is what a logger wrote.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *said) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

// wait returns once it says a text.
func (s *said) wait(t *testing.T, text string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !strings.Contains(s.String(), text) {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it does not say %q but\n%s", text, s)
		}
	}
}

func newProducer(t *testing.T, fake *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(fake.ListenAddrs()...), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.lines))
}

// TestTransactions reads what was committed, and not what was taken back.
func TestTransactions(t *testing.T) {
	fake := cluster(t)
	client := newProducer(t, fake, kgo.TransactionalID("shipper"))
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		text := "taken back"
		if end == kgo.TryCommit {
			text = "committed"
		}
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), kgo.StringRecord(text)).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	l := newLog()
	stop := member(t, fake, l, Config{})
	l.wait(t, 1)
	stop()
	if got := l.all(); !slices.Equal(got, []string{"committed"}) {
		t.Errorf("%q was read", got)
	}
}

// TestRemoved tells of records that the topic did not keep until they were read, and
// reads the rest, a tombstone among it.
func TestRemoved(t *testing.T) {
	fake := cluster(t)
	client := newProducer(t, fake)
	for _, text := range []string{"0", "1", "2", "3", "4"} {
		if err := client.ProduceSync(t.Context(), kgo.StringRecord(text)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Key: []byte("pod")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	admin := kadm.NewClient(client)
	at := func(offset int64) kadm.Offsets {
		offsets := kadm.Offsets{}
		offsets.AddOffset(topic, 0, offset, -1)
		return offsets
	}
	if err := admin.CommitAllOffsets(t.Context(), "tailer", at(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeleteRecords(t.Context(), at(4)); err != nil {
		t.Fatal(err)
	}
	l, words := newLog(), &said{}
	stop := member(t, fake, l, Config{Logger: words.logger()})
	l.wait(t, 2)
	stop()
	if got := l.all(); !slices.Equal(got, []string{"", "4"}) {
		t.Errorf("%q was read", got)
	}
	if !strings.Contains(words.String(), "records=3") {
		t.Errorf("it says\n%s", words)
	}
}

// TestRefused tells once of brokers that are not there, or refuse the password.
func TestRefused(t *testing.T) {
	fake := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "right"))
	for _, test := range []struct{ name, broker, text string }{
		{"nobody there", "127.0.0.1:1", "refused"},
		{"wrong password", fake.ListenAddrs()[0], "can't be used"},
	} {
		words := &said{}
		consumer, err := New(Config{
			Brokers: []string{test.broker}, Topics: []string{topic}, Group: "tailer", Logger: words.logger(),
			Mechanism: Plain, User: "user", Password: "hunter22",
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- consumer.Run(ctx, func(context.Context, *Partition) error { return nil }) }()
		words.wait(t, test.text)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if text := words.String(); strings.Count(text, "can't be used") != 1 || strings.Contains(text, "hunter22") {
			t.Errorf("%s: it says\n%s", test.name, text)
		}
	}
}

// TestSize counts headers: they stay in memory with the value.
func TestSize(t *testing.T) {
	record := &kgo.Record{Key: []byte("k"), Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: "h", Value: make([]byte, 1<<20)}}}
	if n := size(record); n < 1<<20 {
		t.Errorf("a record with a MiB of headers counts for %d bytes", n)
	}
}
