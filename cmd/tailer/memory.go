package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent is by how much memory may grow before it is collected, in percent
// of what is in use. With Go's own 100 a backfill of real logs peaks at 60 MiB, which
// leaves no room for a second thread; with 50 it stays at 50 and takes up to a tenth
// more processor time.
const garbagePercent = 75

// boundGarbage applies unless the environment says otherwise in Go's own variable.
func boundGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
