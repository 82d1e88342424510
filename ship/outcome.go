package ship

// Outcome is how an item was resolved.
type Outcome uint8

// The outcomes.
const (
	Delivered    Outcome = iota // every sink has it
	DeadLettered                // the dead-letter file has it, for at least one sink
	Duplicate                   // every sink had it before
)

func (o Outcome) String() string {
	switch o {
	case DeadLettered:
		return "dead-lettered"
	case Duplicate:
		return "duplicate"
	default:
		return "delivered"
	}
}

// Stats counts items since the start. Every item that was handed to Deliver, or
// waited from an earlier run, is in exactly one of the first four.
type Stats struct {
	Delivered, DeadLettered int64
	Duplicates              int64 // not sent: every sink had them, or they were on their way
	Pending                 int64
	Changed                 int64 // of the duplicates: what was sent before had another content
	Failures                int64 // requests that failed and were tried again
	PendingBytes            int64 // of payload
}
