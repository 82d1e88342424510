package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
	if kept := string(readFile(t, filepath.Join(dir, "objects.json"))); !strings.Contains(kept, fmt.Sprintf("chatcmpl-%d.json", count-1)) {
		t.Errorf("the place in the bucket is %s", kept)
	}
	before := len(server.Spans())
	if send.succeed(t); len(server.Spans()) != before {
		t.Error("a bucket that was read is read again")
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
