package tailer

import "time"

// A Position is the place of one line in the bytes of its source.
type Position struct {
	Source string // identity of the source: never a path that a rename would change
	Offset int64  // of the line's first byte, in the decompressed stream
	End    int64  // of the byte after the line's newline
}

// Stream tells which of a container's two pipes a line came from.
type Stream uint8

// The streams. A plain file does not tell its lines apart.
const (
	StreamUnknown Stream = iota
	StreamStdout
	StreamStderr
)

// A Line is one line as the proxy wrote it: without its newline, without the
// carriage return before it, and without any container envelope. Sources may hand out
// lines that are indented by four spaces or more together, as those of a document
// are: it has hundreds of them.
type Line struct {
	Bytes  []byte    // owned by the source; valid until its next line is read
	More   int       // lines in Bytes behind the first, each after its newline; the others may end in a carriage return
	Pos    Position  // of the whole line; of all pieces when a container split it
	Stamp  time.Time // the container's own stamp of the first piece, UTC; zero when there is none
	Stream Stream    //
	Writer string    // tells apart the writers that share a source: a Kafka record's key; mostly ""
	Cut    int64     // bytes dropped because the line was longer than the source's limit
	Open   bool      // the input ended before the newline
	Lost   bool      // characters of it are lost; LostMark stands behind each
}

// Indentation begins each of the lines that are handed out together.
const Indentation = "    "

// LostMark stands in a line where characters are lost: a noncharacter of Unicode, which
// neither Python's repr nor JSON shows as it is.
const LostMark = "\uFFFF"
