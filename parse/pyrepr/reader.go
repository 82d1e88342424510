package pyrepr

import (
	"bytes"
	"fmt"
	"hash/maphash"
)

// maxDepth is how deep containers may nest before they are stepped over
// without being understood.
const maxDepth = 200

// A SyntaxError tells where a repr could not be read with certainty.
type SyntaxError struct {
	Offset int    // in bytes, from the start of the input
	Msg    string // constant; never holds text of the input
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("python repr: %s at byte %d", e.Msg, e.Offset)
}

// A Reader walks one repr from left to right. At any time it stands at one
// value, or behind the last one it consumed.
//
// A value is consumed once: by Skip, AppendJSON, a typed read that succeeds
// (Text, Int, …), or by entering it (Dict, List, Call). A typed read that
// answers false leaves the value in place, so another may be tried. Whatever
// is not consumed is skipped by the Next of the enclosing Items.
//
// A Reader keeps the input and never changes it; it must not be shared between
// goroutines. The zero Reader holds no value; Reset makes it ready.
type Reader struct {
	b       []byte
	pos     int          // the pending value, or the byte after the last one
	pending bool         // a value at pos waits to be consumed
	frames  []frame      // the containers entered and not yet left
	last    uint64       // id of the frame opened last
	follow  []string     // keys that may end an opaque value of the outermost container; nil: any
	err     *SyntaxError // sticky
	seen    []uint64     // hashes of the keys of the objects that AppendJSON is inside of
	seed    maphash.Seed // of the hashes in seen
	marks   cachedIndex  // of the next mark
	singles cachedIndex  // of the next single quote
	doubles cachedIndex  // of the next double quote
	mark0   int          // offset of the input's first mark; len(b) when there is none

	repairs  int
	repaired int // offset of the last repair counted
	noComma  int // a repair ended a value here: the comma may be gone with its quote
	opaqueAt int // start of the last value that was taken as opaque
	opaques  int // values that were taken as opaque
	oddKeys  int // keys and arguments of which more is checked behind a mark than before it
	height   int // the deepest container that was read since it was last set to 0
	memo     *memo
	buf      []byte // JSON being written
	probing  bool   // inside a trial reading that must not count repairs
	deep     bool
}

// A frame is a container that was entered.
type frame struct {
	id    uint64
	kind  container
	first bool // no member was asked for yet
}

// New returns a Reader that stands at the value at the start of b, leading
// white space aside. The Reader keeps b, which must not change while in use.
func New(b []byte) *Reader {
	r := new(Reader)
	r.Reset(b)
	return r
}

// Reset makes the Reader stand at the start of b and forgets all else, except
// the set of Followers. Items of the earlier input yield nothing more.
func (r *Reader) Reset(b []byte) {
	*r = Reader{
		b:        b,
		frames:   r.frames[:0],
		seen:     r.seen[:0],
		seed:     r.seed,
		last:     r.last,
		follow:   r.follow,
		memo:     r.memo,
		buf:      r.buf,
		marks:    cachedIndex{from: 1}, // from > at: holds nothing yet
		singles:  cachedIndex{from: 1},
		doubles:  cachedIndex{from: 1},
		repaired: -1,
		noComma:  -1,
		opaqueAt: -1,
	}
	r.mark0 = r.nextMark(0)
	r.pos = r.blank(0)
	r.pending = r.pos < len(b)
	if !r.pending {
		r.fail(r.pos, "no value")
	}
}

// Followers names the keys that may follow an opaque value in the outermost
// container. Without it any identifier may, which lets the raw text of an
// upstream's error pass for members. It applies to all later reads and outlives
// Reset; no keys at all lifts the restriction. At most 32 keys count. The Reader
// keeps the slice.
func (r *Reader) Followers(keys ...string) { r.follow = keys[:min(len(keys), maxFollowers)] }

// Err returns nil or the *SyntaxError at which reading stopped. What was read
// before it stays valid.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil // not a nil *SyntaxError, which would be an error
	}
	return r.err
}

// Repairs returns how many redaction wounds were closed so far.
func (r *Reader) Repairs() int { return r.repairs }

// TooDeep reports whether a container nested deeper than 200 levels was stepped
// over; AppendJSON wrote null for it.
func (r *Reader) TooDeep() bool { return r.deep }

// Offset returns how many bytes of the input are behind the Reader. Once the
// outermost value is consumed or its Items have ended, the rest of the input
// is what followed it.
func (r *Reader) Offset() int { return r.pos }

// Skip consumes the value and returns its text, aliasing the input; nil when
// there is none to consume or it cannot be read. It does not allocate.
func (r *Reader) Skip() []byte {
	if !r.pending || r.err != nil {
		return nil
	}
	start := r.pos
	end := r.skip()
	if end >= 0 {
		end = r.ended(end)
	}
	if end < 0 {
		r.pending = false
		return nil
	}
	r.consumed(end)
	return r.b[start:end]
}

// skip returns the end of the pending value; -1 with the error set.
func (r *Reader) skip() int {
	if m := r.find(r.pos); m != nil {
		return r.pos + len(m.text)
	}
	from := r.begin()
	end := r.value(r.pos, r.inside(), len(r.frames))
	if end >= 0 {
		r.remember(from, r.pos, end, nil)
	}
	return end
}

// inside returns the kind of the innermost container that was entered.
func (r *Reader) inside() container {
	if len(r.frames) == 0 {
		return inNone
	}
	return r.frames[len(r.frames)-1].kind
}

// ended checks what follows the value or container that ends at end, if it is the
// outermost. Damage may have eaten openers so that it seems to end early; then
// what was read from a wound on cannot be trusted. It returns end or -1.
func (r *Reader) ended(end int) int {
	if len(r.frames) == 0 && end > r.mark0 && r.goesOn(end) {
		return r.fail(end, "text goes on behind the outermost closer")
	}
	return end
}

// goesOn reports whether what follows i looks like the rest of a repr.
func (r *Reader) goesOn(i int) bool {
	i = r.blank(i)
	return i < len(r.b) && bytes.IndexByte([]byte(",:}])'\""), r.b[i]) >= 0
}

func (r *Reader) consumed(end int) {
	r.pos = end
	r.pending = false
}

// fail records the first error and returns -1, the end of what has none.
func (r *Reader) fail(at int, msg string) int {
	if r.err == nil {
		r.err = &SyntaxError{Offset: at, Msg: msg}
	}
	return -1
}

// repair counts the wound at an offset, once however often it is read.
func (r *Reader) repair(at int) {
	if r.probing || at <= r.repaired {
		return
	}
	r.repaired = at
	r.repairs++
}
