package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer/internal/protofield"
)

// localLog reads a file of Docker's `local` logging driver as lines in the CRI form,
// which has the same facts. The file is records one after another: size, LogEntry,
// size again, sizes as 4 bytes big endian (moby 20.10 to 29,
// daemon/logger/local/local.go and api/types/plugins/logdriver/entry.proto). Docker
// means it for itself alone, and says so; the API gives the same lines.
type localLog struct {
	src    *bufio.Reader
	record []byte
	line   []byte // as it is handed out
	rest   []byte // of line
}

const (
	localFormat = "Docker's local log"
	localSize   = 4         // bytes of a size
	localMost   = 1_000_000 // bytes of a LogEntry at most (moby, daemon/logger/local/read.go)
	localHead   = localSize + 2 + len("stdout")
)

// isLocalLog tells by the first bytes whether a file is one of the `local` driver: the
// first member of the first LogEntry is the name of the stream.
func isLocalLog(head []byte) bool {
	if len(head) < localHead {
		return false
	}
	size := binary.BigEndian.Uint32(head)
	name := head[localSize+2 : localHead]
	return size > 0 && size <= localMost && head[localSize] == 1<<3|byte(protowire.BytesType) && head[localSize+1] == byte(len(name)) &&
		(string(name) == "stdout" || string(name) == "stderr")
}

var errLocalRecord = errors.New("not a record")

// Read implements io.Reader.
func (l *localLog) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if err := l.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// next reads one record. io.EOF: there is none; io.ErrUnexpectedEOF: only a part of it.
func (l *localLog) next() error {
	var head [localSize]byte
	if _, err := io.ReadFull(l.src, head[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size == 0 || size > localMost {
		return fmt.Errorf("%w: %d bytes long", errLocalRecord, size)
	}
	if cap(l.record) < size+localSize {
		l.record = make([]byte, size+localSize)
	}
	l.record = l.record[:size+localSize]
	if _, err := io.ReadFull(l.src, l.record); err != nil {
		return io.ErrUnexpectedEOF
	}
	if !bytes.Equal(l.record[size:], head[:]) {
		return fmt.Errorf("%w: its sizes differ", errLocalRecord)
	}
	return l.take(l.record[:size])
}

// localEntry is a LogEntry.
type localEntry struct {
	stream, text []byte
	nano         int64
	partial      bool
	last         bool // the last piece of a line
}

// take makes a line of a LogEntry.
func (l *localLog) take(record []byte) error {
	e, err := decodeLocal(record)
	if err != nil {
		return err
	}
	if bytes.IndexByte(e.text, '\n') >= 0 { // Docker cuts at each: it would be two lines
		return fmt.Errorf("%w: a line with a line break", errLocalRecord)
	}
	l.line = time.Unix(0, e.nano).UTC().AppendFormat(l.line[:0], "2006-01-02T15:04:05.000000000Z ")
	l.line = append(append(l.line, e.stream...), " F "...)
	if e.partial && !e.last {
		l.line[len(l.line)-2] = 'P'
	}
	l.line = append(append(l.line, e.text...), '\n')
	l.rest = l.line
	return nil
}

// Fields of LogEntry, and of its partial_log_metadata, by number and type on the wire.
const (
	localSourceField   = 1<<3 | uint64(protowire.BytesType)
	localTimeField     = 2<<3 | uint64(protowire.VarintType)
	localTextField     = 3<<3 | uint64(protowire.BytesType)
	localPartialField  = 4<<3 | uint64(protowire.VarintType)
	localMetadataField = 5<<3 | uint64(protowire.BytesType)
	localLastField     = 1<<3 | uint64(protowire.VarintType)
)

func decodeLocal(b []byte) (e localEntry, err error) {
	err = protofield.Each(b, errLocalRecord, func(f protofield.Field) error {
		switch f.Tag {
		case localSourceField:
			e.stream = f.Bytes
		case localTimeField:
			e.nano = int64(f.N)
		case localTextField:
			e.text = f.Bytes
		case localPartialField:
			e.partial = f.N != 0
		case localMetadataField:
			return protofield.Each(f.Bytes, errLocalRecord, func(f protofield.Field) error {
				e.last = e.last || f.Tag == localLastField && f.N != 0
				return nil
			})
		}
		return nil
	})
	if err == nil && string(e.stream) != "stdout" && string(e.stream) != "stderr" {
		err = fmt.Errorf("%w: no stream", errLocalRecord)
	}
	return e, err
}
