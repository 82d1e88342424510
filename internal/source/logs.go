package source

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Logs returns the logs that a path, a glob or a folder names now, each by the
// name of its live file: rotated siblings are one log. A path names a log even if
// nothing is there yet; of a glob and a folder, only what is there counts.
func Logs(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	var paths []string
	switch {
	case err == nil && info.IsDir():
		if paths, err = filesIn(arg); err != nil {
			return nil, nil //nolint:nilerr // an empty folder may get a log later
		}
	case err == nil || !strings.ContainsAny(arg, `*?[`):
		paths = []string{arg}
		if err != nil {
			return []string{filepath.Clean(arg)}, nil // its name can't be a sibling's: nothing is there
		}
	default:
		if paths, err = filepath.Glob(arg); err != nil {
			return nil, err
		}
		paths = slices.DeleteFunc(paths, func(path string) bool {
			info, err := os.Stat(path)
			return err != nil || !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0
		})
	}
	var logs []string
	for _, path := range paths {
		if log := (Input{Path: path}).Log(); !slices.Contains(logs, log) {
			logs = append(logs, log)
		}
	}
	return logs, nil
}
