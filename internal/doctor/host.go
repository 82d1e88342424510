package doctor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Host looks at files and sockets of this machine as the user who runs it.
type Host struct{ out list }

const othersRead, othersWrite, groupOrOthers = 0o004, 0o002, 0o077

// LogFile looks at a log that is to be followed.
func (h *Host) LogFile(path string) {
	h.out.where = path
	file, err := os.Open(path)
	if err != nil {
		fix := "sudo chgrp adm " + path + " && sudo chmod g+r " + path + "\nsudo systemctl edit tailer   # [Service] SupplementaryGroups=adm"
		if errors.Is(err, fs.ErrNotExist) {
			fix = "ls -ld " + filepath.Dir(path) + "   # a log that does not exist yet is followed from its first line"
		}
		h.out.add("host-log-unreadable", 0, fix, "%s.", plainError(err))
		return
	}
	defer func() { _ = file.Close() }() // only read
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&othersRead != 0 {
		h.out.add("host-log-world", 0, "sudo chmod o-r "+path, "Its mode is %v. Prompts, answers and users stand in it.", info.Mode().Perm())
	}
}

// StateDir looks at the folder in which tailer remembers what it sent.
func (h *Host) StateDir(path string) {
	h.out.where = path
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// tailer makes it, if the folder above lets it.
		above := filepath.Dir(path)
		if parent, err := os.Stat(above); err != nil || !parent.IsDir() || !writable(above) {
			h.out.add("host-state", 0, "sudo install -d -o tailer -m 700 "+path, "It does not exist, and cannot be made in %s.", above)
		}
	case err != nil:
		h.out.add("host-state", 0, "sudo chown tailer "+path, "%s.", plainError(err))
	case !info.IsDir():
		h.out.add("host-state", 0, "state_dir: /var/lib/tailer", "It is a file, not a folder.")
	case !writable(path):
		h.out.add("host-state", 0, "sudo chown tailer "+path, "Nothing can be written into it.")
	case info.Mode().Perm()&groupOrOthers != 0:
		h.out.add("host-state-open", 0, "sudo chmod 700 "+path, "Its mode is %v. What is not sent yet stands in it: prompts, answers and users.", info.Mode().Perm())
	}
}

// writable reports whether a file can be made in a folder, by making one.
func writable(dir string) bool {
	file, err := os.CreateTemp(dir, ".tailer-doctor-*")
	if err != nil {
		return false
	}
	_ = file.Close()
	return os.Remove(file.Name()) == nil
}

// DockerSocket looks at the socket of a Docker API.
func (h *Host) DockerSocket(path string) {
	h.out.where = path
	const wait = 2 * time.Second
	connection, err := net.DialTimeout("unix", path, wait)
	if err != nil {
		h.out.add("host-docker-socket", 0, "sudo systemctl edit tailer   # [Service] SupplementaryGroups=docker, which is as much as root; or follow the log file, or journald",
			"%s.", plainError(err))
		return
	}
	_ = connection.Close()
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&othersWrite != 0 {
		h.out.add("host-docker-world", 0, "sudo chmod 660 "+path, "Its mode is %v. Who can write to it is root on this machine.", info.Mode().Perm())
	}
}

// Findings returns what was found so far.
func (h *Host) Findings() []Finding { return h.out.findings }

// plainError says what went wrong without the operation and the path.
func plainError(err error) string {
	for _, known := range []struct {
		err  error
		says string
	}{
		{fs.ErrNotExist, "It does not exist"}, {fs.ErrPermission, "This user is not allowed to"},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	return err.Error()
}
