package tailer

import (
	"errors"
	"time"
)

// ErrPause says that a source that is followed has no line now and may have one
// later.
var ErrPause = errors.New("no line yet")

// A Checkpoint tells how far a source is done and how to know it again. A log
// that rotates has one for each of its files that still matter.
type Checkpoint struct {
	Source string `json:"source"` // id of the source, as in Position
	Path   string `json:"path"`   // where it was seen last; it is never known by it

	// A file is known by its first bytes and by those before End, and among
	// several that agree in both by device and inode.
	Device   uint64 `json:"device,omitempty"`
	Inode    uint64 `json:"inode,omitempty"`
	HeadSize int    `json:"head_size,omitempty"` // bytes, at most 1 KiB
	Head     string `json:"head,omitempty"`      // hash of the first HeadSize bytes
	End      int64  `json:"end"`                 // byte after the last line that was read
	Before   string `json:"before,omitempty"`    // hash of the bytes before End, at most 256

	// Cursor is how a source without offsets of its own is resumed: journald's
	// cursor, or the stamp of Docker's last line.
	Cursor string `json:"cursor,omitempty"`

	// Offset is the low-water mark in bytes: reading goes on here. Lines behind it
	// of which an exchange was made that is resolved are in Resolved, by their
	// first byte, in order.
	Offset   int64   `json:"offset"`
	Resolved []int64 `json:"resolved,omitempty"`

	Ended bool      `json:"ended,omitempty"` // nothing will be added to it
	Stamp time.Time `json:"stamp,omitzero"`  // log time of the newest line read
	Seen  time.Time `json:"seen"`            // when it last gave something
}
