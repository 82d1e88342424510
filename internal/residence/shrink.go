package residence

import (
	"runtime"
	"runtime/debug"
	"time"
)

// onceMore is how long after Shrink files are let go of again: stacks that the
// collector has made smaller grow again, which reads much of the program.
const onceMore = 3 * time.Second

// Shrink gives the system back what a burst of work has taken: memory that is
// free in the heap, and the pages of mapped files, above all of the program's own,
// most of which only its start needs. They stay in the system's cache. It takes
// some milliseconds, does a little more some seconds later, and may be called
// concurrently.
func Shrink() {
	runtime.GC() // pools are emptied by the second one in a row
	debug.FreeOSMemory()
	letGoOfFiles()
	time.AfterFunc(onceMore, letGoOfFiles)
}
