package parse

import (
	"bytes"
	"slices"
)

// taint is what a framer knows of raw text in its stream, see trust.
type taint struct {
	tainted  bool    // raw text may still go on
	was      bool    // it may have, when the open record began
	running  bool    // the open record may hold raw text
	last     []byte  // end of the open record's last line
	swallows int     // heads that were taken for text of the open record
	pending  []frame // suspect lines that count unless they turn out to stand within a text
}

// maxSwallows is how many heads an error's text within a dump may seem to hold.
const maxSwallows = 200

// begin takes the level and the message of a record that starts, and its form if it has
// one.
func (f *framer) begin(level, msg []byte, form *form) {
	f.release()
	if !f.marked() {
		f.tainted = false // nothing but the record itself can tell
	}
	f.tainted = f.trust.seen(msg, f.tainted)
	f.trust.names.ofCall(msg)
	f.was, f.swallows = f.tainted, 0
	f.running = mayBeRaw(msg) || f.trust.cutsModel(msg) || f.trust.names.may(msg) || f.marked() && (tellsRefusal(msg) || warns(level))
	if form != nil && form.decode == asKwargs {
		f.running = quotes(msg)
	}
	f.tainted = f.tainted || f.running
	if !f.marked() {
		f.trust.volume.hear(level, f.running || tellsRefusal(msg))
	}
	f.last = append(f.last[:0], tail(msg)...)
}

// goOn takes a line that continues the open record.
func (f *framer) goOn(b []byte) {
	if f.open.form == &rawForm && string(f.buf) == rawTitle {
		if b[0] == '{' && b[len(b)-1] == '}' {
			f.trust.names.ofBody(b) // a provider names its model as it likes
		} else {
			f.running, f.tainted = true, true
		}
	}
	if f.open.form == &bodyForm {
		f.trust.names.ofBody(b)
	}
	f.last = append(f.last[:0], tail(b)...)
}

// marked reports whether the log has marks: at DEBUG it has one for each call.
func (f *framer) marked() bool { return f.trust.marks.young != nil }

// settle looks whether the raw text of the open record is over. Where there are
// marks this is not believed, for whoever wrote the text can have written its end.
func (f *framer) settle() {
	if f.running && !f.marked() && (passed(f.last) || f.open.form != nil && told(f.buf)) {
		f.running, f.tainted = false, f.was
	}
}

// suspects reports whether what comes next may be raw text.
func (f *framer) suspects() bool {
	if f.marked() {
		return f.tainted
	}
	if f.isOpen {
		f.settle()
	}
	return f.isOpen && f.tainted
}

// isCut reports whether an error that the client was told breaks off: up to 1.98
// a traceback repeats its words. Half an error would match others.
func (f *framer) isCut() bool {
	if !hasPrefix(f.buf, "litellm.proxy.proxy_server._handle_llm_api_exception()") {
		return false
	}
	whole := told(f.buf)
	f.trust.traced = f.trust.traced || whole
	return f.trust.traced && !whole
}

// maxPending bounds the suspect lines that wait.
const maxPending = 64

// letGo emits a frame that nothing continues. If it is suspect, what follows is
// seen first: text of somebody may go on.
func (f *framer) letGo(fr *frame) {
	if !fr.suspect || len(f.pending) == maxPending {
		f.release()
	}
	if !fr.suspect {
		f.emit(fr)
		return
	}
	kept := *fr
	kept.text, kept.raw = slices.Clone(fr.text), slices.Clone(fr.raw)
	kept.suspect = f.marked()
	f.pending = append(f.pending, kept)
}

// release emits the frames that wait: what follows them is a start of its own.
func (f *framer) release() {
	pending := f.pending
	f.pending = nil
	for i := range pending {
		f.emit(&pending[i])
	}
}

// embedded drops the frames that wait: they stand in the middle of a text. An access
// line may have been written by another thread meanwhile.
func (f *framer) embedded() {
	f.counts.Suspect += int64(len(f.pending))
	f.pending = slices.DeleteFunc(f.pending, func(fr frame) bool { return fr.form != &accessForm })
	for i := range f.pending {
		f.pending[i].form = &maybeAccess
	}
	f.release()
}

// quotes reports whether a callback's dump quotes the words of an error as they
// are: 'exception': litellm.BadRequestError: …, 'traceback_exception': '…'
func quotes(dump []byte) bool {
	// Looking for its first bytes would stop at every quote of the dump.
	const head, key = "'e", "xception': "
	for {
		i := bytes.Index(dump, []byte(key))
		if i < 0 {
			return false
		}
		isKey := bytes.HasSuffix(dump[:i], []byte(head))
		dump = dump[i+len(key):]
		if isKey && len(dump) > 0 && bytes.IndexByte([]byte("'\"N"), dump[0]) < 0 {
			return true
		}
	}
}

// quoted reports whether such words are over: members follow them, and the brace
// that ends the dump.
func quoted(dump, last []byte) bool {
	last = bytes.TrimSuffix(last, []byte("\x1b[0m"))
	if end := bytes.LastIndex(last, []byte(" [trace_id=")); end > 0 {
		last = last[:end]
	}
	return bytes.HasSuffix(last, []byte("}")) && bytes.Contains(dump, []byte(", 'traceback_exception': "))
}

// withinDump reports whether a line stands in the words of an error that the open
// dump quotes. Until they are over, only a mark starts a record.
func (f *framer) withinDump(b []byte) bool {
	if !f.running || !f.isOpen || f.open.form == nil || f.open.form.decode != asKwargs || f.swallows >= maxSwallows || quoted(f.buf, f.last) {
		return false
	}
	if h, ok := textHead(b); ok && f.trust.known(withoutANSI(h.message)) {
		return false
	}
	f.swallows++
	return true
}

// tail returns the end of a line.
func tail(b []byte) []byte { return b[max(0, len(b)-200):] }
