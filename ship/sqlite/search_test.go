package sqlite

import (
	"path/filepath"
	"testing"

	"tailer"
	"tailer/ship"
)

// TestSearchOfCommonWords looks at a bounded number of requests for one page, and
// still comes to the one that matches.
func TestSearchOfCommonWords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	s := openStore(t, path, Config{})
	var items []*ship.Item
	for n := range searchAll + 700 {
		items = append(items, item(t, exchange(n, func(x *tailer.Exchange) {
			if n == 3 {
				x.Attribution.User = "rare@example.org"
			}
		})))
	}
	send(t, s, items...)
	r := openReader(t, path)
	after, pages, found := Cursor{}, 0, 0
	for {
		page, err := r.List(t.Context(), Filter{Text: "sea salty", User: "rare@example.org"}, after, 50)
		if err != nil {
			t.Fatal(err)
		}
		pages, found = pages+1, found+len(page.Entries)
		if !page.More {
			break
		}
		if after = page.Next; len(page.Entries) != 0 || pages > 3 {
			t.Fatalf("page %d has %d entries and goes on", pages, len(page.Entries))
		}
	}
	if pages != 2 || found != 1 {
		t.Errorf("%d found on %d pages", found, pages)
	}
}
