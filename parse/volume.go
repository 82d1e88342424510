package parse

import "tailer"

// A volume tells a log at DEBUG from others, in which what looks like a record of that
// level is what a client or a provider wrote. It is of use while no mark is known.
type volume struct {
	debug int  // heads at DEBUG
	quiet bool // the log is not one at DEBUG
}

// loud is how many heads at DEBUG there are where DEBUG was switched on: whoever writes
// a text can write heads into it, but not so many.
const loud = 1000

// hear takes the level of a head, and whether its record may hold raw text. At DEBUG
// the proxy writes such heads as soon as it starts; where there was none before the
// first raw text, that text may have them all.
func (v *volume) hear(level []byte, raw bool) {
	if string(level) == "DEBUG" {
		v.debug++
	}
	switch {
	case v.debug >= loud:
		v.quiet = false
	case raw && v.debug == 0:
		v.quiet = true
	}
}

// atDebug reports whether records of a kind are written at DEBUG only.
func atDebug(kind tailer.Kind) bool {
	switch kind {
	case tailer.KindCall, tailer.KindArguments, tailer.KindDetails, tailer.KindBody, tailer.KindHeaders, tailer.KindUnchecked, tailer.KindPrepared,
		tailer.KindChunk, tailer.KindAnswer, tailer.KindRawAnswer, tailer.KindPiece, tailer.KindLogged, tailer.KindCost, tailer.KindCounted:
		return true
	default:
		return false
	}
}
