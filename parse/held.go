package parse

import "tailer"

// Held calls note for the lines of each record that has begun and is not handed
// out yet.
func (p *Parser) Held(note func(tailer.Position)) {
	for _, f := range p.framers {
		if f.isOpen && f.open.form != nil {
			note(f.open.pos)
		}
		if f.inDoc {
			note(f.document.pos)
		}
	}
}

// Pause returns the records that wait for a next line only to know that they are
// whole, as after a pause in a log that goes on. A document that is not closed
// stays: its other half may be in its writer's buffer. The returned slice is
// valid until the next call.
func (p *Parser) Pause() []tailer.Record {
	p.records = p.records[:0]
	for _, f := range p.framers {
		if f.isOpen && !documentOpen(f.buf) && !f.awaitsText() {
			f.close()
		}
	}
	return p.records
}

// awaitsText reports whether the open record is a title whose text is still to
// come.
func (f *framer) awaitsText() bool {
	return f.open.form == &bodyForm && string(f.buf) == bodyTitle || f.open.form == &rawForm && string(f.buf) == rawTitle
}
