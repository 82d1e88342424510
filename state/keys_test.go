package state

import (
	"errors"
	"testing"
)

const bucket = "s3://logs/litellm/"

// TestKeysSurvive fails each file operation of a save in turn, and takes the power
// away after it: the file holds the old key or the new one.
func TestKeysSurvive(t *testing.T) {
	for failAt := 1; ; failAt++ {
		disk := newMemoryDisk()
		keys, err := LoadKeys("/state", disk)
		if err != nil {
			t.Fatal(err)
		}
		if err := keys.Save(bucket, "old"); err != nil {
			t.Fatal(err)
		}
		disk.ops, disk.failAt = 0, failAt
		err = keys.Save(bucket, "new")
		if err == nil && disk.ops < failAt {
			return // every operation has failed once
		}
		if err != nil && keys.Last(bucket) != "old" {
			t.Errorf("operation %d: a key that was not saved counts", failAt)
		}
		for _, kept := range []bool{true, false} {
			disk.cut(kept)
			again, loadErr := LoadKeys("/state", disk)
			if loadErr != nil {
				t.Fatalf("operation %d: %v", failAt, loadErr)
			}
			if got := again.Last(bucket); got != "new" && (err == nil || got != "old") {
				t.Errorf("operation %d (%v): the file holds %q", failAt, err, got)
			}
		}
	}
}

func TestKeysCorrupt(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"version":2,"buckets":{}}`, `{"buckets":{}}`} {
		disk := newMemoryDisk()
		if err := writeSynced(disk, "/state/"+keysName, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys("/state", disk); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: %v, want ErrCorrupt", text, err)
		}
	}
}
