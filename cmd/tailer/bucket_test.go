package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"tailer/ship/shiptest"
)

// TestBucket sends payloads from a bucket to a v4 server, and kills tailer again
// and again on the way: each request comes once, and the last run goes on where
// the one before it was.
func TestBucket(t *testing.T) {
	const count = 1500
	store := s3mem.New()
	bucket := httptest.NewServer(gofakes3.New(store).Server())
	defer bucket.Close()
	if err := store.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	log, want := amplified(t, count), 0
	for _, spans := range readTraces(t, []byte(command{args: []string{"backfill", "--to", "-", "-"}, stdin: bytes.NewReader(log)}.succeed(t).stdout)) {
		want += len(spans)
	}
	for n, text := range strings.SplitAfter(string(log), "\n}\n")[:count] {
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(text)); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("litellm/2026-11-23/time-%06d_chatcmpl-%d.json", n, n)
		modified := map[string]string{"Last-Modified": "Mon, 23 Nov 2026 09:00:00 GMT"}
		if _, err := store.PutObject("logs", key, modified, bytes.NewReader(compact.Bytes()), int64(compact.Len()), nil); err != nil {
			t.Fatal(err)
		}
	}
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	env := keys(server)
	maps.Copy(env, map[string]string{
		"AWS_ENDPOINT_URL": bucket.URL, "AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": "do-not-print-me", "AWS_REGION": "us-east-1",
	})
	dir := t.TempDir()
	send := command{args: []string{"backfill", "--state", dir, "--visible-after", "100ms", "s3://logs/litellm/"}, env: env, dir: dir}

	killed := send
	for _, limit := range []int{300, 900} {
		killed.started = func(process *os.Process) { go killAt(server, process, limit) }
		if r := killed.run(t); r.code == 0 {
			t.Log("it was done before it was killed")
		}
	}
	r := send.succeed(t)
	if !strings.Contains(r.stderr, "going on in the bucket") || strings.Contains(r.stderr, "do-not-print-me") {
		t.Errorf("the last run says %q", r.stderr)
	}
	for id, n := range server.Spans() {
		if n != 1 {
			t.Errorf("span %s was stored %d times", id, n)
		}
	}
	if got := len(server.Spans()); got != want {
		t.Errorf("%d spans came, want %d", got, want)
	}
	if kept := string(readFile(t, filepath.Join(dir, "objects.json"))); !strings.Contains(kept, `"read"`) || strings.Contains(kept, "chatcmpl") {
		t.Errorf("the place in the bucket is %s", kept)
	}
	before := len(server.Spans())
	if send.succeed(t); len(server.Spans()) != before {
		t.Error("a bucket that was read is read again")
	}
}

// changing is a bucket whose objects get the time that it is told, and which counts
// how many are fetched.
type changing struct {
	http.Handler
	store   *s3mem.Backend
	objects [][]byte
	at      gofakes3.TimeSourceAdvancer
	fetched atomic.Int64
	refused sync.Map // key → code of the answer
}

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".json") {
		c.fetched.Add(1)
		if code, ok := c.refused.Load(path.Base(r.URL.Path)); ok {
			status := http.StatusForbidden
			if code == "NoSuchKey" {
				status = http.StatusNotFound
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
			return
		}
	}
	c.Handler.ServeHTTP(w, r)
}

func newChanging(t *testing.T, count int) *changing {
	t.Helper()
	c := &changing{at: gofakes3.FixedTimeSource(time.Now().Add(-3 * time.Hour))}
	c.store = s3mem.New(s3mem.WithTimeSource(c.at))
	c.Handler = gofakes3.New(c.store).Server()
	if err := c.store.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.SplitAfter(string(amplified(t, count)), "\n}\n")[:count] {
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(text)); err != nil {
			t.Fatal(err)
		}
		c.objects = append(c.objects, compact.Bytes())
	}
	return c
}

