package source

import (
	"time"

	"tailer"
)

var (
	newline        = []byte("\n")
	carriageReturn = []byte("\r")
	space          = []byte(" ")
)

// An envelope is what a container runtime or a log shipper puts around a line.
type envelope interface {
	// name is what Reader.Envelope tells people.
	name() string
	// strip takes the envelope off one line of the input; ok is false when line
	// isn't of this envelope. A '\r' that ends line may be of the input's line
	// end or of the text: strip leaves it where it can be text. The piece may
	// alias line and memory of the envelope; it is valid until the next strip.
	strip(line []byte) (p piece, ok bool)
}

// A flusher is an envelope of several lines an entry, which the input's end can
// leave unfinished.
type flusher interface {
	// flush returns what strip has held back; ok is false when that is nothing.
	flush() (p piece, ok bool)
}

// A piece is what one line of the input held: a whole line of the proxy, a part
// of one, or several.
type piece struct {
	text    []byte        // without the newline at its end
	stamp   time.Time     // UTC; zero when the envelope tells none
	stream  tailer.Stream //
	key     string        // tells apart the writers within a stream; mostly ""
	partial bool          // the line goes on in the next piece of this stream and key
	framed  bool          // known to be whole even where the input ends without a newline
	held    bool          // the entry goes on in the input's next line: there is no text yet
	lost    bool          // the exporting tool left the text out
	valid   bool          // made valid UTF-8: of a character that the split cut nothing is left
}
