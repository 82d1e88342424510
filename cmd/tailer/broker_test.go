//go:build kafka

package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tailer/ship/shiptest"
)

// startBroker runs Apache Kafka in KRaft mode and returns its address. It needs
// Java 17 and Maven.
func startBroker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pom, err := filepath.Abs(filepath.Join("..", "..", "testdata", "kafka", "pom.xml"))
	if err != nil {
		t.Fatal(err)
	}
	paths := filepath.Join(dir, "classpath")
	run(t, exec.Command("mvn", "-q", "-B", "-f", pom, "dependency:build-classpath", "-Dmdep.outputFile="+paths))
	classpath := strings.TrimSpace(string(readFile(t, paths)))
	client, controller := freeAddress(t), freeAddress(t)
	properties := writeFile(t, filepath.Join(dir, "server.properties"), []byte(strings.Join([]string{
		"process.roles=broker,controller", "node.id=1", "controller.quorum.voters=1@" + controller,
		"listeners=PLAINTEXT://" + client + ",CONTROLLER://" + controller, "advertised.listeners=PLAINTEXT://" + client,
		"controller.listener.names=CONTROLLER", "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs=" + filepath.Join(dir, "logs"), "offsets.topic.replication.factor=1", "offsets.topic.num.partitions=3",
		"transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1", "group.initial.rebalance.delay.ms=0",
	}, "\n")))
	run(t, exec.Command("java", "-cp", classpath, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", properties))
	broker := exec.Command("java", "-Xmx512m", "-cp", classpath, "kafka.Kafka", properties)
	if err := broker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = broker.Process.Kill()
		_ = broker.Wait()
	})
	for late := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) { // it is no part of this program
		connection, err := net.Dial("tcp", client)
		if err == nil {
			_ = connection.Close()
			return client
		}
		if time.Now().After(late) {
			t.Fatalf("the broker does not listen: %v", err)
		}
	}
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, out)
	}
}

// TestFleet lets 20,000 requests of thirty pods flow through a real broker to three
// tailers that are killed, stopped and started all the while: each comes once.
func TestFleet(t *testing.T) {
	requests := 20_000
	if n, err := strconv.Atoi(os.Getenv("TAILER_FLEET_REQUESTS")); err == nil {
		requests = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))

	broker := startBroker(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.RequestRetries(100), kgo.RetryTimeout(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 6, 1, nil, kafkaTopic); err != nil {
		t.Fatal(err)
	}
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)

	dir := t.TempDir()
	config := writeFile(t, filepath.Join(dir, "tailer.yaml"), fmt.Appendf(nil,
		"sources:\n  - kafka: {brokers: [%q], topics: [%s]}\n    timezone: UTC\n", broker, kafkaTopic))
	fleet := make([]*member, 3)
	for i := range fleet {
		fleet[i] = &member{config: config, dir: filepath.Join(dir, strconv.Itoa(i)), env: keys(server)}
		fleet[i].start(t)
		t.Cleanup(fleet[i].kill)
	}

	produced := make(chan int, 1)
	go func() { produced <- produce(t, client, requests) }()
	change := time.NewTicker(4 * time.Second)
	defer change.Stop()
	changes, want := 0, 0
	for flowing := true; flowing; {
		select {
		case want = <-produced:
			flowing = false
		case <-change.C:
			m := fleet[chance.IntN(len(fleet))]
			if chance.IntN(2) == 0 {
				m.kill()
			} else {
				m.stop(t)
			}
			m.start(t)
			changes++
		}
	}
	t.Logf("%d requests in %d spans, while tailers were ended %d times", requests, want, changes)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for len(server.Spans()) < want && ctx.Err() == nil {
		<-change.C
	}
	<-change.C // what comes twice comes late
	twice := 0
	for _, n := range server.Spans() {
		if n != 1 {
			twice++
		}
	}
	t.Logf("%d spans came, %d of them more than once", len(server.Spans()), twice)
	if got := len(server.Spans()); got != want || twice > 0 {
		t.Errorf("%d spans came, want %d, each once", got, want)
	}
}

// produce sends each request in a few records of its pod, and returns how many
// spans they make.
func produce(t *testing.T, client *kgo.Client, requests int) (spans int) {
	const at = 500 // requests made at a time, so that the flow lasts
	pace := time.NewTicker(3 * time.Second)
	defer pace.Stop()
	log := amplified(t, requests)
	payloads := strings.SplitAfter(string(log), "\n}\n")[:requests]
	for begin := 0; begin < requests; begin += at {
		<-pace.C
		for n := begin; n < min(begin+at, requests); n++ {
			lines := strings.SplitAfter(payloads[n], "\n")
			third := len(lines)/3 + 1
			for len(lines) > 0 {
				part := lines[:min(third, len(lines))]
				lines = lines[len(part):]
				record := &kgo.Record{Topic: kafkaTopic, Key: fmt.Append(nil, "pod-", n%30), Value: []byte(strings.TrimSuffix(strings.Join(part, ""), "\n"))}
				client.Produce(t.Context(), record, nil)
			}
		}
		if err := client.Flush(t.Context()); err != nil {
			t.Error(err)
			return 0
		}
	}
	cmd := exec.Command(binary, "backfill", "--to", "-", "-")
	cmd.Stdin = strings.NewReader(string(log))
	out, err := cmd.Output()
	if err != nil {
		t.Error(err)
		return 0
	}
	for _, trace := range readTraces(t, out) {
		spans += len(trace)
	}
	return spans
}

// member is a tailer of the fleet.
type member struct {
	config, dir string
	env         map[string]string
	process     *exec.Cmd
}

func (m *member) start(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(m.dir, "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	m.process = exec.Command(binary, "run", "--config", m.config, "--state", filepath.Join(m.dir, "state"), "--visible-after", "500ms")
	m.process.Env = []string{"HOME=" + m.dir, "PATH=" + os.Getenv("PATH")}
	for name, value := range m.env {
		m.process.Env = append(m.process.Env, name+"="+value)
	}
	m.process.Stderr = log
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
}

func (m *member) kill() {
	_ = m.process.Process.Kill()
	_ = m.process.Wait()
}

func (m *member) stop(t *testing.T) {
	t.Helper()
	_ = m.process.Process.Signal(os.Interrupt)
	ended := make(chan error, 1)
	go func() { ended <- m.process.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("tailer does not stop")
		m.kill()
	}
}
