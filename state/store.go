package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"tailer"
)

// Version is that of the checkpoint file's layout.
const Version = 1

// The files of a Store.
const (
	fileName     = "checkpoint.json"
	previousName = "checkpoint.json.previous"
	temporary    = ".tmp"
)

// ErrCorrupt says that the checkpoint file can't be what a Store wrote.
var ErrCorrupt = errors.New("not a checkpoint of tailer")

// Document is all that is known of what was read, by the name of the log.
type Document struct {
	Version int                            `json:"version"`
	Saved   time.Time                      `json:"saved"`
	Logs    map[string][]tailer.Checkpoint `json:"logs"` // oldest file first
}

// Store keeps a Document in a folder. It is not safe for concurrent use, and one
// process uses a folder at a time: see Acquire.
type Store struct {
	dir   string
	disk  Disk
	saved []byte // what the file holds, without its time
}

// NewStore returns the store of a folder, which is made by Acquire.
func NewStore(dir string, disk Disk) *Store { return &Store{dir: dir, disk: disk} }

// Path is where the document is.
func (s *Store) Path() string { return filepath.Join(s.dir, fileName) }

// Load returns the document, an empty one if none was saved. The error of one
// that can't be read is ErrCorrupt, and says what can be done.
func (s *Store) Load() (*Document, error) {
	text, err := s.disk.ReadFile(s.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return &Document{Version: Version, Logs: map[string][]tailer.Checkpoint{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	doc, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w; its previous state is %s beside it: copy that over it, or forget all with: tailer state reset --all --state %s",
			s.Path(), err, previousName, s.dir)
	}
	return doc, nil
}

// decode reads a document; the error is ErrCorrupt.
func decode(text []byte) (*Document, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	doc := &Document{}
	if err := decoder.Decode(doc); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrCorrupt, err)
	}
	if decoder.More() {
		return nil, fmt.Errorf("%w (there is more behind its end)", ErrCorrupt)
	}
	if doc.Version != Version {
		return nil, fmt.Errorf("%w (version %d, this tailer knows %d)", ErrCorrupt, doc.Version, Version)
	}
	for name, log := range doc.Logs {
		for _, c := range log {
			if c.Source == "" || c.Offset < 0 || c.End < c.Offset || c.HeadSize < 0 {
				return nil, fmt.Errorf("%w (impossible place in %s)", ErrCorrupt, name)
			}
		}
	}
	if doc.Logs == nil {
		doc.Logs = map[string][]tailer.Checkpoint{}
	}
	return doc, nil
}

// Save makes doc the content of the file, so that after a crash at any moment
// the file is the old one or the new one; the one before is kept beside it. A
// document that says what the file says is not written again.
func (s *Store) Save(doc *Document, now time.Time) error {
	doc.Version, doc.Saved = Version, time.Time{}
	content, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if bytes.Equal(content, s.saved) {
		return nil
	}
	doc.Saved = now.UTC()
	text, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if err := s.write(append(text, '\n')); err != nil {
		return fmt.Errorf("save checkpoint %s: %w", s.Path(), err)
	}
	s.saved = content
	return nil
}

func (s *Store) write(text []byte) error {
	path := s.Path()
	if err := writeSynced(s.disk, path+temporary, text); err != nil {
		return err
	}
	if err := s.keepPrevious(); err != nil {
		return err
	}
	if err := s.disk.Rename(path+temporary, path); err != nil {
		return err
	}
	return s.disk.SyncDir(s.dir)
}

// writeSynced makes text the content of a file that is not in use yet.
func writeSynced(disk Disk, path string, text []byte) error {
	file, err := disk.Create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// keepPrevious gives the file that is there a second name. Until the new one has
// taken its place it has both.
func (s *Store) keepPrevious() error {
	previous := filepath.Join(s.dir, previousName)
	if err := s.disk.Remove(previous + temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := s.disk.Link(s.Path(), previous+temporary)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the first one
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil // a file system without second names
	}
	if err != nil {
		return err
	}
	return s.disk.Rename(previous+temporary, previous)
}

// Reset removes the file and its previous state.
func (s *Store) Reset() error {
	for _, name := range []string{fileName, previousName} {
		if err := s.disk.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reset checkpoint: %w", err)
		}
	}
	s.saved = nil
	if err := s.disk.SyncDir(s.dir); err != nil {
		return fmt.Errorf("reset checkpoint: %w", err)
	}
	return nil
}
