package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
)

// keysName is the file of Keys.
const keysName = "objects.json"

// Keys keeps, for each bucket, the last key of which all was accepted. It is one
// JSON object in one file, replaced as a whole. It is not safe for concurrent use.
type Keys struct {
	dir  string
	disk Disk
	last map[string]string
}

// LoadKeys reads the keys kept in a folder, none if there is no file. What can't
// be read is ErrCorrupt.
func LoadKeys(dir string, disk Disk) (*Keys, error) {
	k := &Keys{dir: dir, disk: disk, last: map[string]string{}}
	text, err := disk.ReadFile(k.path())
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	file := struct {
		Version int               `json:"version"`
		Buckets map[string]string `json:"buckets"`
	}{}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&file); err != nil || file.Version != Version {
		return nil, fmt.Errorf("keys %s: %w; remove it to read the buckets from their start: what was sent is not sent again as long as the ledger knows it", k.path(), ErrCorrupt)
	}
	maps.Copy(k.last, file.Buckets)
	return k, nil
}

func (k *Keys) path() string { return filepath.Join(k.dir, keysName) }

// Last is the last key of a bucket, "" for none.
func (k *Keys) Last(bucket string) string { return k.last[bucket] }

// Save notes the last key of a bucket and returns when it is durable.
func (k *Keys) Save(bucket, key string) error {
	if k.last[bucket] == key {
		return nil
	}
	last := maps.Clone(k.last)
	last[bucket] = key
	text, err := json.MarshalIndent(map[string]any{"version": Version, "buckets": last}, "", " ")
	if err != nil {
		return fmt.Errorf("encode keys: %w", err)
	}
	if err := k.write(append(text, '\n')); err != nil {
		return fmt.Errorf("save keys %s: %w", k.path(), err)
	}
	k.last = last
	return nil
}

func (k *Keys) write(text []byte) error {
	if err := writeSynced(k.disk, k.path()+temporary, text); err != nil {
		return err
	}
	if err := k.disk.Rename(k.path()+temporary, k.path()); err != nil {
		return err
	}
	return k.disk.SyncDir(k.dir)
}
