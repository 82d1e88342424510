package source

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// folder makes a folder with the given files, each with its name in it. A name
// that ends in a slash is a folder, "a>b" a link a to b.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		link, target, isLink := strings.Cut(name, ">")
		path := filepath.Join(dir, link)
		var err error
		switch {
		case isLink:
			err = os.Symlink(target, path)
		case strings.HasSuffix(name, "/"):
			err = os.Mkdir(path, 0o700)
		default:
			err = os.WriteFile(path, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExpand(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		args  []string // relative to the folder
		want  []string
	}{
		{"one file", []string{"app.log"}, []string{"app.log"}, []string{"app.log"}},
		{"files in the order of their names", []string{"b.log", "a.log"}, []string{"b.log", "a.log"}, []string{"a.log", "b.log"}},
		{"folder", []string{"b.log", "a.log", ".hidden", "sub/", "sub/c.log"}, []string{"."}, []string{"a.log", "b.log"}},
		{"folder of links", []string{"pods/", "pods/0.log", "a.log>pods/0.log", "gone.log>pods/1.log", "dir.log>pods"}, []string{"."}, []string{"a.log"}},
		{"glob", []string{"b.log", "a.log", "a.txt", "c.log/"}, []string{"*.log"}, []string{"a.log", "b.log"}},
		{"file whose name is a glob", []string{"a[1].log", "a1.log"}, []string{"a[1].log"}, []string{"a[1].log"}},
		{"named twice", []string{"a.log", "b.log>a.log"}, []string{"a.log", "*.log", "."}, []string{"a.log"}},
		{"standard input last", []string{"a.log"}, []string{"-", "a.log", "-"}, []string{"a.log", "-"}},
		{"hidden, but named", []string{".hidden"}, []string{".hidden"}, []string{".hidden"}},
		{"rotated", []string{"app.log", "app.log.1", "app.log.2.gz", "app.log.10.gz"}, []string{"."}, []string{"app.log.10.gz", "app.log.2.gz", "app.log.1", "app.log"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, tt.files...)
			t.Chdir(dir)
			inputs, err := Expand(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, in := range inputs {
				got = append(got, filepath.ToSlash(in.Path))
				if in.Stdin() != (in.Path == "-") || in.ModTime.IsZero() != in.Stdin() || in.Size == 0 && !in.Stdin() {
					t.Errorf("input %+v", in)
				}
				if time.Since(in.ModTime) > time.Hour && !in.Stdin() {
					t.Errorf("%s is of %v", in.Path, in.ModTime)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExpandErrors(t *testing.T) {
	dir := folder(t, "empty/", "onlydirs/", "onlydirs/sub/", "a.log")
	tests := []struct {
		name, arg string
		want      error
	}{
		{"file that is not there", "b.log", fs.ErrNotExist},
		{"glob without a match", "*.txt", ErrNoMatch},
		{"glob that matches folders only", "e*", ErrNoMatch},
		{"bad glob", "[", filepath.ErrBadPattern},
		{"empty folder", "empty", ErrNoMatch},
		{"folder of folders", "onlydirs", ErrNoMatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Expand([]string{filepath.Join(dir, "a.log"), filepath.Join(dir, tt.arg)})
			if !errors.Is(err, tt.want) || got != nil {
				t.Fatalf("got %v, %v, want %v", got, err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.arg) {
				t.Errorf("error %q doesn't name %s", err, tt.arg)
			}
		})
	}
	t.Run("not readable", func(t *testing.T) {
		path := filepath.Join(dir, "a.log")
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			t.Skip("root reads everything")
		}
		if _, err := Expand([]string{path}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name string
		want []string // in order
	}{
		{"numbers", []string{"app.log.10.gz", "app.log.3", "app.log.2.zst", "app.log.1", "app.log"}},
		{"logrotate dateext", []string{"app.log-20261031.gz", "app.log-20261101", "app.log-20261101-1793491200", "app.log"}},
		{"logrotate dateext with extension", []string{"app-20261031.log.gz", "app-20261101.log", "app.log"}},
		{"python's TimedRotatingFileHandler", []string{"app.log.2026-10-31", "app.log.2026-11-01_09", "app.log.2026-11-01_10", "app.log"}},
		{"lumberjack", []string{"app-2026-11-01T09-59-59.999.log.gz", "app-2026-11-01T10-00-00.000.log", "app.log"}},
		{"kubelet", []string{"0.log.20261101-091309.gz", "0.log.20261101-101309", "0.log", "1.log", "10.log"}},
		{"docker", []string{"abc-json.log.2.gz", "abc-json.log.1", "abc-json.log"}},
		{"dates before numbers before the live file", []string{"app.log-20261101", "app.log.2", "app.log.1", "app.log"}},
		{"two logs", []string{"a.log.2", "a.log.1", "a.log", "b.log.1", "b.log"}},
		{"folders", []string{"x/a.log.1", "x/a.log", "y/a.log.1", "y/a.log"}},
		{"numbered names", []string{"worker2.log", "worker010.log", "worker10.log"}},
		{"names that are no rotation", []string{"a.log", "a.log.bak", "a.log.old", "app-2026.log", "app-v1.2.log"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shuffle := rand.New(rand.NewPCG(1, 1))
			for range 20 {
				got := slices.Clone(tt.want)
				shuffle.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
				slices.SortFunc(got, compareLogs)
				if !slices.Equal(got, tt.want) {
					t.Fatalf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func FuzzOrder(f *testing.F) {
	f.Add("app.log.1", "app.log-20261101.gz", "a01")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if (compareLogs(a, b) == 0) != (a == b) || compareLogs(a, b) != -compareLogs(b, a) {
			t.Errorf("%q and %q: %d and %d", a, b, compareLogs(a, b), compareLogs(b, a))
		}
		if compareLogs(a, b) < 0 && compareLogs(b, c) < 0 && compareLogs(a, c) >= 0 {
			t.Errorf("%q < %q < %q, but not the first before the last", a, b, c)
		}
	})
}
