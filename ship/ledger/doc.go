// Package ledger keeps, in one file, what is about to be sent and what was
// accepted: a ship.Store on bbolt, which no other package knows.
//
// It provides DB. It does not decide what is sent, when, or to whom.
//
//	db, err := ledger.Open("ledger.db", ledger.Config{})
//	…
//	delivery, err := ship.New(ship.Config{Store: db, …}, targets...)
//	…
//	err = db.Close()
//
// The file holds an outbox and a ledger. The outbox has, for every item that waits,
// its exact payload, its time of shipping and the sinks that have not got it. The
// ledger has, for every sink, the key of each item that it accepted, or refused
// for ever, with the time and a digest of the content: about 60 bytes each, no
// text of any request.
//
// Invariants:
//   - A Commit is on disk as a whole when it returns, or not at all. One Commit is
//     two fsyncs.
//   - An item leaves the outbox in the same Commit that puts it into the ledger.
//   - What Sink says about "since" is true: an item that the sink accepted after
//     it is in the ledger, whatever was pruned.
//
// One process has the file at a time: Open says ErrInUse to a second one.
package ledger