// put stores objects under keys in the order in which their requests began.
func (c *changing) put(t *testing.T, at time.Time, numbers ...int) {
	t.Helper()
	c.at.Advance(at.Sub(c.at.Now()))
	for _, n := range numbers {
		text := c.objects[n]
		if _, err := c.store.PutObject("logs", fmt.Sprintf("litellm/2026-11-23/time-%02d.json", n), map[string]string{"Last-Modified": at.UTC().Format(http.TimeFormat)}, bytes.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBucketLate gets an object whose key is before others that were read already: its
// request was long. What was there at the last run is not fetched again.
func TestBucketLate(t *testing.T) {
	c := newChanging(t, 8)
	bucket := httptest.NewServer(c)
	defer bucket.Close()
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	env := keys(server)
	maps.Copy(env, map[string]string{"AWS_ENDPOINT_URL": bucket.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "objects.json"), []byte(`{"version":1,"buckets":{"s3://logs/litellm/":"litellm/2026-11-23/time-05.json"}}`))
	long, now := time.Now().Add(-3*time.Hour), time.Now()
	for _, step := range []struct {
		name    string
		at      time.Time
		put     []int
		flags   []string
		fetched int64
	}{
		{"an older version's key does not count", long, []int{0, 1, 2, 4, 5, 7}, nil, 6},
		{"one of those that come now has a key before others", now, []int{3, 6}, nil, 2},
		{"within an hour of the last run", now, nil, nil, 2},
		{"what ended before a time began before it", now, nil, []string{"--since", "2027-11-23"}, 0},
		{"a run that leaves some out is not remembered", now, nil, []string{"--until", "2026-11-23"}, 2},
		{"so that this is as before", now, nil, nil, 2},
	} {
		c.put(t, step.at, step.put...)
		c.fetched.Store(0)
		command{args: append(append([]string{"backfill", "--state", dir}, step.flags...), "s3://logs/litellm/"), env: env, dir: dir}.succeed(t)
		if got := c.fetched.Load(); got != step.fetched {
			t.Errorf("%s: %d objects were fetched, want %d", step.name, got, step.fetched)
		}
	}
	want := 0
	for _, spans := range readTraces(t, []byte(command{args: []string{"backfill", "--to", "-", "-"}, stdin: bytes.NewReader(amplified(t, 8))}.succeed(t).stdout)) {
		want += len(spans)
	}
	for id, n := range server.Spans() {
		if n != 1 {
			t.Errorf("span %s was stored %d times", id, n)
		}
	}
	if got := len(server.Spans()); got != want {
		t.Errorf("%d spans came, want %d", got, want)
	}
}

// TestBucketUnread reads a bucket of which some objects can't be read: others are, it is
// told, and the next run tries them again. What one sink got, another one is still to
// get.
func TestBucketUnread(t *testing.T) {
	t.Parallel()
	const count = 6
	c := newChanging(t, count)
	bucket := httptest.NewServer(c)
	defer bucket.Close()
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	env := keys(server)
	maps.Copy(env, map[string]string{"AWS_ENDPOINT_URL": bucket.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
	c.put(t, time.Now().Add(-5*time.Hour), 0, 1, 2, 3, 4, 5)
	c.refused.Store("time-01.json", "AccessDenied")
	c.refused.Store("time-02.json", "NoSuchKey")
	c.refused.Store("time-04.json", "InvalidObjectState")
	dir := t.TempDir()
	run := command{args: []string{"backfill", "--state", dir, "s3://logs/litellm/"}, env: env, dir: dir}
	first := run.run(t)
	if first.code != 3 || !strings.Contains(first.stderr, "3 objects could not be read") || !strings.Contains(first.stderr, "time-04.json") || strings.Contains(first.stderr, "time-05") {
		t.Errorf("exit %d, it says %s", first.code, first.stderr)
	}
	some := len(server.Spans())
	if kept := string(readFile(t, filepath.Join(dir, "objects.json"))); !strings.Contains(kept, "time-01") || strings.Contains(kept, "time-03") {
		t.Errorf("the place in the bucket is %s", kept)
	}
	c.refused.Delete("time-01.json")
	c.refused.Delete("time-02.json")
	c.fetched.Store(0)
	if second := run.run(t); second.code != 3 || c.fetched.Load() != 3 || len(server.Spans()) <= some {
		t.Errorf("exit %d, %d objects were fetched, %d spans came before and %d since, it says %s", second.code, c.fetched.Load(), some, len(server.Spans())-some, second.stderr)
	}
	c.refused.Delete("time-04.json")
	c.fetched.Store(0)
	if run.succeed(t); c.fetched.Load() != 1 {
		t.Errorf("%d objects were fetched, want the one that was left", c.fetched.Load())
	}
	if run.succeed(t); c.fetched.Load() != 1 {
		t.Errorf("when all is read, %d objects are fetched", c.fetched.Load()-1)
	}
	all := len(server.Spans())

	toFile := run
	toFile.args = []string{"backfill", "--state", dir, "--to", "file:spans.jsonl", "s3://logs/litellm/"}
	for range 2 {
		c.fetched.Store(0)
		toFile.succeed(t)
		spans := 0
		for _, trace := range readTraces(t, readFile(t, filepath.Join(dir, "spans.jsonl"))) {
			spans += len(trace)
		}
		if c.fetched.Load() != count || spans != all {
			t.Errorf("a second sink: %d objects were fetched, and %d spans came, want %d and %d", c.fetched.Load(), spans, count, all)
		}
		if err := os.Remove(filepath.Join(dir, "spans.jsonl")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBucketKeysRefused ends a run whose own keys are wrong: not each object is at fault.
func TestBucketKeysRefused(t *testing.T) {
	t.Parallel()
	c := newChanging(t, 2)
	bucket := httptest.NewServer(c)
	defer bucket.Close()
	c.put(t, time.Now(), 0, 1)
	c.refused.Store("time-00.json", "ExpiredToken")
	r := command{args: []string{"backfill", "--to", "-", "s3://logs/litellm/"}, env: map[string]string{
		"AWS_ENDPOINT_URL": bucket.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1",
	}}.run(t)
	if r.code != 1 || !strings.Contains(r.stderr, "time-00.json") {
		t.Errorf("exit %d, it says %s", r.code, r.stderr)
	}
}

// killAt ends a process without warning when a server has so many spans.
func killAt(server *shiptest.Server, process *os.Process, count int) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if len(server.Spans()) >= count {
			_ = process.Kill() // it may have ended
			return
		}
	}
}
