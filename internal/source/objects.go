package source

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A stored input is a file of payloads as LiteLLM's callbacks for object stores
// write them, one call or many. Its place in the order of reading is its first
// payload's time, for its name need not tell one:
//
//	s3, s3_v2       <prefix>/<team>/2026-11-23/time-09-13-09-058163_chatcmpl-….json
//	gcs_bucket      2026-11-23/chatcmpl-…
//	azure_storage   <filesystem>/<id>.json
type stored struct {
	root string    // argument that names it; "" for an input that is no such file
	at   time.Time // end of its first payload's call
}

// storedIn looks at a file's content. Whatever is wrong with it shows when it is
// read.
func storedIn(path, root string) (stored, bool) {
	r, err := Open(Input{Path: path}, nil, Config{})
	if err != nil {
		return stored{}, false
	}
	defer func() { _ = r.Close() }()
	if r.Envelope() != (payloadObject{}).name() {
		return stored{}, false
	}
	line, err := r.Next()
	if err != nil {
		return stored{}, false
	}
	return stored{root: root, at: line.Stamp}, true
}

// storedBelow returns the files of payloads in the subfolders of a folder, hidden
// ones left out. Other files there are none of our business.
func storedBelow(dir string) []string {
	var paths []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error { // a folder that can't be read has none for us
		switch {
		case err != nil && path == dir:
			return fs.SkipAll
		case err != nil:
			return fs.SkipDir
		case path != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || filepath.Dir(path) == filepath.Clean(dir):
			return nil
		}
		if _, ok := storedIn(path, dir); ok {
			paths = append(paths, path)
		}
		return nil
	})
	return paths
}

// compareInputs puts inputs in the order in which they are to be read: logs,
// then stored payloads by their times, standard input last.
func compareInputs(a, b Input) int {
	rank := func(in Input) int {
		switch {
		case in.Stdin():
			return 2
		case in.stored.root != "":
			return 1
		}
		return 0
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 || a.Stdin() {
		return c
	}
	if a.stored.root != "" {
		return cmp.Or(strings.Compare(a.stored.root, b.stored.root), a.stored.at.Compare(b.stored.at), strings.Compare(a.Path, b.Path))
	}
	return compareLogs(a.Path, b.Path)
}

// sortInputs sorts in place.
func sortInputs(inputs []Input) { slices.SortStableFunc(inputs, compareInputs) }
