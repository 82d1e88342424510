package source

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"

	"tailer"
)

// maxUnfinished is how many lines may be in pieces at once. A container has two
// streams; journald can have more, hence a bound for hostile input.
const maxUnfinished = 4

// lines is a source of lines: the splitter, or a layer on top of another.
// The line is valid until the next call, and the caller's until then; the error is
// repeated once returned.
type lines interface {
	next() (*tailer.Line, error)
}

// A layer takes one envelope off the lines of another source and joins what the
// envelope's writer had split.
type layer struct {
	src        lines
	env        envelope
	limit      int           // bytes kept of a joined line
	unfinished []*unfinished // in no order, most of them free
	whole      []byte        // the joined line returned last
	joined     tailer.Line   // with these bytes, or one that gave way to it
	more       tailer.Line   // rest of a text of several lines, valid if hasMore
	hasMore    bool
	entry      int64           // offset of the first held line of an entry; -1 if none
	last       tailer.Position // of src's last line
	err        error           // what ended src
	broken     int64           // lines that were not of the envelope
	lost       int64           // texts that the exporting tool left out
}

// unfinished is a line of which pieces are still to come.
type unfinished struct {
	busy   bool
	key    string
	stream tailer.Stream
	text   pile
	cut    int64
	stamp  time.Time
	pos    tailer.Position
	torn   bool // the last piece ends in what is left of a character
	lost   bool // the next one began so
}

// replacement is what stands for each byte of a character that is none.
var replacement = []byte("\uFFFD")

func newLayer(src lines, env envelope, limit int) *layer {
	return &layer{src: src, env: env, limit: limit, entry: -1}
}

func (l *layer) next() (*tailer.Line, error) {
	for {
		if l.hasMore {
			l.joined = l.more
			return l.firstOf(&l.joined), nil
		}
		if l.err != nil {
			return l.drain()
		}
		in, err := l.src.next()
		if errors.Is(err, tailer.ErrPause) {
			return nil, err
		}
		if err != nil {
			l.err = err
			continue
		}
		l.last = in.Pos
		p, ok := l.env.strip(in.Bytes)
		if !ok {
			l.broken++
			return in, nil
		}
		if p.held {
			if l.entry < 0 {
				l.entry = in.Pos.Offset
			}
			continue
		}
		if line, ok := l.accept(p, in); ok {
			return l.firstOf(line), nil
		}
	}
}

// accept joins the piece that came in the line in with the ones before it. ok is
// false as long as the line isn't whole.
func (l *layer) accept(p piece, in *tailer.Line) (line *tailer.Line, ok bool) {
	if l.entry >= 0 {
		in.Pos.Offset = l.entry
		l.entry = -1
	}
	if p.lost {
		l.lost++
		return nil, false
	}
	in.Bytes, in.Open = p.text, in.Open && !p.framed
	// The line below may have a stamp and a stream of another envelope already.
	if !p.stamp.IsZero() {
		in.Stamp = p.stamp
	}
	if p.stream != tailer.StreamUnknown {
		in.Stream = p.stream
	}
	u := l.find(in.Stream, p.key)
	if u == nil && !p.partial {
		return in, true
	}
	if u != nil && u.torn && bytes.HasPrefix(in.Bytes, replacement) {
		u.lost = true
		in.Bytes = slices.Concat([]byte(tailer.LostMark), bytes.TrimLeft(in.Bytes, "\uFFFD"))
	}
	if u == nil {
		if u, ok = l.begin(in, p.key); ok {
			l.joined.Bytes = bytes.Clone(l.joined.Bytes) // u.add writes where it is
			u.add(in, l.limit)
			return &l.joined, true
		}
	}
	u.add(in, l.limit)
	u.torn = p.valid && bytes.HasSuffix(in.Bytes, replacement)
	if p.partial {
		return nil, false
	}
	return l.finish(u, in.Open), true
}

// find returns the unfinished line of that stream and key, nil if there is none.
func (l *layer) find(stream tailer.Stream, key string) *unfinished {
	for _, u := range l.unfinished {
		if u.busy && u.stream == stream && u.key == key {
			return u
		}
	}
	return nil
}

// begin starts an unfinished line. When there are too many it gives up the
// oldest one, which is in l.joined then, and evicted is true.
func (l *layer) begin(in *tailer.Line, key string) (u *unfinished, evicted bool) {
	for _, free := range l.unfinished {
		if !free.busy {
			u = free
		}
	}
	switch {
	case u != nil:
	case len(l.unfinished) < maxUnfinished:
		u = new(unfinished)
		l.unfinished = append(l.unfinished, u)
	default:
		u = slices.MinFunc(l.unfinished, byOffset)
		l.finish(u, true)
		evicted = true
	}
	*u = unfinished{busy: true, key: key, stream: in.Stream, stamp: in.Stamp, pos: in.Pos, text: u.text}
	return u, evicted
}

func byOffset(a, b *unfinished) int { return cmp.Compare(a.pos.Offset, b.pos.Offset) }

// add appends a piece as far as the limit allows.
func (u *unfinished) add(in *tailer.Line, limit int) {
	u.cut += in.Cut + u.text.add(in.Bytes, limit)
	u.lost = u.lost || in.Lost
	if u.pos.Source == in.Pos.Source { // else it goes on in the log's next file
		u.pos.End = in.Pos.End
	}
}

// finish returns the joined line and frees u. The line is valid until the next
// add or finish.
func (l *layer) finish(u *unfinished, open bool) *tailer.Line {
	u.busy = false
	l.joined = tailer.Line{Bytes: u.text.take(&l.whole), Pos: u.pos, Stamp: u.stamp, Stream: u.stream, Cut: u.cut, Open: open, Lost: u.lost}
	return &l.joined
}

// firstOf returns the first of the lines that the text of an entry holds and
// keeps the rest for the next call. All of them have the position of the entry.
func (l *layer) firstOf(line *tailer.Line) *tailer.Line {
	i := bytes.IndexByte(line.Bytes, '\n')
	l.hasMore = i >= 0
	if !l.hasMore {
		return line
	}
	l.more = *line
	l.more.Bytes = line.Bytes[i+1:]
	line.Bytes, line.Cut, line.Open = line.Bytes[:i], 0, false
	return line
}

// held calls note for each line that is not handed on yet.
func (l *layer) held(note func(tailer.Position)) {
	for _, u := range l.unfinished {
		if u.busy {
			note(u.pos)
		}
	}
	if l.entry >= 0 {
		note(tailer.Position{Source: l.last.Source, Offset: l.entry, End: l.last.End})
	}
	if l.hasMore {
		note(l.more.Pos)
	}
}

// drain returns what the end of the input left unfinished, oldest first, then
// the error that ended it.
func (l *layer) drain() (*tailer.Line, error) {
	if f, ok := l.env.(flusher); ok {
		if p, ok := f.flush(); ok {
			in := &tailer.Line{Open: true, Pos: tailer.Position{Source: l.last.Source, Offset: l.entry, End: l.last.End}}
			if line, ok := l.accept(p, in); ok {
				return l.firstOf(line), nil
			}
		}
	}
	var oldest *unfinished
	for _, u := range l.unfinished {
		if u.busy && (oldest == nil || byOffset(u, oldest) < 0) {
			oldest = u
		}
	}
	if oldest == nil {
		return nil, l.err
	}
	return l.firstOf(l.finish(oldest, true)), nil
}
