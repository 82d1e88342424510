package ship

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ownerOnly is the mode of files that hold prompts.
const ownerOnly = 0o600

// openAppend opens path for whole lines at its end. A line that a crash cut off
// is ended first, so that it takes no other with it. The name of a new file is
// made durable.
func openAppend(path string) (*os.File, error) {
	_, err := os.Lstat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, ownerOnly)
	if err != nil {
		return nil, fmt.Errorf("open output: %w", err)
	}
	if isNew {
		err = syncDirectory(filepath.Dir(path))
	} else {
		err = endLine(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// moved tells whether a file's name stands for another file by now, or for none:
// somebody rotated it, or took it away. What is no regular file does not move.
func moved(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	there, err := os.Stat(file.Name())
	return errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(info, there)
}

func endLine(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("stat output %s: %w", file.Name(), err)
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return fmt.Errorf("read end of output %s: %w", file.Name(), err)
	}
	if last[0] == '\n' {
		return nil
	}
	return writeWhole(file, []byte{'\n'})
}

// writeWhole writes line in one call. If only a part of it could be written, as
// on a full disk, that part is taken back.
func writeWhole(file *os.File, line []byte) error {
	n, err := file.Write(line)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("append to output %s: %w", file.Name(), err)
	if info, statErr := file.Stat(); n > 0 && statErr == nil && info.Mode().IsRegular() {
		err = errors.Join(err, file.Truncate(info.Size()-int64(n)))
	}
	return err
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open directory of output: %w", err)
	}
	if err := directory.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync directory %s: %w", path, err), directory.Close())
	}
	return directory.Close()
}
