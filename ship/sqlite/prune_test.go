package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailer"
	"tailer/ship"
)

// TestAge forgets what was stored too long ago, not what is old itself.
func TestAge(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "traces.db"), start.AddDate(1, 0, 0)
	s := openStore(t, path, Config{MaxAge: time.Hour, now: func() time.Time { return now }})
	send(t, s, item(t, exchange(1, nil)))
	now = now.Add(50 * time.Minute)
	send(t, s, item(t, exchange(2, nil)))
	now = now.Add(20 * time.Minute)
	send(t, s, item(t, exchange(3, nil)))
	r := openReader(t, path)
	got := list(t, r, Filter{})
	if len(got) != 2 || got[1].CallID != "call-2" {
		t.Errorf("left: %+v", got)
	}
	if found := list(t, r, Filter{Text: "number1"}); len(found) != 0 {
		t.Errorf("the index still finds %d", len(found))
	}
	if orphans := one(t, s.db, `SELECT count(*) FROM payload WHERE id NOT IN (SELECT id FROM request)`); orphans != 0 {
		t.Errorf("%d payloads are left alone", orphans)
	}
}

// TestSize keeps the file below its limit, the newest requests in it.
func TestSize(t *testing.T) {
	const limit = 1 << 20
	path, now := filepath.Join(t.TempDir(), "traces.db"), start
	s := openStore(t, path, Config{MaxBytes: limit, now: func() time.Time { now = now.Add(time.Second); return now }})
	n := 0
	for range 12 {
		var items []*ship.Item
		for range 250 {
			n++
			items = append(items, item(t, exchange(n, nil)))
		}
		send(t, s, items...)
	}
	now = now.Add(time.Hour)
	send(t, s, item(t, exchange(n+1, nil)))
	if err := s.Close(); err != nil { // what is free goes back to the file system
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > limit {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	got := list(t, openReader(t, path), Filter{})
	if len(got) < 300 || got[0].CallID != fmt.Sprintf("call-%d", n+1) {
		t.Errorf("%d requests are left, the newest %s", len(got), got[0].CallID)
	}
}

func one(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestErase leaves nothing of a user in the file.
func TestErase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	s := openStore(t, path, Config{})
	for n := range 200 {
		send(t, s, item(t, exchange(n, func(x *tailer.Exchange) {
			if n%2 == 0 {
				x.Attribution.User = "mallory@example.net"
				x.Request.Body[1].Value = json.RawMessage(fmt.Sprintf(`[{"role":"user","content":"xyzzyplugh%d"}]`, n))
			}
		})))
	}
	n, err := s.Erase(t.Context(), "mallory@example.net")
	if err != nil || n != 100 {
		t.Fatalf("%d erased, %v", n, err)
	}
	for _, name := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, word := range []string{"mallory", "xyzzy"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s still holds %q", filepath.Base(name), word)
			}
		}
	}
	if got := list(t, openReader(t, path), Filter{}); len(got) != 100 {
		t.Errorf("%d are left", len(got))
	}
}
