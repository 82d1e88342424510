// Package spool keeps on disk what a pipe sent until all that was made of it is
// resolved: a pipe cannot be read again.
//
//	s, err := spool.Open("/var/lib/tailer/spool/stdin.db", spool.Config{MaxBytes: 1 << 30})
//	err = s.Append(ctx, chunk)      // on disk when it returns
//	n, err := s.ReadAt(buf, offset) // of the stream, from the first Append ever
//	err = s.Release(lowWaterMark)   // nothing below is needed any more
//
// Invariants:
//   - What Append took is there after a crash at any moment, whole and once.
//   - Offsets go on across runs.
//   - What is on disk is unreadable without the key beside it, which is thrown away
//     once all that it hid was released.
//   - It holds no more than Config.MaxBytes: then Append waits, or drops the
//     oldest and counts it, as Config says.
//
// It is the only package that knows bbolt here, which brings the transactions.
// A write-ahead log would fit as well; tidwall/wal was looked at and takes no half
// written entry: after a power cut it does not open.
package spool
