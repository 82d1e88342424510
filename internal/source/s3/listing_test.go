package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
func open(t *testing.T, count int, prefix string) *Bucket {
	t.Helper()
	store := s3mem.New()
	server := httptest.NewServer(&flaky{Handler: gofakes3.New(store).Server()})
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
	listing := bucket.List(t.Context(), after, time.Time{})
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

func TestErrors(t *testing.T) {
	bucket := open(t, 3, "")
	bucket.name = "no-such-bucket"
	listing := bucket.List(t.Context(), "", time.Time{})
	if _, err := listing.Next(); err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "no-such-bucket") {
		t.Errorf("a missing bucket gives %v", err)
	}
	if _, err := listing.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after its error the listing gives %v", err)
	}
	listing.Close()

	ctx, cancel := context.WithCancel(t.Context())
	listing = open(t, 100, "").List(ctx, "", time.Time{})
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
