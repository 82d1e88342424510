package parse

import "tailer"

// A Parser turns the lines of one log into records, in three steps: it cuts the lines
// into frames, decodes each frame by itself, and settles what depends on the frames
// before: its time, and whether it counts. It keeps the two streams of a container
// apart: each has its own unfinished record. It is not safe for concurrent use, but
// for Cut and Found beside what Found returned.
type Parser struct {
	cutter

	clock       *Clock
	decoded     Counts // of frames that waited, and of what was left out
	decoder     *decoder
	reading     reading // of the frame that is decoded at once
	records     []tailer.Record
	deployments deployments
	vouched     vouched
	suspects    []tailer.Record // oldest first, at most maxHeld
	spare       chan *found     // to be used again
	decoders    chan *decoder   // the same
}

// New returns a parser that reads stamps by the given clock.
func New(clock *Clock) *Parser {
	p := &Parser{clock: clock, spare: make(chan *found, spares), decoders: make(chan *decoder, spares), decoder: newDecoder(clock.location)}
	for i := range p.framers {
		p.framers[i] = &framer{twins: newTwins(), counts: &p.framed, emit: p.emit, found: &p.found, trust: &p.trust}
	}
	return p
}

// Next returns a parser for the file in which the log goes on, once p is flushed: a
// text of somebody may go on in it, and only what p has learned can tell.
func (p *Parser) Next(clock *Clock) *Parser {
	next := New(clock)
	next.trust, next.vouched, next.deployments = p.trust, p.vouched, p.deployments
	for i, f := range p.framers {
		next.framers[i].tainted = f.tainted
	}
	return next
}

// Counts returns the counters so far.
func (p *Parser) Counts() Counts {
	c := p.framed
	c.Damaged += p.decoded.Damaged + p.decoder.counts.Damaged
	c.Repaired += p.decoded.Repaired + p.decoder.counts.Repaired
	c.Suspect += p.decoded.Suspect
	return c
}

// Feed takes the next line and returns the records that it completed, in order.
// A text record is complete when the next one starts. The returned slice is
// valid until the next call; the records in it share no memory with the line.
func (p *Parser) Feed(l *tailer.Line) []tailer.Record {
	p.records = p.records[:0]
	p.line(l)
	return p.records
}

// Flush returns the records that were waiting for a next line, as at the end of
// the input or after a pause in it.
func (p *Parser) Flush() []tailer.Record {
	p.records = p.records[:0]
	p.flush()
	return p.records
}

// emit takes what a framer has cut.
func (p *Parser) emit(f *frame) {
	f.lossy = p.lossy
	if p.found != nil {
		p.found.add(f)
		return
	}
	p.take(f)
}

// take decodes a frame and settles it.
func (p *Parser) take(f *frame) {
	p.decoder.read(f, &p.reading)
	p.settle(f, &p.reading)
}

// settle dates what a frame says, by the frames before it, and admits it.
func (p *Parser) settle(f *frame, said *reading) {
	r := &said.record
	if f.quiet && atDebug(r.Kind) {
		p.decoded.Suspect++
		return
	}
	if clock := p.clock; f.suspect {
		at := *clock // a stamp that somebody may have made up dates nothing else
		f.stamp.date(&at, r)
	} else {
		f.stamp.date(clock, r)
	}
	if f.form.decode == asDeployments && !f.suspect && !f.quiet {
		p.deployments.read(p.decoder, f.text[len(f.form.prefix):])
	}
	if !said.ok {
		return
	}
	switch f.form.decode {
	case asKwargs, asPayload:
		leaveOutTimes(r, p.clock.Source() == DateStamps && !r.Unstamped && f.stamp.container.IsZero())
		if r.Call.Start.IsZero() && r.Call.End.IsZero() && r.Time.IsZero() {
			p.decoded.Damaged++
			return
		}
		if !f.suspect {
			p.anchor(r)
		}
	case asAnswer, asRawAnswer:
		if !f.suspect {
			p.created(r)
		}
	case asArguments, asInside:
		p.deployments.complete(r, said.group)
	}
	if f.lossy {
		leaveOut(r)
	}
	p.admit(r, f.suspect, said.doubtful)
}
