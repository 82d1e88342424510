package source_test

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestSlowCompressor reads a file that was found and not read, although a run saw its
// archive while that was empty, or found the archive where the file had been.
func TestSlowCompressor(t *testing.T) {
	for name, test := range map[string]struct{ stops, sameInode bool }{
		"one run":                            {},
		"killed while the archive was empty": {stops: true},
		"killed, and the archive has the file's inode": {stops: true, sameInode: true},
	} {
		t.Run(name, func(t *testing.T) {
			x := follow(t)
			x.read()
			x.append(700) // unread when it is rotated
			x.stop()
			x.rename(x.log, x.log+".2")
			x.append(9)
			x.start()
			x.s.Look()
			x.stop()
			info, err := os.Stat(x.log + ".2")
			if err != nil {
				t.Fatal(err)
			}
			x.now = time.Now()
			archive := x.log + ".2.gz"
			x.raw(archive, "")
			x.start()
			if !test.sameInode {
				x.s.Look()
			}
			if test.stops {
				x.stop()
			}
			x.compress(x.log + ".2") // into the empty file
			if test.sameInode {
				for i := range x.saved {
					if x.saved[i].End == 0 && x.saved[i].Inode != 0 {
						now, err := os.Stat(archive)
						if err != nil {
							t.Fatal(err)
						}
						x.saved[i].Inode = now.Sys().(*syscall.Stat_t).Ino
					}
				}
			}
			if err := os.Chtimes(archive, info.ModTime(), info.ModTime()); err != nil { // as gzip does
				t.Fatal(err)
			}
			if test.stops {
				x.start()
			}
			x.check()
		})
	}
}

// TestTruncatedHalfRead copies and truncates a log of which some was read: the rest is
// in the copy.
func TestTruncatedHalfRead(t *testing.T) {
	for _, lines := range []int{1, 1000, 11_000, 12_000, 13_000, 20_000, 24_000} {
		x := follow(t)
		x.read()
		x.append(30_000) // 1.2 MB: more than one chunk
		x.s.Look()
		for range lines {
			line, err := x.s.Next()
			if err != nil {
				t.Fatal(err)
			}
			x.got = append(x.got, string(line.Bytes))
			x.tracker.Advance(line.Pos.Source, line.Pos.End)
		}
		x.copyTruncate(x.log + ".1")
		x.append(3)
		x.check()
		_ = x.s.Close()
	}
}
