package state

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer"
)

// errDisk is what a disk says that fails.
var errDisk = errors.New("input/output error")

// memoryDisk is a file system in memory that keeps apart what would survive a
// power cut. It can fail at its N-th operation.
type memoryDisk struct {
	files   map[string]*memoryFile
	durable map[string]*memoryFile // folder entries that were synced
	ops     int
	failAt  int // 0: never
}

type memoryFile struct{ content, synced []byte }

func newMemoryDisk() *memoryDisk {
	return &memoryDisk{files: map[string]*memoryFile{}, durable: map[string]*memoryFile{}}
}

func (d *memoryDisk) op() error {
	if d.ops++; d.ops == d.failAt {
		return errDisk
	}
	return nil
}

// cut takes the power away. kept says whether changes to the folder that were
// not synced have reached the disk all the same, as they may.
func (d *memoryDisk) cut(kept bool) {
	entries := d.durable
	if kept {
		entries = d.files
	}
	d.files = map[string]*memoryFile{}
	for name, f := range entries {
		d.files[name] = &memoryFile{content: f.synced, synced: f.synced}
	}
	d.durable = maps.Clone(d.files)
	d.failAt = 0
}

func (d *memoryDisk) ReadFile(path string) ([]byte, error) {
	if f := d.files[path]; f != nil {
		return f.content, d.op()
	}
	return nil, fs.ErrNotExist
}

func (d *memoryDisk) Create(path string) (DiskFile, error) {
	f := &memoryFile{}
	d.files[path] = f
	return &openMemoryFile{d, f}, d.op()
}

func (d *memoryDisk) Rename(from, to string) error {
	if err := d.op(); err != nil {
		return err
	}
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *memoryDisk) Link(from, to string) error {
	if d.files[from] == nil {
		return fs.ErrNotExist
	}
	d.files[to] = d.files[from]
	return d.op()
}

func (d *memoryDisk) Remove(path string) error {
	if d.files[path] == nil {
		return fs.ErrNotExist
	}
	delete(d.files, path)
	return d.op()
}

func (d *memoryDisk) SyncDir(string) error {
	if err := d.op(); err != nil {
		return err
	}
	d.durable = maps.Clone(d.files)
	return nil
}

type openMemoryFile struct {
	disk *memoryDisk
	file *memoryFile
}

func (f *openMemoryFile) Write(b []byte) (int, error) {
	if err := f.disk.op(); err != nil {
		n := len(b) / 2 // a disk that is full takes a part
		f.file.content = append(f.file.content, b[:n]...)
		return n, err
	}
	f.file.content = append(f.file.content, b...)
	return len(b), nil
}

func (f *openMemoryFile) Sync() error {
	if err := f.disk.op(); err != nil {
		return err
	}
	f.file.synced = append([]byte(nil), f.file.content...)
	return nil
}

func (f *openMemoryFile) Close() error { return f.disk.op() }

func document(offset int64) *Document {
	return &Document{Logs: map[string][]tailer.Checkpoint{"/log": {{Source: "a", Offset: offset, End: offset + 5}}}}
}

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func offsetIn(t *testing.T, d Disk) int64 {
	t.Helper()
	doc, err := NewStore("/state", d).Load()
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if len(doc.Logs["/log"]) == 0 {
		return 0
	}
	return doc.Logs["/log"][0].Offset
}

// TestSaveFailsAnywhere fails every operation of a save in turn, then cuts the
// power or goes on: the file is always what was saved before, or what was being
// saved, and never unreadable.
func TestSaveFailsAnywhere(t *testing.T) {
	for _, after := range []string{"goes on", "power cut", "power cut after the folder reached the disk"} {
		t.Run(after, func(t *testing.T) {
			failed := 0
			for n := 1; ; n++ {
				disk := newMemoryDisk()
				store := NewStore("/state", disk)
				for offset := int64(1); offset <= 3; offset++ {
					if err := store.Save(document(offset), noon); err != nil {
						t.Fatal(err)
					}
				}
				disk.failAt = disk.ops + n
				err := store.Save(document(4), noon)
				disk.failAt = 0
				if after != "goes on" {
					disk.cut(strings.HasSuffix(after, "disk"))
				}
				got := offsetIn(t, disk)
				if err == nil {
					if got != 4 {
						t.Fatalf("a save that succeeded left %d", got)
					}
					break
				}
				failed++
				if !errors.Is(err, errDisk) {
					t.Fatalf("operation %d: %v", n, err)
				}
				if got != 3 && got != 4 {
					t.Errorf("operation %d failed, and the file says %d", n, got)
				}
				if err := store.Save(document(5), noon); err != nil || offsetIn(t, disk) != 5 {
					t.Errorf("after operation %d: the next save leaves %d, %v", n, offsetIn(t, disk), err)
				}
			}
			if failed < 6 {
				t.Errorf("only %d operations were failed", failed)
			}
		})
	}
}

