package parse

import (
	"bytes"

	"tailer"
)

// maxRecord is the most text of one record that is kept, in bytes. What a record
// holds beyond it is dropped and counted as cut.
const maxRecord = 64 << 20

// cutRecord is how much is read of a line that the source had to cut, in bytes.
const cutRecord = 1 << 20

// frame is one record of interest before its text is decoded.
type frame struct {
	form   *form
	text   []byte // the message, JSON escapes removed; the framer's, unless it is kept
	raw    []byte // the record's lines as written, for kinds that may lack a call id
	stamp  stamp
	coarse bool // its time, if it bears no stamp, is exact to a second only
	// unstamped: the record bears no stamp, its time is that of the one before it
	unstamped bool
	suspect   bool // it may be raw text of somebody, see trust
	quiet     bool // its log is not one at DEBUG
	lossy     bool // characters may be lost in it
	kept      bool // text and raw are where frames wait
	stream    tailer.Stream
	pos       tailer.Position
}

// Counts tells what the lines were, for --dry-run and metrics.
type Counts struct {
	Lines    int64 // lines handed in
	JSON     int64 // records of the JSON formatter
	Text     int64 // records of the text formatter
	Document int64 // bare StandardLoggingPayload documents
	Access   int64 // uvicorn's access lines
	Twins    int64 // records of the JSON formatter that were written twice
	Debris   int64 // lines that belong to no record: prints, tracebacks, banners
	Torn     int64 // records or documents that were cut by another writer
	Cut      int64 // records of several lines that are longer than the limit
	Damaged  int64 // records whose text could not be read to its end
	Suspect  int64 // records that may be text of a client or provider, left out
	Repaired int64 // wounds of LiteLLM's own redaction that were closed
}

// framer cuts the lines of one stream into records. It owns two open things at
// most: a text record that later lines may continue, and a bare document.
type framer struct {
	counts *Counts
	emit   func(*frame)
	found  **found // where emit makes frames wait, if it does
	trust  *trust
	taint  // what is known of raw text

	open     frame // text record being continued; form nil when its text is of no interest
	isOpen   bool
	raw      []byte // of open
	lead     int    // bytes of raw before its text
	buf      []byte // that text
	memory   []byte // for raw, reused
	document frame
	inDoc    bool
	docBuf   []byte
	scratch  []byte
	twins    twins
}

// line takes the next line of the stream.
func (f *framer) line(l *tailer.Line) {
	if l.More > 0 {
		f.lines(l)
		return
	}
	f.counts.Lines++
	b := l.Bytes
	if l.Cut > 0 { // the source counted it; its record is damaged anyway
		b = b[:min(len(b), cutRecord)]
	}
	for len(b) > 0 {
		if f.inDoc {
			rest, done := f.continueDocument(b, l)
			if done {
				return
			}
			b = rest
			continue
		}
		b = f.step(b, l)
	}
}

// step reads what starts at the beginning of b and returns the rest of the line.
func (f *framer) step(b []byte, l *tailer.Line) []byte {
	switch {
	case f.awaitsBody(b) || f.withinDump(b):
		f.extend(b, l)
		return nil
	case hasPrefix(b, jsonStart):
		r, ok := splitJSON(b)
		if !ok {
			f.counts.Torn++
			return f.debris(b[1:], l)
		}
		suspect := f.suspects()
		f.close()
		f.counts.JSON++
		f.jsonFrame(r, b[:r.size], l, suspect)
		return b[r.size:]
	case len(b) == 1 && b[0] == '{' && f.printed(l):
		f.openDocument(l)
		return nil
	}
	if h, ok := textHead(b); ok && f.trust.ofThisLog(&h) {
		f.close()
		f.counts.Text++
		f.textFrame(h, b, l)
		return nil
	}
	if method, ok := accessText(b); ok && f.printed(l) {
		f.counts.Access++
		if method {
			suspect := f.suspects()
			f.close()
			f.accessFrame(b, l, suspect)
		}
		return nil
	}
	return f.debris(b, l)
}

// debris handles a line that starts no record: it continues the open one, and a
// record may start in its middle, where an unfinished print was flushed.
func (f *framer) debris(b []byte, l *tailer.Line) []byte {
	cut := glued(b)
	if cut == 0 { // it looks like a record of this log, but is none
		cut = 1 + glued(b[1:])
	}
	before := b[:cut]
	f.embedded()
	if f.isOpen {
		f.extend(before, l)
	} else {
		f.counts.Debris++
	}
	return b[cut:]
}

// glued returns where in b, which starts no record, a record starts that can be
// told for certain; len(b) when none does. Text quoted in a repr or in JSON can
// hold neither a raw ESC nor, up to the very end of the line, a whole record.
func glued(b []byte) int {
	if i := bytes.Index(b, []byte(jsonStart)); i >= 0 {
		if r, ok := splitJSON(b[i:]); ok && i+r.size == len(b) {
			return i
		}
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(colourStart))
		if i < 0 {
			break
		}
		if _, ok := textHead(b[from+i:]); ok {
			return from + i
		}
		from += i + len(colourStart)
	}
	if n := len(b); n > 1 && b[n-1] == '{' && (b[n-2] == '}' || b[n-2] == ')' || b[n-2] == 'm') {
		return n - 1
	}
	return len(b)
}

