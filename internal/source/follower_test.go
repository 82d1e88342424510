package source_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tailer"
)

// TestRotation moves a log about in every way that is known, while it is read
// and while nobody reads.
func TestRotation(t *testing.T) {
	moves := []struct {
		name string
		do   func(x *followed)
	}{
		{"nothing", func(*followed) {}},
		{"rename, new file at once", func(x *followed) {
			x.rename(x.log, x.log+".1")
			x.append(20)
		}},
		{"rename, the writer goes on in the old file", func(x *followed) {
			x.rename(x.log, x.log+".1")
			x.raw(x.log, "")
			x.appendTo(x.log+".1", 7)
			x.append(20)
		}},
		{"rotated twice", func(x *followed) {
			x.rename(x.log, x.log+".1")
			x.append(20)
			x.rename(x.log+".1", x.log+".2")
			x.rename(x.log, x.log+".1")
			x.append(20)
		}},
		{"rotated twice and compressed", func(x *followed) {
			x.rename(x.log, x.log+".1")
			x.append(20)
			x.rename(x.log+".1", x.log+".2")
			x.compress(x.log + ".2")
			x.rename(x.log, x.log+".1")
			x.append(20)
		}},
		{"dated", func(x *followed) {
			x.rename(x.log, x.log+"-20261101")
			x.append(20)
		}},
		{"copied and truncated", func(x *followed) {
			x.copyTruncate(x.log + ".1")
			x.append(3)
		}},
		{"copied, truncated, and grown beyond where it was", func(x *followed) {
			x.copyTruncate(x.log + ".1")
			x.append(500)
		}},
		{"deleted and made anew", func(x *followed) {
			x.read() // what is deleted before anybody reads it is gone
			if err := os.Remove(x.log); err != nil {
				x.t.Fatal(err)
			}
			x.append(20)
		}},
		{"deleted and made anew, longer", func(x *followed) {
			x.read()
			if err := os.Remove(x.log); err != nil {
				x.t.Fatal(err)
			}
			x.append(500)
		}},
		{"truncated", func(x *followed) {
			x.read()
			if err := os.Truncate(x.log, 0); err != nil {
				x.t.Fatal(err)
			}
			x.append(5)
		}},
		{"truncated and grown beyond where it was", func(x *followed) {
			x.read()
			if err := os.Truncate(x.log, 0); err != nil {
				x.t.Fatal(err)
			}
			x.append(500)
		}},
		{"symlink switched", func(x *followed) {
			x.rename(x.log, filepath.Join(filepath.Dir(x.log), "a"))
			x.appendTo(filepath.Join(filepath.Dir(x.log), "b"), 30)
			if err := os.Symlink("b", x.log); err != nil {
				x.t.Fatal(err)
			}
		}},
	}
	for _, move := range moves {
		t.Run(move.name+"/while it is read", func(t *testing.T) {
			x := follow(t)
			for range 3 {
				x.append(10)
				x.read()
				x.append(10)
				if move.name == "symlink switched" {
					if _, err := os.Lstat(filepath.Join(filepath.Dir(x.log), "b")); err == nil {
						break
					}
				}
				move.do(x)
				x.pass(time.Second)
				x.settle()
				for _, name := range []string{".1", ".2", ".2.gz", "-20261101"} {
					_ = os.Remove(x.log + name) // not there for most moves
				}
				x.settle()
			}
			x.append(5)
			x.check()
		})
		t.Run(move.name+"/while nobody reads", func(t *testing.T) {
			x := follow(t)
			x.read()
			if strings.HasPrefix(move.name, "deleted") || strings.HasPrefix(move.name, "truncated") {
				x.stop()
				x.f, x.s = nil, nil
				x.moveUnread(move.do)
			} else {
				x.stop()
				x.append(10)
				move.do(x)
			}
			x.start()
			x.append(5)
			x.check()
		})
	}
}

// moveUnread makes a move of which the test says that all was read before.
func (x *followed) moveUnread(do func(*followed)) {
	x.start()
	do(x)
	x.saved = x.f.Checkpoints(x.tracker)
	if err := x.s.Close(); err != nil {
		x.t.Fatal(err)
	}
}

// TestHalfALineWaits never hands on what is not whole, but for the end of a file
// that was rotated away.
func TestHalfALineWaits(t *testing.T) {
	x := follow(t)
	x.read()
	x.raw(x.log, "line 0000")
	x.settle()
	x.stop()
	x.start()
	x.settle()
	x.raw(x.log, "11 and the rest\n")
	x.written++
	x.check()
	x.raw(x.log, "line 000012 is cut")
	x.written++
	x.read()
	x.rename(x.log, x.log+".1")
	x.append(3)
	x.check()
}

// TestSameBanner keeps two files apart that begin alike for longer than what is
// looked at.
func TestSameBanner(t *testing.T) {
	x := &followed{t: t, log: filepath.Join(t.TempDir(), "app.log"), now: time.Now()}
	banner := strings.Repeat("LiteLLM: Proxy initialized\n", 80)
	x.raw(x.log, banner)
	x.append(10)
	x.start()
	x.read()
	for n := 1; n <= 3; n++ {
		x.rename(x.log, fmt.Sprintf("%s.%d", x.log, n))
		x.raw(x.log, banner)
		x.append(20)
		if n == 2 {
			x.stop()
			x.start()
		}
		x.settle()
	}
	x.got = slices.DeleteFunc(x.got, func(line string) bool { return strings.HasPrefix(line, "LiteLLM") })
	x.check()
}

