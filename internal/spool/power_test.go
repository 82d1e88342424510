package spool

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const pageSize = 4096

// changed returns the pages in which two images of a file differ, those of bbolt's
// meta data apart: it writes them last, after a sync of all others.
func changed(before, after []byte) (data, meta map[int][]byte) {
	data, meta = map[int][]byte{}, map[int][]byte{}
	for at := 0; at < len(after); at += pageSize {
		page := after[at : at+pageSize]
		if at < len(before) && bytes.Equal(page, before[at:at+pageSize]) {
			continue
		}
		if at < 2*pageSize {
			meta[at] = page
		} else {
			data[at] = page
		}
	}
	return data, meta
}

// image is before with some pages written.
func image(before []byte, size int, pages map[int][]byte) []byte {
	out := append(bytes.Clone(before), make([]byte, max(0, size-len(before)))...)
	for at, page := range pages {
		copy(out[at:], page)
	}
	return out
}

// TestPowerCut drops writes that were not synced, after each of many changes. What is
// found then is the stream as it was before or after the change, never a part of it.
func TestPowerCut(t *testing.T) {
	if os.Getpagesize() != pageSize {
		t.Skip("bbolt's pages have another size here")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	path := filepath.Join(dir, "spool.db")
	s := open(t, path, Config{MaxBytes: 4 << 20})
	read := func() []byte {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	for step := range 24 {
		before := read()
		first, text := content(t, s)
		if step%4 == 3 {
			err = s.Release(first + int64(rnd.IntN(len(text)+1)))
		} else {
			err = s.Append(t.Context(), pattern(1+rnd.IntN(maxChunk)))
		}
		if err != nil {
			t.Fatal(err)
		}
		firstAfter, textAfter := content(t, s)
		after := read()
		data, meta := changed(before, after)
		some := maps.Clone(data)
		maps.DeleteFunc(some, func(int, []byte) bool { return rnd.IntN(2) == 0 })
		torn := maps.Clone(data)
		for at, page := range meta {
			// A sector is written as a whole; the sums of bbolt's meta data are in the first.
			torn[at] = slices.Concat(page[:512], before[at+512:at+pageSize])
		}
		for _, test := range []struct {
			name  string
			pages map[int][]byte
			new   bool
		}{
			{"nothing but the size", nil, false}, {"some pages", some, false}, {"all but the meta data", data, false},
			{"half of the meta data", torn, len(meta) > 0}, {"all", both(data, meta), len(meta) > 0},
		} {
			cut := filepath.Join(t.TempDir(), "spool.db")
			if err := os.WriteFile(cut, image(before, len(after), test.pages), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(cut+".key", key, 0o600); err != nil {
				t.Fatal(err)
			}
			x := open(t, cut, Config{MaxBytes: 4 << 20})
			wantFirst, want := first, text
			if test.new {
				wantFirst, want = firstAfter, textAfter
			}
			if gotFirst, got := content(t, x); gotFirst != wantFirst && len(want) > 0 || !bytes.Equal(got, want) {
				t.Errorf("step %d, %s: %d bytes from %d, want %d from %d", step, test.name, len(got), gotFirst, len(want), wantFirst)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func both(a, b map[int][]byte) map[int][]byte {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
