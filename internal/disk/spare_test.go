//go:build linux || darwin

package disk

import (
	"math"
	"path/filepath"
	"testing"
)

func TestSpare(t *testing.T) {
	folder := t.TempDir()
	free, size, ok := space(folder)
	if !ok || free <= 0 || size < free {
		t.Fatalf("%d of %d bytes are free, %t", free, size, ok)
	}
	all := Spare(folder, Reserve{Part: 1, Most: math.MaxInt64})()
	if most := free - size + 1<<30; all > most { // others write meanwhile
		t.Errorf("with all of it kept for others there are %d bytes, more than %d", all, most)
	}
	if some := Spare(folder, Reserve{Part: 1, Most: 1 << 20})(); some < all {
		t.Errorf("%d bytes with a small reserve, %d with a large one", some, all)
	}
	if got := Spare(filepath.Join(folder, "nowhere"), Reserve{Part: 4, Most: 1})(); got != math.MaxInt64 {
		t.Errorf("a folder that is not there: %d", got)
	}
}
