package ship

import "time"

// A Store keeps what is about to be sent and remembers what was accepted, over
// the end of the process. Its methods may be called concurrently.
type Store interface {
	// Sink returns the number of the sink of that name, below MaxSinks, and since
	// when the store knows all that the sink accepted.
	Sink(name string) (number int, since time.Time, err error)

	// Pending calls each for every entry that waits, in the order of Put.
	Pending(each func(Entry) error) error

	// Load returns the payload of an entry that waits. The caller owns it.
	Load(seq uint64) ([]byte, error)

	// Known returns what sinks are known to have of each key.
	Known(keys []Key) ([]Known, error)

	// Commit makes all of the changes durable or none. It sets Entry.Seq of what
	// is put.
	Commit(changes *Changes) error
}

// MaxSinks is how many sinks a Store tells apart, over all times.
const MaxSinks = 64

// Sinks is a set of numbers of sinks.
type Sinks uint64

// Has tells whether a sink is in the set.
func (s Sinks) Has(number int) bool { return s&(1<<number) != 0 }

// SinkSet is the set of one sink.
func SinkSet(number int) Sinks { return 1 << number }

// Entry is one item that waits, without its payload.
type Entry struct {
	Seq    uint64 // its place in the order of Put; set by the store
	Key    Key
	Digest uint64
	Start  time.Time // of the request
	At     time.Time // of shipping
	Size   int64     // of the payload, in bytes
	Spans  int
	Owing  Sinks // who has not got it yet
	Beside Beside
}

// Known is what is remembered of one key.
type Known struct {
	Done   Sinks     // accepted it, or refused it for ever
	Dead   Sinks     // of those: refused it
	Digest uint64    // of what was accepted
	At     time.Time // when a sink did so last, to the second
}

// Changes are what one Commit does.
type Changes struct {
	Put  []Put
	Done []Done
}

// Put is an entry that is about to be sent.
type Put struct {
	Entry   *Entry
	Payload []byte
}

// Done is an entry that one sink has got, or will never get.
type Done struct {
	Seq    uint64
	Key    Key
	Digest uint64
	Sink   int
	Dead   bool      // refused, and among the dead letters
	At     time.Time // of the answer
}
