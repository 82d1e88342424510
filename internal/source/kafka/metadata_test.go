package kafka

import (
	"slices"
	"testing"
)

func TestMetadata(t *testing.T) {
	tests := []struct {
		name     string
		low      int64
		resolved []int64
	}{
		{"none", 5, nil},
		{"one", 5, []int64{5}},
		{"far apart", 0, []int64{1, 200, 70_000, 1 << 33}},
		{"from a high offset on", 1 << 50, []int64{1<<50 + 1, 1<<50 + 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := unpackResolved(test.low, packResolved(test.low, test.resolved)); !slices.Equal(got, test.resolved) {
				t.Errorf("got %v, want %v", got, test.resolved)
			}
		})
	}
}

// TestMetadataIsBounded keeps what a broker refuses from being sent.
func TestMetadataIsBounded(t *testing.T) {
	var many []int64
	for offset := int64(0); offset < 100_000; offset += 3 {
		many = append(many, offset)
	}
	packed := packResolved(0, many)
	if len(packed) > maxMetadata {
		t.Errorf("%d bytes of metadata", len(packed))
	}
	got := unpackResolved(0, packed)
	if len(got) < 2000 || !slices.Equal(got, many[:len(got)]) {
		t.Errorf("%d offsets are kept, which must be the lowest", len(got))
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(int64(5), packResolved(5, []int64{6, 9}))
	f.Add(int64(0), "")
	f.Add(int64(0), "t1:////")
	f.Fuzz(func(t *testing.T, low int64, metadata string) {
		resolved := unpackResolved(low, metadata)
		if low < 0 || low > 1<<50 || len(metadata) > maxMetadata {
			return // no broker has such offsets
		}
		if again := unpackResolved(low, packResolved(low, resolved)); !slices.Equal(again, resolved) {
			t.Fatalf("%v becomes %v", resolved, again)
		}
	})
}
