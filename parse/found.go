package parse

import "bytes"

// found are frames that wait to be decoded, with their own copy of what they hold.
type found struct {
	frames []frame
	next   int    // the first that is not decoded
	buf    []byte // of their texts
}

const (
	// foundSize is how large the buffer of found is, in bytes; what does not fit is kept
	// outside of it.
	foundSize = 640 << 10
	// spares is how many found are kept that were decoded.
	spares = 6
)

// add takes a frame.
func (w *found) add(f *frame) {
	kept := *f
	switch {
	case f.kept:
	case endsIn(f.raw, f.text):
		kept.raw = w.keep(f.raw)
		kept.text = kept.raw[len(f.raw)-len(f.text):]
	default:
		kept.text, kept.raw = w.keep(f.text), w.keep(f.raw)
	}
	w.frames = append(w.frames, kept)
}

// endsIn reports whether the text is the end of raw, in one memory.
func endsIn(raw, text []byte) bool {
	return len(text) > 0 && len(raw) >= len(text) && &raw[len(raw)-1] == &text[len(text)-1]
}

func (w *found) keep(b []byte) []byte {
	from := len(w.buf)
	if cap(w.buf)-from < len(b) {
		return bytes.Clone(b)
	}
	w.buf = append(w.buf, b...)
	return w.buf[from:len(w.buf):len(w.buf)]
}

// unescape is keep for the text of the inside of a JSON string.
func (w *found) unescape(s []byte) []byte {
	from := len(w.buf)
	if cap(w.buf)-from < len(s) {
		return unescape(make([]byte, 0, len(s)), s)
	}
	w.buf = unescape(w.buf, s)
	return w.buf[from:len(w.buf):len(w.buf)]
}

// reset forgets the frames.
func (w *found) reset() {
	clear(w.frames)
	w.frames, w.buf, w.next = w.frames[:0], w.buf[:0], 0
}

// wantsRaw reports whether decoding looks at the record's lines as written.
func (f *form) wantsRaw() bool {
	switch f.decode {
	case asArguments, asInside, asBody, asHeaders, asUnchecked, asFoundUser, asFailure, asBadBody, asCounted, asAccess:
		return true
	default:
		return false
	}
}
