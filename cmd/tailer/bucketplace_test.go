package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tailer/state"
)

// TestBucketPlaceEnd meets objects that can't be read, more of them than are kept by
// their keys, and some that could not be read before.
func TestBucketPlaceEnd(t *testing.T) {
	began, first := time.Unix(1000, 0).UTC(), time.Unix(500, 0).UTC()
	for _, test := range []struct {
		name    string
		resumed bool
		unread  int
		again   []string
		read    time.Time
		count   int
		first   string
	}{
		{"all was read", false, 0, []string{"gone"}, began, 0, ""},
		{"some could not be", false, 2, []string{"gone", "key-0000"}, began, 2, "key-0000"},
		{"a run that goes on has not seen all", true, 2, []string{"before"}, began, 3, "before"},
		{"too many", false, maxAgain + 1, nil, first.Add(maxAgain * time.Millisecond), maxAgain, "key-0000"},
	} {
		p := bucketPlace{resumed: test.resumed, place: state.Place{Began: began, Again: test.again}}
		for n := range test.unread {
			p.add(openedObject{key: fmt.Sprintf("key-%04d", n), modified: first.Add(time.Duration(n) * time.Millisecond), unread: true})
		}
		p.add(openedObject{key: "last", source: "s"})
		p.resolve(map[string]bool{"s": true})
		if p.place.Key == "last" {
			t.Errorf("%s: what is held counts as resolved", test.name)
		}
		end := p.end()
		if !end.Read.Equal(test.read) || len(end.Again) != test.count || test.first != "" && !slices.Contains(end.Again, test.first) || slices.Contains(end.Again, "gone") || end.Key != "" {
			t.Errorf("%s: it ends with %+.200v", test.name, end)
		}
	}
}
