package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Disk is all that a Store asks of a file system. What Create and Rename did is
// durable only after SyncDir, what Write did only after Sync.
type Disk interface {
	ReadFile(path string) ([]byte, error)
	Create(path string) (DiskFile, error) // empties a file that is there; its owner alone may read it
	Rename(from, to string) error         // replaces to
	Link(from, to string) error
	Remove(path string) error // of a file that is not there: fs.ErrNotExist
	SyncDir(dir string) error
}

// DiskFile is a file being written.
type DiskFile interface {
	io.WriteCloser
	Sync() error
}

// OS is the machine's own file system.
type OS struct{}

// ReadFile implements Disk.
func (OS) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// Create implements Disk.
func (OS) Create(path string) (DiskFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Link implements Disk.
func (OS) Link(from, to string) error { return os.Link(from, to) }

// Remove implements Disk.
func (OS) Remove(path string) error { return os.Remove(path) }

// SyncDir implements Disk.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
