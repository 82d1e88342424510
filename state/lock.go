package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrLocked says that another process uses the state folder.
var ErrLocked = errors.New("in use by another tailer")

// Lock keeps a state folder for one process. The kernel lets go of it when the
// process ends, however that happens.
type Lock struct{ file *os.File }

// lockName is the file in the state folder that is locked. It is never removed:
// another process may be about to lock it.
const lockName = "lock"

// Acquire makes the folder if it is not there, and locks it. The error is
// ErrLocked if another process has it, with that process's id.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(path)
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("state folder %s (process %s): %w", dir, strings.TrimSpace(string(owner)), ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// The id is for people; the lock holds without it.
	if file.Truncate(0) == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &Lock{file}, nil
}

// Release gives the folder back.
func (l *Lock) Release() error { return l.file.Close() }
