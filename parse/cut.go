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
	c.framers[l.Stream%3].line(l)
}

// flush ends what waits for a next line.
func (c *cutter) flush() {
	for _, f := range c.framers {
		f.flush()
	}
}

// Cut takes the next line and finds the records that it completed, for Found. It is
// not to be mixed with Feed.
func (p *Parser) Cut(l *tailer.Line) {
	p.finding()
	p.line(l)
}

// finding makes frames wait.
func (p *Parser) finding() {
	if p.found != nil {
		return
	}
	select {
	case p.found = <-p.spare:
	default:
		p.found = &found{buf: make([]byte, 0, foundSize)}
	}
}

// Found returns what decodes the records that were found since the last call, in
// portions of about as many as wanted; at their end it returns none, and is not to be
// called again. It may be called beside Cut, but what was found first must be decoded
// first. The records are valid until the next call. last says that no more lines are
// to come.
func (p *Parser) Found(last bool) (decode func(wanted int) []tailer.Record) {
	p.finding()
	if last {
		p.flush()
	}
	for _, f := range p.framers {
		if len(f.raw) <= foundSize { // what is longer is not in the buffer, which is used again
			f.own()
		}
	}
	waiting := p.found
	p.found = nil
	return func(wanted int) []tailer.Record { return p.decodeFound(waiting, wanted) }
}

func (p *Parser) decodeFound(waiting *found, wanted int) []tailer.Record {
	p.records = p.records[:0]
	for waiting.next < len(waiting.frames) && len(p.records) < wanted {
		p.take(&waiting.frames[waiting.next])
		waiting.next++
	}
	if len(p.records) == 0 {
		waiting.reset()
		select {
		case p.spare <- waiting:
		default:
		}
	}
	return p.records
}
