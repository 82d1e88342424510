package parse

import (
	"time"

	"tailer"
)

// stampSize is how much of a JSON record's stamp counts: date, time and nanoseconds.
const stampSize = 32

// A stamp is what is written of a record's time. What it means depends on what the
// records before it state, so it is read when they have been decoded.
type stamp struct {
	kind      stampKind
	size      uint8 // of json
	json      [stampSize]byte
	tod       [3]uint8  // hour, minute, second of a text record
	container time.Time // the container's own stamp; zero if there is none
}

type stampKind uint8

const (
	stampNone stampKind = iota
	stampJSON
	stampText
	stampAfter // none, but a record with the text stamp is open and not dated yet
)

func jsonStamp(text []byte, container time.Time) stamp {
	s := stamp{kind: stampJSON, container: container}
	s.size = uint8(copy(s.json[:], text)) //nolint:gosec // at most stampSize
	return s
}

func textStamp(h *head, container time.Time) stamp {
	return stamp{kind: stampText, tod: [3]uint8{uint8(h.hour), uint8(h.minute), uint8(h.second)}, container: container} //nolint:gosec // of two digits
}

// date dates a record. One without a stamp is as old as the one before it.
func (s *stamp) date(c *Clock, r *tailer.Record) {
	switch s.kind {
	case stampJSON:
		var ok bool
		if r.Time, ok = c.JSON(s.json[:s.size]); !ok {
			r.Time = s.container
		}
	case stampText:
		r.Time, r.Coarse = c.Text(int(s.tod[0]), int(s.tod[1]), int(s.tod[2]), s.container)
	case stampAfter:
		c.Text(int(s.tod[0]), int(s.tod[1]), int(s.tod[2]), s.container)
		r.Time = c.Last()
	default:
		if r.Time = s.container; r.Time.IsZero() {
			r.Time = c.Last()
		}
	}
}