func TestPreviousIsKept(t *testing.T) {
	disk := newMemoryDisk()
	store := NewStore("/state", disk)
	for offset := int64(1); offset <= 2; offset++ {
		if err := store.Save(document(offset), noon); err != nil {
			t.Fatal(err)
		}
	}
	previous := disk.files["/state/"+previousName]
	if previous == nil || !strings.Contains(string(previous.content), `"offset": 1`) {
		t.Errorf("the previous state is %v", previous)
	}
	before := disk.ops
	if err := store.Save(document(2), noon.Add(time.Hour)); err != nil || disk.ops != before {
		t.Errorf("the same again took %d operations, %v", disk.ops-before, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "NULs": "\x00\x00\x00\x00", "half": `{"version":1,"logs":{"/log":[{"sou`, "no object": `[]`,
		"another version": `{"version":2}`, "no version": `{}`, "trailing": `{"version":1} {}`,
		"impossible place":           `{"version":1,"logs":{"/log":[{"source":"a","offset":9,"end":3}]}}`,
		"place before the beginning": `{"version":1,"logs":{"/log":[{"source":"a","offset":-1,"end":3}]}}`,
		"head of no size":            `{"version":1,"logs":{"/log":[{"source":"a","offset":1,"end":3,"head_size":-1}]}}`,
		"place in no source":         `{"version":1,"logs":{"/log":[{"offset":1,"end":3}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			disk := newMemoryDisk()
			disk.files["/state/"+fileName] = &memoryFile{content: []byte(text)}
			_, err := NewStore("/state", disk).Load()
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			for _, want := range []string{"/state/" + fileName, previousName, "tailer state reset"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not name %s: %v", want, err)
				}
			}
		})
	}
}

func TestReset(t *testing.T) {
	disk := newMemoryDisk()
	store := NewStore("/state", disk)
	for offset := int64(1); offset <= 2; offset++ {
		if err := store.Save(document(offset), noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Reset(); err != nil || len(disk.files) != 0 {
		t.Errorf("left %v, %v", disk.files, err)
	}
	if err := store.Save(document(2), noon); err != nil || offsetIn(t, disk) != 2 {
		t.Errorf("after a reset: %v", err)
	}
}

// TestRealDisk saves on the machine's own file system.
func TestRealDisk(t *testing.T) {
	dir := t.TempDir()
	store := NewStore(dir, OS{})
	for offset := int64(1); offset <= 3; offset++ {
		if err := store.Save(document(offset), noon); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := NewStore(dir, OS{}).Load()
	if err != nil || doc.Logs["/log"][0].Offset != 3 || !doc.Saved.Equal(noon) {
		t.Errorf("loaded %+v, %v", doc, err)
	}
	info, err := os.Stat(store.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestLock keeps a second process out, and lets it in once the first is gone.
func TestLock(t *testing.T) {
	if dir := os.Getenv("TAILER_TEST_LOCK"); dir != "" {
		_, err := Acquire(dir)
		fmt.Print(err)
		return
	}
	dir := filepath.Join(t.TempDir(), "new")
	lock, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := func() string {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestLock$")
		cmd.Env = append(os.Environ(), "TAILER_TEST_LOCK="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if got := other(); !strings.Contains(got, ErrLocked.Error()) || !strings.Contains(got, fmt.Sprint(os.Getpid())) {
		t.Errorf("while it is locked another process gets %q", got)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if got := other(); !strings.HasPrefix(got, "<nil>") {
		t.Errorf("once it is released another process gets %q", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"version":1,"logs":{"/log":[{"source":"a","offset":1,"end":3,"resolved":[1,2]}]}}`))
	f.Add([]byte(`{"version":1,"logs":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := decode(text)
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v and error %v", doc, err)
		}
		if err != nil {
			return
		}
		disk := newMemoryDisk()
		if err := NewStore("/state", disk).Save(doc, noon); err != nil {
			t.Fatal(err)
		}
		if _, err := NewStore("/state", disk).Load(); err != nil {
			t.Fatalf("what was saved can't be loaded: %v", err)
		}
	})
}
