package parse

import (
	"bytes"

	"tailer"
)

// found are frames that wait, with their own copy of what they hold: to be decoded,
// by anybody, then to be settled, in their turn.
type found struct {
	frames   []frame
	readings []reading // of frames
	counts   Counts    // of decoding
	next     int       // the first frame that is not settled
	buf      []byte    // of the frames' texts
}

const (
	// foundSize is how large the buffer of found is, in bytes; what does not fit is kept
	// outside of it.
	foundSize = 640 << 10
	// spares is how many found, and how many decoders, are kept to be used again.
	spares = 8
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

// decode reads the frames.
func (w *found) decode(by *decoder) {
	if cap(w.readings) < len(w.frames) {
		w.readings = make([]reading, 0, cap(w.frames))
	}
	w.readings = w.readings[:len(w.frames)]
	for i := range w.frames {
		by.read(&w.frames[i], &w.readings[i])
	}
	w.counts, by.counts = by.counts, Counts{}
}

// reset forgets the frames.
func (w *found) reset() {
	clear(w.frames)
	clear(w.readings)
	w.frames, w.readings, w.buf, w.counts, w.next = w.frames[:0], w.readings[:0], w.buf[:0], Counts{}, 0
}

// settleNext returns the records that come of the next frame of which any do.
func (p *Parser) settleNext(w *found) []tailer.Record {
	p.records = p.records[:0]
	for w.next < len(w.frames) && len(p.records) == 0 {
		p.settle(&w.frames[w.next], &w.readings[w.next])
		w.next++
	}
	return p.records
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
