package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic      = "litellm"
	partitions = 6
	patience   = 30 * time.Second // of a broken test; none waits so long
)

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	fake, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return fake
}

// produce writes count lines of each of ten pods, keyed by pod.
func produce(t *testing.T, fake *kfake.Cluster, from, count int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var records []*kgo.Record
	for n := from; n < from+count; n++ {
		for pod := range 10 {
			key := fmt.Sprintf("pod-%d", pod)
			records = append(records, &kgo.Record{Topic: topic, Key: []byte(key), Value: fmt.Appendf(nil, "%s line %d", key, n)})
		}
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// log is what the members of a group have read together.
type log struct {
	mu    sync.Mutex
	lines map[string]int // how often each was read and committed
	last  map[string]string
	grown chan struct{}
}

func newLog() *log {
	return &log{lines: map[string]int{}, last: map[string]string{}, grown: make(chan struct{}, 1)}
}

func (l *log) add(writer, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[line]++
	l.last[writer] = line
	select {
	case l.grown <- struct{}{}:
	default:
	}
}

func (l *log) wait(t *testing.T, count int) {
	t.Helper()
	late := time.After(patience)
	for {
		l.mu.Lock()
		n := len(l.lines)
		l.mu.Unlock()
		if n >= count {
			return
		}
		select {
		case <-l.grown:
		case <-late:
			t.Fatalf("%d lines came, want %d", n, count)
		}
	}
}

// member runs a consumer that commits after each line.
func member(t *testing.T, fake *kfake.Cluster, l *log, cfg Config) (stop func()) {
	t.Helper()
	cfg.Brokers, cfg.Topics, cfg.Group = fake.ListenAddrs(), []string{topic}, "tailer"
	consumer, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		result <- consumer.Run(ctx, func(ctx context.Context, p *Partition) error {
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
	return func() {
		cancel()
		select {
		case err := <-result:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not return")
		}
	}
}

// TestRebalance lets members join and leave while lines come: each is read once,
// each writer's in order.
func TestRebalance(t *testing.T) {
	fake, l := cluster(t), newLog()
	stopFirst := member(t, fake, l, Config{})
	produce(t, fake, 0, 50)
	l.wait(t, 500)
	stopSecond := member(t, fake, l, Config{})
	produce(t, fake, 50, 50)
	stopThird := member(t, fake, l, Config{})
	produce(t, fake, 100, 50)
	l.wait(t, 1500)
	stopFirst()
	produce(t, fake, 150, 50)
	l.wait(t, 2000)
	stopThird()
	stopSecond()
	for line, n := range l.lines {
		if n != 1 {
			t.Errorf("%q was read %d times", line, n)
		}
	}
	for writer, line := range l.last {
		if want := writer + " line 199"; line != want {
			t.Errorf("the last line of %s is %q, want %q", writer, line, want)
		}
	}
}

// TestUncommittedIsReadAgain kills a member before it commits.
func TestUncommittedIsReadAgain(t *testing.T) {
	fake := cluster(t)
	produce(t, fake, 0, 20)
	seen, replayed := newLog(), newLog()
	for _, read := range []*log{seen, replayed} {
		consumer, err := New(Config{Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "tailer"})
		if err != nil {
			t.Fatal(err)
		}
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
					if !p.Replayed(line.Pos.Offset) {
						t.Errorf("offset %d of %s counts as new", line.Pos.Offset, p.Source())
					}
					read.add(line.Writer, string(line.Bytes))
				}
				return nil
			})
		}()
		read.wait(t, 200)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}

func TestServeErrorEndsRun(t *testing.T) {
	fake := cluster(t)
	produce(t, fake, 0, 1)
	consumer, err := New(Config{Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "tailer"})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk full")
	err = consumer.Run(t.Context(), func(context.Context, *Partition) error { return broken })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "kafka:"+topic+"/") {
		t.Errorf("got %v, want the reader's own error with its partition", err)
	}
}

