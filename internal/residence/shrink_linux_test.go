package residence

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const sample = `00400000-0119f000 r-xp 00000000 fe:00 12034867                           /usr/bin/tailer with space
Size:              13948 kB
Rss:                9852 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
0119f000-020d7000 r--p 00d9f000 fe:00 12034867                           /usr/bin/tailer with space
Anonymous:             8 kB
020d7000-021c2000 rw-p 01cd7000 fe:00 12034867                           /usr/bin/tailer with space
Anonymous:             0 kB
021c2000-04216000 rw-p 00000000 00:00 0 
Anonymous:           152 kB
021c2000-0zz16000 rw-p 00000000 00:00 0 
7ffd-8000 r--p 00000000 00:00 0                          [vvar]
`

func TestMappings(t *testing.T) {
	const path = "/usr/bin/tailer with space"
	want := []mapping{
		{0x400000, 0x119f000, false, path, false},
		{0x119f000, 0x20d7000, false, path, true},
		{0x20d7000, 0x21c2000, true, path, false},
		{0x21c2000, 0x4216000, true, "", true},
		{0x7ffd, 0x8000, false, "[vvar]", true},
	}
	got := mappings(strings.NewReader(sample))
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

var used = make([]byte, 64<<20) // given back by the heap only

// TestShrink takes memory, lets go of it, and looks at what the system says.
func TestShrink(t *testing.T) {
	for i := range used {
		used[i] = 1
	}
	before := resident(t)
	used = nil
	Shrink()
	if after := resident(t); after > before-60<<10 {
		t.Errorf("%d KiB before, %d KiB after", before, after)
	}
	if got := strings.Repeat("x", 3); got != "xxx" { // the program still runs
		t.Error(got)
	}
}

func resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