// TestTruncatedAlike finds out that a file was truncated and grown beyond where it
// was, although its lines have one length and one end.
func TestTruncatedAlike(t *testing.T) {
	for _, reading := range []bool{true, false} {
		x := &followed{t: t, log: filepath.Join(t.TempDir(), "app.log"), now: time.Now()}
		alike := func(n int) {
			for range n {
				x.written++
				x.raw(x.log, fmt.Sprintf("line %06d %s\n", x.written, strings.Repeat("x", 300)))
			}
		}
		alike(20)
		x.start()
		x.read()
		if !reading {
			x.stop()
		}
		if err := os.Truncate(x.log, 0); err != nil {
			t.Fatal(err)
		}
		alike(30)
		if !reading {
			x.start()
		}
		x.check()
	}
}

// TestFirstStart reads the file that is there, from its beginning or from its
// end, and none of its siblings.
func TestFirstStart(t *testing.T) {
	for _, fromEnd := range []bool{false, true} {
		x := &followed{t: t, log: filepath.Join(t.TempDir(), "app.log"), now: time.Now(), fromEnd: fromEnd}
		x.raw(x.log+".2", "old\n")
		x.compress(x.log + ".2")
		x.raw(x.log+".1", "not so old\n")
		x.pass(time.Hour)
		if fromEnd {
			x.raw(x.log, "of no interest\nof no in")
		} else {
			x.append(5)
		}
		x.start()
		x.read()
		if fromEnd {
			x.raw(x.log, "terest\n")
			x.read()
			x.got = nil
		}
		x.compress(x.log + ".1")
		x.append(5)
		x.check()
	}
}

// TestFoundNotRead reads files that a run found and was killed before it read a line
// of, under whatever name and in whatever form they are then.
func TestFoundNotRead(t *testing.T) {
	for name, kept := range map[string]func(x *followed){
		"as they are": func(*followed) {},
		"the live one is compressed": func(x *followed) {
			x.rename(x.log+".1", x.log+".2")
			x.rename(x.log, x.log+".1")
			x.compress(x.log + ".1")
			x.append(5)
		},
		"all are compressed": func(x *followed) {
			x.rename(x.log+".1", x.log+".2")
			x.compress(x.log + ".2")
			x.rename(x.log, x.log+".1")
			x.compress(x.log + ".1")
			x.append(5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := follow(t)
			x.read()
			x.append(7) // unread when it is rotated
			x.stop()
			x.rename(x.log, x.log+".1")
			x.append(9)
			x.start()
			for range 3 { // runs that only look
				x.s.Look()
				x.pass(time.Second)
				x.stop()
				x.start()
			}
			x.stop()
			kept(x)
			x.start()
			x.check()
		})
	}
}

// TestUnreadableComesBack goes on once a log can be read again.
func TestUnreadableComesBack(t *testing.T) {
	x := follow(t)
	x.read()
	dir := filepath.Dir(x.log)
	x.rename(dir, dir+".away")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // its folder is a file now
		t.Fatal(err)
	}
	x.settle()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	x.rename(dir+".away", dir)
	x.append(5)
	x.check()
}

// TestVanished tells of a file that was not read to its end and is gone.
func TestVanished(t *testing.T) {
	x := follow(t)
	x.read()
	x.stop()
	if err := os.Remove(x.log); err != nil {
		t.Fatal(err)
	}
	x.written, x.got = 0, nil
	x.append(5)
	x.start()
	x.check()
	if got := x.f.Counts().Missed; got != 1 {
		t.Errorf("%d files are counted as missed, want 1", got)
	}
}

// TestLag counts what is not read, of a file that was rotated away too.
func TestLag(t *testing.T) {
	x := follow(t)
	x.read()
	if lag := x.s.Lag(); lag != 0 {
		t.Errorf("all is read, %d bytes are behind", lag)
	}
	before, err := os.Stat(x.log)
	if err != nil {
		t.Fatal(err)
	}
	x.append(500)
	x.rename(x.log, x.log+".1")
	x.append(3)
	x.s.Look()
	rotated, err := os.Stat(x.log + ".1")
	if err != nil {
		t.Fatal(err)
	}
	live, err := os.Stat(x.log)
	if err != nil {
		t.Fatal(err)
	}
	if lag, want := x.s.Lag(), rotated.Size()-before.Size()+live.Size(); lag != want {
		t.Errorf("%d bytes are behind, want %d", lag, want)
	}
	x.check()
}

// TestGone ends with a log that has had no file for long, if it is one that comes and
// goes, and not before all of it is read.
func TestGone(t *testing.T) {
	for _, ends := range []bool{false, true} {
		x := &followed{t: t, log: filepath.Join(t.TempDir(), "app.log"), now: time.Now(), ends: ends}
		x.append(10)
		x.start()
		x.read()
		x.append(10)
		if err := os.Remove(x.log); err != nil {
			t.Fatal(err)
		}
		x.check()
		x.pass(8 * time.Minute)
		x.append(3) // it comes back
		x.check()
		if err := os.Remove(x.log); err != nil {
			t.Fatal(err)
		}
		x.settle()
		x.pass(11 * time.Minute)
		x.s.Look()
		want := tailer.ErrPause
		if ends {
			want = io.EOF
		}
		if _, err := x.s.Next(); !errors.Is(err, want) {
			t.Errorf("ends %v: got %v, want %v", ends, err, want)
		}
	}
}
