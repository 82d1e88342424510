package residence

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// mapping is one line of /proc/self/smaps with what is told below it (Linux,
// Documentation/filesystems/proc.rst).
type mapping struct {
	from, to uint64
	writable bool
	path     string
	own      bool // it has pages that are not as in the file
}

// letGoOfFiles lets go of the pages of files that are mapped to be read: those of the
// program, and of databases. What fails costs memory and nothing else, so that it
// is not told.
func letGoOfFiles() {
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer func() { _ = smaps.Close() }()
	for _, m := range mappings(smaps) {
		// Pages that were written to are not in the file: those of a relocated program are
		// read-only by now.
		if strings.HasPrefix(m.path, "/") && !m.writable && !m.own {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(m.from), uintptr(m.to-m.from), syscall.MADV_DONTNEED)
		}
	}
}

// mappings reads smaps. A mapping of which it is not told whether it has own pages
// counts as one that has.
func mappings(smaps io.Reader) (all []mapping) {
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		if anonymous, ok := bytes.CutPrefix(lines.Bytes(), []byte("Anonymous:")); ok {
			if len(all) > 0 {
				all[len(all)-1].own = string(bytes.TrimSpace(anonymous)) != "0 kB"
			}
			continue
		}
		// 00400000-011a8000 r-xp 00000000 fe:00 1234   /usr/bin/tailer
		const fields = 6
		parts := strings.SplitN(lines.Text(), " ", fields)
		from, to, ok := strings.Cut(parts[0], "-")
		if !ok || len(parts) < fields {
			continue
		}
		m := mapping{writable: strings.Contains(parts[1], "w"), path: strings.TrimLeft(parts[fields-1], " "), own: true}
		var errs [2]error
		m.from, errs[0] = strconv.ParseUint(from, 16, 64)
		m.to, errs[1] = strconv.ParseUint(to, 16, 64)
		if errs[0] == nil && errs[1] == nil && m.from < m.to {
			all = append(all, m)
		}
	}
	return all
}
