package source

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// An alarm ends the wait for a quiet file as soon as something happens to it, so
// that it can be looked at rarely. It is a hint and no more: network file systems
// do not tell what other machines write, and what happened is seen by stat alone.
// It is not safe for concurrent use.
type alarm struct {
	events *os.File
	fd     int
	missed int // changes that it did not tell of
}

// mostMissed is after how many changes that were not told an alarm is not relied
// on any more. One may be told a moment after it was seen.
const mostMissed = 3

// newAlarm returns an alarm, nil where there can be none: the kernel has a limit
// for each user, and may lack inotify.
func newAlarm() *alarm {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		return nil
	}
	return &alarm{events: os.NewFile(uintptr(fd), "inotify"), fd: fd}
}

// set makes the alarm tell of the next change of an open file, whatever its name is
// by then. The file must be looked at between set and wait.
func (a *alarm) set(file *os.File) bool {
	const changes = syscall.IN_MODIFY | syscall.IN_ATTRIB | syscall.IN_MOVE_SELF | syscall.IN_DELETE_SELF
	var fd uintptr
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = n })
	}
	if err != nil {
		return false
	}
	_, err = syscall.InotifyAddWatch(a.fd, fmt.Sprintf("/proc/self/fd/%d", fd), changes|syscall.IN_ONESHOT)
	return err == nil
}

// wait returns true when the file has changed, false after d or when ctx ends.
func (a *alarm) wait(ctx context.Context, d time.Duration) bool {
	if a.events.SetReadDeadline(time.Now().Add(d)) != nil {
		pause(ctx, d)
		return false
	}
	stop := context.AfterFunc(ctx, func() { _ = a.events.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var told [1024]byte
	n, _ := a.events.Read(told[:])
	return n > 0
}

// reliable is told whether a change that was seen had been told.
func (a *alarm) reliable(told bool) bool {
	if !told {
		a.missed++
	}
	return a.missed < mostMissed
}

func (a *alarm) close() { _ = a.events.Close() }
