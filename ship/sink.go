package ship

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Sink takes spans. It is called by one goroutine at a time.
type Sink interface {
	// Send delivers items in their order and returns when their outcome is
	// known. It reads them only, and keeps none.
	//
	// nil: all are delivered. *SendError: none is, and its Class says what may
	// help. *PartialError: the outcome differs from item to item. Any other
	// error, such as the context's, ends the delivery for now: nothing is known
	// about the items, and they stay pending.
	Send(ctx context.Context, items []*Item) error

	// Flush returns when all that was sent is where a crash cannot take it.
	Flush(ctx context.Context) error
}

// An Asker is a Sink that can be asked what it has. A sink that is none folds a
// second delivery of the same item, or cannot be helped.
type Asker interface {
	// Folds tells whether the sink makes one of what is sent twice, so that it need
	// not be asked.
	Folds(ctx context.Context) (bool, error)

	// Has returns those of items that the sink shows. ErrCannotAsk: it never will
	// tell. Other errors are those of Send.
	Has(ctx context.Context, items []*Item) (map[*Item]bool, error)

	// Lag is how long the sink may take to show what it has accepted. 0: it shows
	// it at once, but only what it was sent last; it is then not asked for what it
	// may have got before the store knew it.
	Lag() time.Duration
}

// ErrCannotAsk says that a sink has no way to tell what it has.
var ErrCannotAsk = errors.New("sink cannot be asked what it has")

// ErrKeysRefused says that the server knows us and does not want us: wrong keys,
// or keys that may not write. Nobody but the operator can help.
var ErrKeysRefused = errors.New("keys refused")

// ErrGaveUp says that a sink did not take a batch within Config.MaxElapsed.
var ErrGaveUp = errors.New("gave up retrying")

// Class says what may help against a SendError.
type Class uint8

// The classes. A sink that cannot tell says Transient: nothing is lost by it.
const (
	Transient   Class = iota // time: try again
	Refused                  // nothing, for at least one of the items
	TooLarge                 // fewer items at once
	KeysRefused              // the operator
)

// SendError is a failure of a whole request or of one item of it.
type SendError struct {
	Class      Class
	Status     int           // HTTP status; 0 when there was no answer
	RetryAfter time.Duration // at least so long, as the server or the sink wishes; 0: no wish
	Unknown    bool          // the items may have been stored all the same
	Err        error         // what happened, free of secrets and of prompts
}

func (e *SendError) Error() string {
	if e.Status == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("status %d: %v", e.Status, e.Err)
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrKeysRefused) true for that class.
func (e *SendError) Is(target error) bool {
	return target == ErrKeysRefused && e.Class == KeysRefused
}

// PartialError names the items of a request that were not delivered; all others
// were. The class of each is Transient or Refused.
type PartialError struct {
	Failed map[*Item]*SendError
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("%d items not delivered", len(e.Failed))
}
