//go:build linux || darwin

package disk

import "syscall"

// space returns how much of a file system is free for this user, and its size.
func space(folder string) (free, size int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil || s.Blocks == 0 {
		return 0, 0, false // some network file systems have no size
	}
	block := int64(s.Bsize) //nolint:unconvert // its type differs from system to system
	return int64(s.Bavail) * block, int64(s.Blocks) * block, true
}
