//go:build !linux

package residence

// letGoOfFiles leaves them to the system.
func letGoOfFiles() {}
