// Package residence keeps the process small in memory.
//
// It provides Bound, which says when garbage is collected, and Shrink for a process
// that has nothing to do. It does not bound what the stages hold.
//
//	residence.Bound()  // when the program starts
//	residence.Shrink() // when there is nothing to do
//
// Invariants:
//   - Nothing that the program holds changes; what it touches again is there
//     again, for some microseconds a page.
package residence
