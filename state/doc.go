// Package state knows how far every source is done, and keeps it.
//
// A Tracker is told which positions are held by something that is still under
// way, and when that is resolved: delivered, dead-lettered, or dropped by a
// stated rule. Its low-water mark is the place from which a source would have to
// be read again to lose nothing.
//
//	t := state.NewTracker()
//	hold := t.Hold(position)                // an exchange was built from this line
//	t.Advance(position.Source, position.End) // the source was read up to here
//	t.Release(hold)                         // the exchange was accepted
//	t.Low(position.Source)                  // nothing below is unresolved
//
// A Store keeps a Document, the low-water marks of all logs, in one JSON file that
// a person can read and mend. It is replaced as a whole: a crash at any moment
// leaves the old one or the new one. A Lock keeps the folder for one process.
//
// Invariants:
//   - A low-water mark never passes what is unresolved, and what is saved is never
//     ahead of delivery.
//   - A file that can't be read is an error that names it and the way out, never a
//     fresh start.
package state
