package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrNoMatch says that an argument names no file: a glob without a match, a
// folder without a file in it.
var ErrNoMatch = errors.New("no such log file")

// stdinName is the argument that means standard input.
const stdinName = "-"

// An Input is one file to read, or standard input.
type Input struct {
	Path    string    // "-" for standard input
	Size    int64     // bytes as stored, so compressed ones; 0 when unknown
	ModTime time.Time // zero for standard input
	pipe    bool      // a named pipe
	body    io.ReadCloser
	stored  stored
}

// Opened returns an input that is open already and no file, such as an object in a
// bucket. The Reader of it closes body; it can be read once.
func Opened(name string, size int64, modified time.Time, body io.ReadCloser) Input {
	return Input{Path: name, Size: size, ModTime: modified, body: body}
}

// Live reports whether the input is a pipe, which may pause and can't be read
// again.
func (in Input) Live() bool { return in.Stdin() || in.pipe }

// Stdin reports whether the input is standard input.
func (in Input) Stdin() bool { return in.Path == stdinName }

// Log returns what rotated siblings of one log have in common: folder and name
// of the live file. All files of payloads that one argument names are one log.
func (in Input) Log() string {
	if in.stored.root != "" {
		return in.stored.root
	}
	return filepath.Join(filepath.Dir(in.Path), rotationOf(filepath.Base(in.Path)).log)
}

// Expand turns command-line arguments (files, globs, folders, "-") into inputs
// in the order in which they are to be read: by name, numbers by value, and the
// rotated siblings of one log oldest first (app.log.2.gz, app.log.1, app.log).
// Files of payloads follow, oldest first; standard input is last. A folder stands
// for the regular files in it, without hidden ones, and for the files of payloads
// in its subfolders. A file named twice is one input.
//
// Errors are ErrNoMatch, and those of the file system for files that are not
// there or not readable.
func Expand(args []string) ([]Input, error) {
	var inputs []Input
	seen := make(map[string]bool)
	for _, arg := range args {
		paths, err := expand(arg)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			id := identify(path)
			if seen[id] {
				continue
			}
			seen[id] = true
			in, err := inspect(path, arg)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, in)
		}
	}
	sortInputs(inputs)
	return inputs, nil
}

// expand returns the files that one argument names.
func expand(arg string) ([]string, error) {
	if arg == stdinName {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	if err == nil && info.IsDir() {
		return filesIn(arg)
	}
	if err == nil {
		return []string{arg}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(arg, `*?[`) {
		return nil, fmt.Errorf("find input: %w", err)
	}
	matches, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", arg, err)
	}
	// A glob is about files: it does not descend into folders it matches.
	matches = slices.DeleteFunc(matches, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
	if len(matches) == 0 {
		return nil, fmt.Errorf("expand %s: %w", arg, ErrNoMatch)
	}
	return matches, nil
}

// filesIn returns the regular files of a folder, links to such included: the
// files in /var/log/containers are links.
func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read folder: %w", err)
	}
	paths := storedBelow(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path)
		if strings.HasPrefix(entry.Name(), ".") || err != nil || !info.Mode().IsRegular() {
			continue
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("read folder %s: %w", dir, ErrNoMatch)
	}
	return paths, nil
}

// identify returns a name that two ways to the same file have in common.
func identify(path string) string {
	if path == stdinName {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// inspect checks that a file, which an argument names, can be read.
func inspect(path, arg string) (Input, error) {
	if path == stdinName {
		return Input{Path: path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return Input{}, fmt.Errorf("find input: %w", err)
	}
	in := Input{Path: path, ModTime: info.ModTime()}
	in.pipe = info.Mode()&fs.ModeNamedPipe != 0
	if !info.Mode().IsRegular() { // to open a pipe and close it would end its writer
		return in, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return Input{}, fmt.Errorf("check input: %w", err)
	}
	if err := file.Close(); err != nil {
		return Input{}, fmt.Errorf("check input: %w", err)
	}
	in.Size = info.Size()
	in.stored, _ = storedIn(path, arg)
	return in, nil
}
