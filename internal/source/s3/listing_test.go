package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const name = "litellm-logs"

// flaky fails each 97th request for an object, in the middle of its body.
type flaky struct {
	http.Handler
	count atomic.Int64
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") > 2 && f.count.Add(1)%97 == 0 {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "torn")
		panic(http.ErrAbortHandler)
	}
	f.Handler.ServeHTTP(w, r)
}

// open returns a bucket with count objects, its address and its transport's end.
func open(t *testing.T, count int, prefix string, more ...string) *Bucket {
	t.Helper()
	return openBehind(t, func(h http.Handler) http.Handler { return &flaky{Handler: h} }, count, prefix, more...)
}

// openBehind is open with what stands before the store, and with more keys.
func openBehind(t *testing.T, before func(http.Handler) http.Handler, count int, prefix string, more ...string) *Bucket {
	t.Helper()
	store := s3mem.New()
	server := httptest.NewServer(before(gofakes3.New(store).Server()))
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	if err := store.CreateBucket(name); err != nil {
		t.Fatal(err)
	}
	put := func(key, text string) {
		if _, err := store.PutObject(name, key, map[string]string{"Last-Modified": "Mon, 23 Nov 2026 09:00:00 GMT"}, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	for n := range count {
		put(key(n), fmt.Sprintf(`{"id": "%d"}`, n))
	}
	for _, key := range more {
		put(key, "{}")
	}
	put("other/2026-11-23/x.json", "{}")
	put("litellm/2026-11-23/", "")
	put("litellm/2026-11-24/big.json", strings.Repeat("x", whole+1))
	env := map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1"}
	bucket, err := Open("s3://"+name+"/"+prefix, Config{
		Env:       func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		Transport: transport, Keys: credentials.NewStaticV4("access", "secret", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func key(n int) string { return fmt.Sprintf("litellm/2026-11-23/time-%06d.json", n) }

// read returns the keys that a listing yields, at most limit.
func read(t *testing.T, bucket *Bucket, after string, limit int) (keys []string) {
	t.Helper()
	listing := bucket.List(t.Context(), after, time.Time{}, nil)
	defer listing.Close()
	for len(keys) < limit {
		object, err := listing.Next()
		if errors.Is(err, io.EOF) {
			return keys
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(object.Body)
		if err := errors.Join(err, object.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if int64(len(text)) != object.Size || strings.HasPrefix(string(text), "torn") {
			t.Errorf("%s has %d bytes, want %d", object.Key, len(text), object.Size)
		}
		keys = append(keys, object.Key)
	}
	return keys
}

// TestResume stops after some keys, again and again: each comes once, in order,
// although some answers break off.
func TestResume(t *testing.T) {
	const count = 1205 // more than one page
	bucket := open(t, count, "litellm/")
	last, next := "", 0
	for _, stop := range []int{1, 7, 400, 600, count} {
		for _, got := range read(t, bucket, last, stop) {
			want := "litellm/2026-11-24/big.json"
			if next < count {
				want = key(next)
			}
			if got != want {
				t.Fatalf("object %d is %s, want %s", next, got, want)
			}
			last = got
			next++
		}
	}
	if next != count+1 {
		t.Errorf("%d objects came, want %d", next, count+1)
	}
}

// TestOddKeys lists keys as other programs write them.
func TestOddKeys(t *testing.T) {
	want := []string{
		"odd/%2F/a.json", "odd/A.json", "odd/a b.json", "odd/a%20b.json", "odd/a+b.json", "odd/a.json", "odd/a=1&b=2.json", "odd/x//y.json", "odd/日本.json",
	}
	for _, prefix := range []string{"odd/", "odd/a%20"} {
		bucket := open(t, 0, prefix, want...)
		var found []string
		for _, key := range want {
			if strings.HasPrefix(key, prefix) {
				found = append(found, key)
			}
		}
		if got := read(t, bucket, "", 100); !slices.Equal(got, found) {
			t.Errorf("below %s there are %q, want %q", prefix, got, found)
		}
		if got := read(t, bucket, found[0], 100); !slices.Equal(got, found[1:]) {
			t.Errorf("after %s there are %q, want %q", found[0], got, found[1:])
		}
	}
}

// breaking sends a large object in pieces that end in the middle.
type breaking struct {
	http.Handler
	asked  atomic.Int64
	often  int64 // so often
	change bool  // and says that it was written anew
}

func (b *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "big.json") || r.Method != http.MethodGet || b.asked.Add(1) > b.often {
		b.Handler.ServeHTTP(w, r)
		return
	}
	if b.change && b.asked.Load() > 1 {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(4*whole))
	w.Header().Set("ETag", `"first"`)
	w.Header().Set("Last-Modified", "Mon, 23 Nov 2026 09:00:00 GMT")
	if r.Header.Get("Range") != "" {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = io.WriteString(w, strings.Repeat("x", whole/4))
	panic(http.ErrAbortHandler)
}

// TestBroken reads a large object over connections that break.
func TestBroken(t *testing.T) {
	for _, test := range []struct {
		name   string
		often  int64
		change bool
		broken bool
	}{
		{"twice", 2, false, false},
		{"always", 1000, false, true},
		{"written anew", 2, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &breaking{often: test.often, change: test.change}
			bucket := openBehind(t, func(h http.Handler) http.Handler {
				b.Handler = h
				return b
			}, 0, "litellm/2026-11-24/")
			listing := bucket.List(t.Context(), "", time.Time{}, nil)
			defer listing.Close()
			object, err := listing.Next()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(object.Body)
			if (err != nil) != test.broken || !errors.Is(err, object.Broken()) || err == nil && string(text) != strings.Repeat("x", whole+1) {
				t.Errorf("%d bytes of %d, %v; it is broken by %v", len(text), object.Size, err, object.Broken())
			}
			if err := object.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	bucket := open(t, 3, "")
	bucket.name = "no-such-bucket"
	listing := bucket.List(t.Context(), "", time.Time{}, nil)
	if _, err := listing.Next(); err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "no-such-bucket") {
		t.Errorf("a missing bucket gives %v", err)
	}
	if _, err := listing.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after its error the listing gives %v", err)
	}
	listing.Close()

	ctx, cancel := context.WithCancel(t.Context())
	listing = open(t, 100, "").List(ctx, "", time.Time{}, nil)
	cancel()
	for {
		object, err := listing.Next()
		if err != nil {
			break
		}
		_ = object.Body.Close()
	}
	listing.Close()
}

func TestOpen(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	for _, bad := range []string{"s3://", "s3:///x", "http://bucket/x", "s3://user:pass@bucket/x", "s3://bucket/x?y", "/var/log"} {
		if _, err := Open(bad, Config{Env: none}); err == nil {
			t.Errorf("%s is taken for a bucket", bad)
		}
	}
	if _, err := Open("s3://bucket", Config{Env: func(string) (string, bool) { return "nonsense", true }}); err == nil {
		t.Error("an endpoint that is no URL is taken")
	}
	bucket, err := Open("gs://bucket/a/b", Config{Env: none})
	if err != nil || bucket.String() != "gs://bucket/a/b" || bucket.core.EndpointURL().Host != "storage.googleapis.com" {
		t.Errorf("got %v, %v", bucket, err)
	}
}
