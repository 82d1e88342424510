// Package residence keeps a process that has nothing to do small in memory.
//
// It provides Shrink. It does not bound what a busy process takes.
//
//	residence.Shrink()
//
// Invariants:
//   - Nothing that the program holds changes; what it touches again is there
//     again, for some microseconds a page.
package residence
