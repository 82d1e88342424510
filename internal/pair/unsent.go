package pair

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tailer"
)

// LiteLLM tells the client in a header which model group answered. If its name has
// letters that a header can't hold, Python refuses it, and the client is told an
// error instead of the answer (up to 1.106; 1.107 and later encode the name).

// unsentStart begins Python's words of it.
const unsentStart = "'latin-1' codec can't encode character"

// unsendable returns Python's words of a name that no header can hold; "" of any
// other name. They tell where the first such letters stand.
func unsendable(name string) string {
	var first rune
	from, to, i := -1, -1, 0
	for _, letter := range name {
		switch {
		case letter > 0xff && from < 0:
			first, from, to = letter, i, i
		case letter > 0xff:
			to = i
		}
		if i++; from >= 0 && to < i-1 {
			break
		}
	}
	switch {
	case from < 0:
		return ""
	case from < to:
		return fmt.Sprintf("%ss in position %d-%d:", unsentStart, from, to)
	case first > 0xffff:
		return fmt.Sprintf(`%s '\U%08x' in position %d:`, unsentStart, first, from)
	}
	return fmt.Sprintf(`%s '\u%04x' in position %d:`, unsentStart, first, from)
}

// unsent returns the index of the error that a call's client was told because its
// model's name can't be sent: the first one in these words after the answer. -1 if
// there is none.
func (t *Table) unsent(c *call) int {
	last := c.final()
	words := unsendable(last.ModelGroup)
	if words == "" {
		return -1
	}
	return slices.IndexFunc(t.errors, func(e *loose) bool {
		return e.kind == tailer.KindFailure && e.callID == "" && (e.after == nil || e.after == c) && strings.HasPrefix(e.failure.Message, words) &&
			!e.at.Before(last.End.Truncate(time.Second)) && e.at.Sub(last.End) < afterGap
	})
}

// isUnsent reports whether a client was told an error in place of an answer, none of
// which it got. e may be nil.
func (e *loose) isUnsent() bool {
	return e != nil && e.kind == tailer.KindFailure && strings.HasPrefix(e.failure.Message, unsentStart)
}

// mayMeet reports whether a request can have met an error: one that is told because a
// model's name can't be sent is that of a request which names such a model.
func (f *flight) mayMeet(message string) bool {
	if !strings.HasPrefix(message, unsentStart) {
		return true
	}
	name := f.body().Text("model")
	words := unsendable(name)
	return name == "" || words != "" && strings.HasPrefix(message, words)
}
