package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const kafkaTopic = "litellm-logs"

// TestRunKafka sends one log as two pods wrote it, line by line in turns, through
// Kafka to two tailers of one group. One of them stops half way. Each request
// comes out once.
func TestRunKafka(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(6, kafkaTopic))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	first := newMember(t, fake, "first")
	second := newMember(t, fake, "second")
	var logs [2][][]byte
	want := map[string]bool{}
	for i, name := range []string{"1.109.1/json-detailed", "1.84.10/docker-json"} {
		c := openCapture(t, name)
		text := c.text(t, "proxy.log")
		logs[i] = bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		for _, line := range linesIn(c.backfillFrom(t, bytes.NewReader(text), "-")) {
			want[rootOf(line)] = true
		}
	}
	for n := range max(len(logs[0]), len(logs[1])) {
		for i, pod := range []string{"pod-a", "pod-b"} {
			if n >= len(logs[i]) {
				continue
			}
			value, err := json.Marshal(map[string]string{"message": string(logs[i][n]), "host": pod})
			if err != nil {
				t.Fatal(err)
			}
			client.Produce(t.Context(), &kgo.Record{Topic: kafkaTopic, Key: []byte(pod), Value: value}, nil)
		}
		if n == len(logs[0])/2 {
			if err := client.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			first.wait(t, 1, second)
			first.stop(t)
		}
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.wait(t, len(want), first)
	second.stop(t)

	ids := map[string]int{}
	for _, line := range append(first.lines(), second.lines()...) {
		ids[rootOf(line)]++
	}
	for id, n := range ids {
		if n != 1 || !want[id] {
			t.Errorf("request %s came %d times; it is in the log: %v", id, n, want[id])
		}
	}
	if len(ids) != len(want) {
		t.Errorf("%d requests came, want %d", len(ids), len(want))
	}
}

// newMember starts a tailer of the group.
func newMember(t *testing.T, fake *kfake.Cluster, name string) *follower {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "tailer.yaml")
	text := fmt.Sprintf("sources:\n  - kafka: {brokers: [%q], topics: [%s], field: message}\n    timezone: UTC\nstate_dir: %s\ngive_up: 15s\n",
		fake.ListenAddrs()[0], kafkaTopic, filepath.Join(dir, "state"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &follower{name: name, dir: dir, out: filepath.Join(dir, name+".jsonl")}
	m.start(t, "--config", file)
	t.Cleanup(func() { m.stop(t) })
	return m
}
