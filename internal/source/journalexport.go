package source

import (
	"bytes"
	"encoding/binary"
	"time"
)

// journalExport is the Journal Export Format of `journalctl -o export`: a line
// KEY=value for each field, an empty line after each entry. A field with bytes
// that don't print is its name alone in a line, then 8 bytes of length (little
// endian), the bytes, which may hold newlines, and a newline.
type journalExport struct {
	limit int // bytes kept of a field

	begun   bool // within an entry
	message []byte
	found   bool // the entry has a MESSAGE
	stamp   time.Time
	key     string
	partial bool

	field string // of the binary field that is being read; "" when there is none
	bin   []byte // its length and bytes, as far as limit allows
	size  uint64 // bytes of it read so far, the 8 of the length included
}

// binaryHead is the size of the length before a binary field.
const binaryHead = 8

// newJournalExport returns nil for a sample that is merely KEY=value lines, as
// the output of env is.
func newJournalExport(sample [][]byte, cfg Config) envelope {
	for _, line := range sample {
		if bytes.HasPrefix(line, []byte("__REALTIME_TIMESTAMP=")) {
			return &journalExport{limit: cfg.MaxLine}
		}
	}
	return nil
}

func (*journalExport) name() string { return "journald export" }

func (j *journalExport) strip(line []byte) (piece, bool) {
	if j.field != "" {
		return piece{held: true}, j.binary(line)
	}
	line = bytes.TrimSuffix(line, carriageReturn)
	if len(line) == 0 {
		p, ok := j.flush()
		if !ok {
			p.held = true
		}
		return p, true
	}
	name, value, found := bytes.Cut(line, []byte("="))
	if !isFieldName(name) {
		return piece{}, false
	}
	j.begun = true
	if found {
		j.set(string(name), value)
	} else {
		j.field, j.bin, j.size = string(name), j.bin[:0], 0
	}
	return piece{held: true}, true
}

// binary takes the next line of a binary field. It reports false, and gives the
// field up, when the line ends elsewhere than the field's length says.
func (j *journalExport) binary(line []byte) bool {
	room := max(binaryHead+j.limit-len(j.bin), 0)
	j.bin = append(j.bin, line[:min(len(line), room)]...)
	if len(line) < room {
		j.bin = append(j.bin, '\n')
	}
	j.size += uint64(len(line)) + 1
	if len(j.bin) < binaryHead {
		return true
	}
	want := binary.LittleEndian.Uint64(j.bin)
	switch have := j.size - binaryHead - 1; { // without the newline at its end
	case have < want:
		return true
	case have == want:
		j.set(j.field, j.bin[binaryHead:min(uint64(len(j.bin)), binaryHead+want)])
		j.field = ""
		return true
	}
	j.field = ""
	return false
}

// set keeps a field that matters.
func (j *journalExport) set(name string, value []byte) {
	switch name {
	case "MESSAGE":
		j.message, j.found = append(j.message[:0], value...), true
	case "__REALTIME_TIMESTAMP":
		j.stamp, _ = microseconds(string(value))
	case "_STREAM_ID":
		j.key = string(value)
	case "_LINE_BREAK":
		j.partial = string(value) == lineMax
	}
}

// flush returns the entry read so far; an entry without a MESSAGE is nothing.
func (j *journalExport) flush() (piece, bool) {
	p := piece{text: j.message, stamp: j.stamp, key: j.key, partial: j.partial, lost: !j.found}
	ok := j.begun
	*j = journalExport{limit: j.limit, message: j.message[:0], bin: j.bin}
	return p, ok
}

// isFieldName tells whether name can be that of a journal field.
func isFieldName(name []byte) bool {
	if len(name) == 0 || len(name) > 64 || isDigit(name[0]) {
		return false
	}
	for _, c := range name {
		if c != '_' && !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
