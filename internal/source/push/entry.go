package push

import (
	"context"
	"errors"
	"time"

	"tailer"
)

// An Entry is one line, or several with newlines between them, as a shipper
// delivered it.
type Entry struct {
	Writer string        // who wrote it; "" when the sender does not say
	Stamp  time.Time     // when it was written, UTC, as a container runtime told the shipper; zero when nobody did
	Stream tailer.Stream //
	Text   []byte        // without the newline at its end
}

// ErrFull says that a spool takes no more for now.
var ErrFull = errors.New("spool is full")

// A Spool keeps entries until they are read.
type Spool interface {
	// Append returns when all entries, as frames, are on disk, or none is. ErrFull
	// asks the sender to wait. It is called by one goroutine at a time.
	Append(ctx context.Context, frames []byte) error
}