// TestSlowReaderPauses fills a partition faster than it is read.
func TestSlowReaderPauses(t *testing.T) {
	fake := cluster(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const count = 60
	for n := range count {
		value := slices.Concat(fmt.Appendf(nil, "%d ", n), make([]byte, 900<<10))
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("pod"), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	consumer, err := New(Config{Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "tailer"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	read, paused := 0, false
	err = consumer.Run(ctx, func(ctx context.Context, p *Partition) error {
		for ctx.Err() == nil {
			_, err := p.Next()
			if err != nil {
				p.Wait(ctx, patience)
				continue
			}
			if read++; read == 1 { // wait until no more comes
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for !paused && ctx.Err() == nil {
					<-tick.C
					p.mu.Lock()
					paused = p.paused
					held := p.bytes
					p.mu.Unlock()
					if held > pauseBytes+8*fetchBytes {
						t.Errorf("%d bytes are held", held)
					}
				}
			}
			if read == count {
				cancel()
			}
		}
		return nil
	})
	if err != nil || read != count || !paused {
		t.Errorf("read %d of %d, paused %v: %v", read, count, paused, err)
	}
}

func TestSASL(t *testing.T) {
	fake := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "tailer", "hunter22"))
	client, err := kgo.NewClient(must(t, Config{
		Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "other", Mechanism: ScramSHA256, User: "tailer", Password: "hunter22",
	})...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("a\r\n\nb\n")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	l := newLog()
	stop := member(t, fake, l, Config{Mechanism: ScramSHA256, User: "tailer", Password: "hunter22"})
	l.wait(t, 3)
	stop()
	for _, line := range []string{"a", "", "b"} {
		if l.lines[line] != 1 {
			t.Errorf("%q came %d times", line, l.lines[line])
		}
	}
}

func must(t *testing.T, cfg Config) []kgo.Opt {
	t.Helper()
	opts, err := cfg.options()
	if err != nil {
		t.Fatal(err)
	}
	return opts
}

func TestConfig(t *testing.T) {
	good := Config{Brokers: []string{"127.0.0.1:9092"}, Topics: []string{topic}, Group: "g", Password: "hunter22"}
	tests := []struct {
		name  string
		spoil func(*Config)
		says  string
	}{
		{"no broker", func(c *Config) { c.Brokers = nil }, "broker"},
		{"no topic", func(c *Config) { c.Topics = nil }, "topic"},
		{"no group", func(c *Config) { c.Group = "" }, "group"},
		{"unknown mechanism", func(c *Config) { c.Mechanism = "kerberos" }, "kerberos"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := good
			test.spoil(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	if said := fmt.Sprintf("%v %+v %#v %s", good, good, good, good.LogValue()); strings.Contains(said, "hunter22") {
		t.Errorf("the password is printed: %s", said)
	}
}

// TestResume lets one member deal with lines out of order, and asks the next one
// what it was told of that.
func TestResume(t *testing.T) {
	fake := cluster(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for n := range 10 {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: 2, Value: fmt.Append(nil, n)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	resolved := []int64{4 * unit, 5*unit + 1, 9 * unit}
	for round := range 2 {
		consumer, err := New(Config{Brokers: fake.ListenAddrs(), Topics: []string{topic}, Group: "tailer"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = consumer.Run(ctx, func(_ context.Context, p *Partition) error {
			if p.at.partition != 2 {
				return nil
			}
			defer cancel()
			begin, known := p.Resume()
			if round == 0 {
				return p.Commit(context.WithoutCancel(ctx), 3*unit+7, resolved)
			}
			if begin != 3*unit || !slices.Equal(known, resolved) || !p.Replayed(9*unit) || p.Replayed(10*unit) {
				t.Errorf("resumed at %d with %v resolved; 9 replayed: %v, 10: %v", begin, known, p.Replayed(9*unit), p.Replayed(10*unit))
			}
			for want := int64(3); want < 10; {
				line, err := p.Next()
				if err != nil {
					p.Wait(ctx, patience)
					continue
				}
				if line.Pos.Offset != want*unit || string(line.Bytes) != fmt.Sprint(want) {
					t.Errorf("offset %d holds %q, want %d", line.Pos.Offset, line.Bytes, want)
				}
				want++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
