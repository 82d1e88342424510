package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"tailer"
)

// documentStart is how the second line of a bare document begins.
const documentStart = `    "id": "`

// printed reports whether a line can be one of those that are always written to stdout:
// payloads and access lines. In stderr such a line stands in a text that a record quotes.
func (f *framer) printed(l *tailer.Line) bool {
	return l.Stream != tailer.StreamStderr || !f.trust.stdout
}

// openDocument begins a bare document. What it is shows on its second line.
func (f *framer) openDocument(l *tailer.Line) {
	f.inDoc = true
	suspect := f.suspects()
	f.document = frame{form: &documentForm, suspect: suspect, stream: l.Stream, pos: l.Pos, stamp: stamp{container: l.Stamp}, unstamped: l.Stamp.IsZero()}
	f.document.coarse = !l.Stamp.IsZero() && isCoarse(l.Stamp)
	f.docBuf = append(f.docBuf[:0], '{')
}

// continueDocument takes a line while a document is open. done says that the
// line is used up.
func (f *framer) continueDocument(b []byte, l *tailer.Line) (rest []byte, done bool) {
	switch {
	case len(f.docBuf) == 1 && !hasPrefix(b, documentStart):
		f.inDoc = false // some other brace
		if f.isOpen {
			f.extend([]byte("{"), l)
		}
		return b, false
	case hasPrefix(b, tailer.Indentation):
		if len(f.docBuf)+len(b) > maxRecord {
			f.counts.Cut++
			f.inDoc = false
			return nil, true
		}
		f.docBuf = append(f.docBuf, b[indent(b):]...) // strings have no raw line breaks
		f.document.pos.End = l.Pos.End
		return nil, true
	case b[0] == '}':
		f.inDoc = false
		f.counts.Document++
		f.docBuf = append(f.docBuf, '\n', '}')
		f.document.text = f.docBuf
		f.document.pos.End = l.Pos.End
		if f.document.unstamped && f.isOpen && f.open.form != nil {
			f.document.stamp = f.open.stamp
			f.document.stamp.kind = stampAfter
		}
		f.letGo(&f.document)
		return b[1:], false
	case len(b) == 1 && b[0] == '{':
		f.counts.Torn++
		f.openDocument(l)
		return nil, true
	}
	return f.step(b, l), false
}

// indent returns with how many spaces b begins, which are a dozen in most lines of a
// document.
func indent(b []byte) int {
	const spaces = 0x2020202020202020
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if other := binary.LittleEndian.Uint64(b[i:]) ^ spaces; other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}

// lines takes several lines that are indented.
func (f *framer) lines(l *tailer.Line) {
	b := l.Bytes
	if f.inDoc && (len(f.docBuf) > 1 || hasPrefix(b, documentStart)) && len(f.docBuf)+len(b) <= maxRecord {
		f.counts.Lines += int64(1 + l.More)
		f.document.pos.End = l.Pos.End
		for len(b) > 0 {
			var text []byte
			text, b, _ = cutLine(b)
			f.docBuf = append(f.docBuf, text[indent(text):]...)
		}
		return
	}
	one := *l
	one.More, one.Pos.End = 0, l.Pos.Offset
	for len(b) > 0 {
		var size int
		one.Bytes, b, size = cutLine(b)
		one.Pos.Offset, one.Pos.End = one.Pos.End, one.Pos.End+int64(size)
		if len(b) == 0 {
			one.Pos.End = l.Pos.End // it may have had a carriage return
		}
		f.line(&one)
	}
}

// cutLine returns the first of several lines, the others, and how many bytes the first
// one takes with its line break.
func cutLine(b []byte) (line, rest []byte, size int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil, len(b)
	}
	line, rest = b[:i], b[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest, i + 1
}
