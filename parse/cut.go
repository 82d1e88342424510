package parse

import "tailer"

// cutter is the half of a Parser that cuts lines into frames.
type cutter struct {
	framers [3]*framer
	framed  Counts
	trust   trust
	lossy   bool   // lines have lost characters
	found   *found // where frames go; nil: they are decoded at once
}

// line takes the next line.
func (c *cutter) line(l *tailer.Line) {
	c.lossy = c.lossy || l.Lost
	c.trust.stdout = c.trust.stdout || l.Stream == tailer.StreamStdout
	c.framers[l.Stream%3].line(l)
}

// flush ends what waits for a next line.
func (c *cutter) flush() {
	for _, f := range c.framers {
		f.flush()
	}
}

// Cut takes the next line and finds the records that it completed, for Found. It
// returns how many are found by now. It is not to be mixed with Feed.
func (p *Parser) Cut(l *tailer.Line) int {
	p.finding()
	p.line(l)
	return len(p.found.frames)
}

// finding makes frames wait.
func (p *Parser) finding() {
	if p.found == nil {
		p.found = take(p.spare, func() *found { return &found{buf: make([]byte, 0, foundSize)} })
	}
}

// Found returns what deals with the records that were found since the last call.
// decode is to be called first, once; it may run beside Cut and beside others'
// decode. After it, settle returns the next of them, in their order, and none at their
// end; it is then not to be called again. What was found first is to be settled first.
// The records are valid until the next settle. last says that no more lines are to
// come.
func (p *Parser) Found(last bool) (decode func(), settle func() []tailer.Record) {
	p.finding()
	if last {
		p.flush()
	}
	w := p.found
	p.found = nil
	for _, f := range p.framers {
		if f.isOpen && f.open.kept && len(f.raw) <= foundSize { // what is longer is not in the buffer, which is used again
			p.finding()
			f.raw = p.found.keep(f.raw)
			f.buf = f.raw[f.lead:]
		}
	}
	decode = func() {
		by := take(p.decoders, func() *decoder { return newDecoder(p.clock.location) })
		w.decode(by)
		giveBack(p.decoders, by)
	}
	return decode, func() []tailer.Record {
		records := p.settleNext(w)
		if len(records) == 0 {
			p.decoded.Damaged += w.counts.Damaged
			p.decoded.Repaired += w.counts.Repaired
			w.reset()
			giveBack(p.spare, w)
		}
		return records
	}
}

// take returns one that is to be used again, or a new one.
func take[T any](spare chan *T, fresh func() *T) *T {
	select {
	case used := <-spare:
		return used
	default:
		return fresh()
	}
}

func giveBack[T any](spare chan *T, used *T) {
	select {
	case spare <- used:
	default:
	}
}
