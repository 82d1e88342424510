// Package state knows how far a source is done. A Tracker is told which positions
// are held by something that is still under way, and when that is resolved:
// delivered, dead-lettered, or dropped by a stated rule. Its low-water mark is
// the place from which a source would have to be read again to lose nothing.
//
//	t := state.NewTracker()
//	hold := t.Hold(position) // an exchange was built from this line
//	t.Advance(position.End)  // the source was read up to here
//	t.Release(hold)          // the exchange was accepted
//	t.Low()                  // nothing below is unresolved
//
// It provides no file: where the mark is kept is its owner's affair.
package state
