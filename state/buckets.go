package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// bucketsName is the file of Buckets.
const bucketsName = "objects.json"

// A Place is how far a bucket was read for some sinks.
type Place struct {
	Read  time.Time `json:"read,omitzero"`  // when the last run began that came to the end: what was there then is dealt with
	Began time.Time `json:"began,omitzero"` // when the run began that did not since; zero: there was none
	Key   string    `json:"key,omitempty"`  // of that run: up to it all is dealt with
	Since time.Time `json:"since,omitzero"` // these runs left out requests before it
	Again []string  `json:"again,omitzero"` // keys of objects that could not be read
	Left  time.Time `json:"left,omitzero"`  // of the run that began: when the first was written of those that are not in Again
}

// IsZero reports whether nothing was read.
func (p Place) IsZero() bool { return p.Equal(&Place{}) }

// Equal reports whether two places are the same.
func (p Place) Equal(q *Place) bool {
	return p.Read.Equal(q.Read) && p.Began.Equal(q.Began) && p.Key == q.Key && p.Since.Equal(q.Since) && p.Left.Equal(q.Left) && slices.Equal(p.Again, q.Again)
}

// Buckets keeps the place in each bucket. It is one JSON object in one file,
// replaced as a whole. It is not safe for concurrent use. In older versions the file
// held keys alone, which do not tell what is dealt with: they are not read.
type Buckets struct {
	dir    string
	disk   Disk
	places map[string]Place
}

// LoadBuckets reads the places kept in a folder, none if there is no file. What
// can't be read is ErrCorrupt.
func LoadBuckets(dir string, disk Disk) (*Buckets, error) {
	b := &Buckets{dir: dir, disk: disk, places: map[string]Place{}}
	text, err := disk.ReadFile(b.path())
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read places in buckets: %w", err)
	}
	file := struct {
		Version int              `json:"version"`
		Places  map[string]Place `json:"places"`
	}{}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&file); err != nil || file.Version != Version {
		return nil, fmt.Errorf("places in buckets %s: %w; remove it to read the buckets from their start: what was sent is not sent again as long as the ledger knows it", b.path(), ErrCorrupt)
	}
	maps.Copy(b.places, file.Places)
	return b, nil
}

func (b *Buckets) path() string { return filepath.Join(b.dir, bucketsName) }

// Place is the place in a bucket, zero for none. bucket also names who is told of it.
func (b *Buckets) Place(bucket string) Place {
	place := b.places[bucket]
	place.Again = slices.Clone(place.Again)
	return place
}

// Save notes the place in a bucket and returns when it is durable.
func (b *Buckets) Save(bucket string, place Place) error {
	if before := b.places[bucket]; before.Equal(&place) {
		return nil
	}
	place.Again = slices.Clone(place.Again)
	places := maps.Clone(b.places)
	places[bucket] = place
	text, err := json.MarshalIndent(map[string]any{"version": Version, "places": places}, "", " ")
	if err != nil {
		return fmt.Errorf("encode places in buckets: %w", err)
	}
	if err := b.write(append(text, '\n')); err != nil {
		return fmt.Errorf("save places in buckets %s: %w", b.path(), err)
	}
	b.places = places
	return nil
}

func (b *Buckets) write(text []byte) error {
	if err := writeSynced(b.disk, b.path()+temporary, text); err != nil {
		return err
	}
	if err := b.disk.Rename(b.path()+temporary, b.path()); err != nil {
		return err
	}
	return b.disk.SyncDir(b.dir)
}