// jsonFrame emits the record if its message is of interest.
func (f *framer) jsonFrame(r jsonRecord, whole []byte, l *tailer.Line, suspect bool) {
	first := unescape(f.scratch[:0], r.message[:min(len(r.message), 160)])
	f.scratch = first
	lead := withoutANSI(first)
	form := formOf(lead)
	if form == nil {
		if isAccess(lead) {
			f.counts.Access++
			form = &accessForm
		} else {
			return
		}
	}
	if f.twins.seen(whole, r.stamp) {
		f.counts.Twins++
		return
	}
	text := f.unescape(r.message)
	kept := *f.found != nil
	switch {
	case !kept:
	case form.wantsRaw():
		whole = (*f.found).keep(whole)
	default:
		whole = nil // the line will be gone when the frame is decoded
	}
	f.emit(&frame{form: form, text: withoutANSI(text), raw: whole, kept: kept, stamp: jsonStamp(r.stamp, l.Stamp), suspect: suspect, stream: l.Stream, pos: l.Pos})
}

// unescape returns the text of a JSON message.
func (f *framer) unescape(message []byte) []byte {
	if waiting := *f.found; waiting != nil {
		return waiting.unescape(message)
	}
	f.memory = unescape(f.memory[:0], message)
	return f.memory
}

// textFrame opens a text record.
func (f *framer) textFrame(h head, line []byte, l *tailer.Line) {
	f.isOpen = true
	f.open = frame{stream: l.Stream, pos: l.Pos}
	msg := withoutANSI(h.message)
	form := formOf(msg)
	f.begin(h.level, msg, form)
	switch {
	case form != nil:
	case isAccess(msg):
		form = &accessForm
	case len(msg) == 1 && msg[0] == '{':
		form = &lateDocument
	case string(msg) == bodyTitle:
		form = &bodyForm
	case string(msg) == rawTitle:
		form = &rawForm
	default:
		return
	}
	f.open.form, f.open.suspect, f.open.quiet = form, f.was, f.trust.volume.quiet
	f.open.stamp = textStamp(&h, l.Stamp)
	if waiting := *f.found; waiting != nil {
		f.raw, f.open.kept = waiting.keep(line), true
	} else {
		f.memory = append(f.memory[:0], line...)
		f.raw = f.memory
	}
	f.lead = len(line) - len(msg)
	f.buf = f.raw[f.lead:]
}

// extend adds a line to the open record.
func (f *framer) extend(b []byte, l *tailer.Line) {
	f.goOn(b)
	if f.open.form == nil {
		return
	}
	if len(f.buf)+len(b) > maxRecord {
		f.counts.Cut++
		return
	}
	f.own()
	f.memory = append(append(f.memory, '\n'), b...)
	f.raw, f.buf = f.memory, f.memory[f.lead:]
	f.open.pos.End = l.Pos.End
}

// own makes what is open the framer's own, if it is where frames wait.
func (f *framer) own() {
	if f.isOpen && f.open.kept {
		f.memory = append(f.memory[:0], f.raw...)
		f.raw, f.buf, f.open.kept = f.memory, f.memory[f.lead:], false
	}
}

// Titles of records whose text stands in the lines below.
const (
	bodyTitle = "Request received by LiteLLM:"
	rawTitle  = "RAW RESPONSE:"
)

// awaitsBody reports whether b continues a document that the open record began:
// a pretty-printed body, or a payload logged as a text record. Such a document
// is one write, so its lines follow each other.
func (f *framer) awaitsBody(b []byte) bool {
	if !f.isOpen || f.open.form == nil {
		return false
	}
	switch f.open.form {
	case &bodyForm:
		return string(f.buf) == bodyTitle && b[0] == '{' || documentOpen(f.buf) && documentLine(b)
	case &lateDocument:
		return documentOpen(f.buf) && documentLine(b)
	}
	return false
}

// documentOpen reports whether text ends inside a pretty-printed document.
func documentOpen(text []byte) bool {
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	return string(last) == "{" || hasPrefix(last, tailer.Indentation)
}

// documentLine reports whether b can be a line of a document that json.dumps
// wrote with indent=4, after its first.
func documentLine(b []byte) bool { return hasPrefix(b, tailer.Indentation) || b[0] == '}' }

// close ends the open text record.
func (f *framer) close() {
	if !f.isOpen {
		return
	}
	f.settle()
	f.isOpen = false
	if f.open.form == nil {
		return
	}
	if f.isCut() {
		f.counts.Suspect++
		return
	}
	if f.open.form == &lateDocument && !hasPrefix(f.buf, payloadStart) {
		return
	}
	f.open.text, f.open.raw = f.buf, f.raw
	f.emit(&f.open)
}

// accessFrame emits an access line of uvicorn's text formatter, which has no stamp.
func (f *framer) accessFrame(b []byte, l *tailer.Line, suspect bool) {
	f.letGo(&frame{form: &accessForm, text: b, raw: b, stamp: stamp{container: l.Stamp}, coarse: isCoarse(l.Stamp), unstamped: l.Stamp.IsZero(),
		suspect: suspect, stream: l.Stream, pos: l.Pos})
}

// flush ends what is open at the end of the input.
func (f *framer) flush() {
	f.release()
	f.close()
	if f.inDoc {
		f.inDoc = false
		f.counts.Torn++
	}
}
