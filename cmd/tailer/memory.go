package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent is by how much memory may grow before it is collected, in percent
// of what is in use. Go's own 100 would take a busy backfill to 90 MiB; at 50 it
// stays below 64 and needs a few hundredths more of processor time.
const garbagePercent = 50

// boundGarbage applies unless the environment says otherwise in Go's own variable.
func boundGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
