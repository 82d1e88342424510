package push

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"tailer"
)

// An entry is kept in the spool as a frame:
//
//	frame  = mark stream stamp writer text
//	mark   = 0xA7                      one byte, to know that all is well
//	stream = one byte                  tailer.Stream
//	stamp  = varint                    nanoseconds since 1970; 0: none
//	writer = uvarint, so many bytes
//	text   = uvarint, so many bytes
const frameMark = 0xA7

// errFrame says that a spool does not hold what this package wrote.
var errFrame = errors.New("no entry stands here")

func appendFrame(b []byte, e *Entry) []byte {
	b = append(b, frameMark, byte(e.Stream))
	var stamp int64
	if !e.Stamp.IsZero() {
		stamp = e.Stamp.UnixNano()
	}
	b = binary.AppendVarint(b, stamp)
	b = binary.AppendUvarint(b, uint64(len(e.Writer)))
	b = append(b, e.Writer...)
	b = binary.AppendUvarint(b, uint64(len(e.Text)))
	return append(b, e.Text...)
}

// frames are the entries of one delivery. They take a few bytes each, and their
// writer's name, besides their text: many short ones are more than their body was.
type frames struct {
	bytes []byte
	limit int64 // of bytes
}

// newFrames has room for the entries of a body of size bytes, if they are not short.
func newFrames(size int, limit int64) *frames {
	return &frames{bytes: make([]byte, 0, min(int64(size)+int64(size)/16, limit)), limit: limit}
}

// add adds an entry; errTooLarge if all would be longer than limit.
func (f *frames) add(e *Entry) error {
	const head = 2 + 3*binary.MaxVarintLen64
	if int64(len(f.bytes)+len(e.Writer)+len(e.Text)) > f.limit-head {
		return errTooLarge
	}
	f.bytes = appendFrame(f.bytes, e)
	return nil
}

// readFrame reads one entry of at most limit bytes of text. io.EOF: there is none;
// any other error says that the spool is damaged.
func readFrame(r *bufio.Reader, limit int64) (Entry, error) {
	mark, err := r.ReadByte()
	if err != nil {
		return Entry{}, err
	}
	stream, err := r.ReadByte()
	if mark != frameMark || err != nil || stream > byte(tailer.StreamStderr) {
		return Entry{}, errFrame
	}
	e := Entry{Stream: tailer.Stream(stream)}
	stamp, err := binary.ReadVarint(r)
	if err != nil {
		return Entry{}, errFrame
	}
	if stamp != 0 {
		e.Stamp = time.Unix(0, stamp).UTC()
	}
	writer, err := readText(r, limit)
	if err != nil {
		return Entry{}, err
	}
	e.Writer = string(writer)
	e.Text, err = readText(r, limit)
	return e, err
}

func readText(r *bufio.Reader, limit int64) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(limit) {
		return nil, errFrame
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return text, nil
}
