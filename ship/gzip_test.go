package ship

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// TestGzip compares with what the standard library unpacks, several times with one
// writer.
func TestGzip(t *testing.T) {
	items := []*Item{newItem(t, "a"), newItem(t, "b"), newItem(t, "c")}
	for n := range len(items) + 1 {
		var want []byte
		for _, item := range items[:n] {
			want = append(want, item.Payload()...)
		}
		packed, err := Gzip(Payloads(items[:n]))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Gzip(Payloads(items)); err != nil { // takes the writer, not the result
			t.Fatal(err)
		}
		plain, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(plain); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d items: %q, %v; want %q", n, got, err, want)
		}
	}
}
