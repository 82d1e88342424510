package state

import (
	"errors"
	"testing"
	"time"
)

const bucket = "s3://logs/litellm/"

// TestBucketsSurvive fails each file operation of a save in turn, and takes the
// power away after it: the file holds the old place or the new one.
func TestBucketsSurvive(t *testing.T) {
	before := Place{Key: "old", Began: time.Unix(1, 0).UTC()}
	after := Place{Read: time.Unix(1, 0).UTC(), Since: time.Unix(0, 5).UTC(), Again: []string{"a", "b"}}
	for failAt := 1; ; failAt++ {
		disk := newMemoryDisk()
		buckets, err := LoadBuckets("/state", disk)
		if err != nil {
			t.Fatal(err)
		}
		if err := buckets.Save(bucket, before); err != nil {
			t.Fatal(err)
		}
		disk.ops, disk.failAt = 0, failAt
		err = buckets.Save(bucket, after)
		if err == nil && disk.ops < failAt {
			return // every operation has failed once
		}
		if err != nil && !buckets.Place(bucket).Equal(&before) {
			t.Errorf("operation %d: a place that was not saved counts", failAt)
		}
		for _, kept := range []bool{true, false} {
			disk.cut(kept)
			again, loadErr := LoadBuckets("/state", disk)
			if loadErr != nil {
				t.Fatalf("operation %d: %v", failAt, loadErr)
			}
			if got := again.Place(bucket); !got.Equal(&after) && (err == nil || !got.Equal(&before)) {
				t.Errorf("operation %d (%v): the file holds %+v", failAt, err, got)
			}
		}
	}
}

func TestBucketsCorrupt(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"version":2,"places":{}}`, `{"places":{}}`} {
		if _, err := loadText(t, text); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: %v, want ErrCorrupt", text, err)
		}
	}
}

// A key alone, which is all that older versions kept, does not tell what is dealt
// with.
func TestBucketsOfKeys(t *testing.T) {
	buckets, err := loadText(t, `{"version":1,"buckets":{"`+bucket+`":"litellm/2026-11-23/x.json"}}`)
	if err != nil || !buckets.Place(bucket).IsZero() {
		t.Errorf("%+v, %v", buckets, err)
	}
}

func loadText(t *testing.T, text string) (*Buckets, error) {
	t.Helper()
	disk := newMemoryDisk()
	if err := writeSynced(disk, "/state/"+bucketsName, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return LoadBuckets("/state", disk)
}
