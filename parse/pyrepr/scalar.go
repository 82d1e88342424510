package pyrepr

import (
	"math"
	"strconv"
)

// A Kind is what a value is, as far as its first bytes tell.
type Kind uint8

// The kinds.
const (
	Invalid Kind = iota // no value stands here
	None                // None, and Python's mark for recursion
	Bool                //
	Number              // int, float, nan, inf
	String              //
	Bytes               // b'…'
	Dict                //
	List                // list, tuple or set
	Call                // Name(…)
	Object              // <…>
	Name                // any other word; may turn out to be raw text
	Opaque              // raw text
)

// Kind returns the kind of the value at the position. It looks at the first
// bytes only; a value whose follow-up does not fit is read as Opaque later.
func (r *Reader) Kind() Kind {
	if !r.pending || r.err != nil {
		return Invalid
	}
	b, i := r.b, r.pos
	switch class[b[i]] {
	case quote:
		return String
	case numeric:
		return Number
	case angle:
		return Object
	case opener:
		switch {
		case r.recursion(i):
			return None
		case b[i] == '{' && r.brace(i) == inDict:
			return Dict
		}
		return List
	case letter:
		if i+1 < len(b) && class[b[i+1]] == quote && (b[i] == 'b' || b[i] == 'B') {
			return Bytes
		}
		if r.nameEnd(i) >= 0 {
			return Call
		}
		return wordKind(b[i:r.wordEnd(i)])
	}
	return Opaque
}

func wordKind(word []byte) Kind {
	switch string(word) {
	case "None", "Ellipsis", "null":
		return None
	case "True", "False", "true", "false":
		return Bool
	case "nan", "inf", "NaN", "Infinity":
		return Number
	}
	return Name
}

func constant(word []byte) bool { return wordKind(word) != Name }

// scalar returns the text of the value at the position if it is of a kind, with
// the offset behind it. It does not consume.
func (r *Reader) scalar(want Kind) (raw []byte, end int, ok bool) {
	if r.Kind() != want {
		return nil, 0, false
	}
	start := r.pos
	end = r.value(start, r.inside(), len(r.frames))
	if end < 0 {
		r.pending = false
		return nil, 0, false
	}
	if r.opaqueAt == start {
		return nil, 0, false
	}
	return r.b[start:end], end, true
}

// IsNone reports whether the value at the position is None. It does not consume.
func (r *Reader) IsNone() bool {
	_, _, ok := r.scalar(None)
	return ok
}

// Bool consumes True or False.
func (r *Reader) Bool() (value, ok bool) {
	raw, end, ok := r.scalar(Bool)
	if !ok {
		return false, false
	}
	r.consumed(end)
	return raw[0] == 'T' || raw[0] == 't', true
}

// Int consumes an integer that fits.
func (r *Reader) Int() (int64, bool) {
	raw, end, ok := r.scalar(Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 0, 64)
	if err != nil {
		return 0, false
	}
	r.consumed(end)
	return n, true
}

// Float consumes a finite number, integers included.
func (r *Reader) Float() (float64, bool) {
	raw, end, ok := r.scalar(Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	r.consumed(end)
	return f, true
}
