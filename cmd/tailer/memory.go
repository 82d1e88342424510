package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent is by how much memory may grow before it is collected, in percent
// of what is in use. Go's own 100 takes a busy backfill of real logs to 100 MiB; at
// 50 it stays near 75 for a few hundredths more of processor time.
const garbagePercent = 50

// boundGarbage applies unless the environment says otherwise in Go's own variable.
func boundGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
