package pair

import "strings"

// sift looks at those of a list that are alive, until it is told to stop, and takes out
// the dead that it meets. So it costs no more than what is alive and looked at.
func sift[T any](list []T, alive, next func(T) bool) []T {
	n := 0
	for i, one := range list {
		if !alive(one) {
			continue
		}
		list[n] = one
		if n++; !next(one) {
			dead := i + 1 - n
			copy(list[dead:], list[:n])
			clear(list[:dead])
			return list[dead:]
		}
	}
	clear(list[n:])
	return list[:n]
}

// awaited are the calls that an error without a call id can be about. They may be
// thousands, so they are found by what such an error says.
type awaited struct {
	byGroup map[string][]*call // without an outcome, by the model that the client asked for
	byWords map[string][]*call // failed, but their client was told nothing yet, by the plain words of it
	lengths map[int]int        // how many of these words have a length
	entries int                // in both
	swept   int                // entries when they were last swept
}

func newAwaited() awaited {
	return awaited{byGroup: map[string][]*call{}, byWords: map[string][]*call{}, lengths: map[int]int{}}
}

// began notes that an attempt of a call began.
func (w *awaited) began(c *call) {
	if group := c.request.Body.Text("model"); group != c.group {
		c.group = group
		w.byGroup[group] = append(w.byGroup[group], c)
		w.sweep()
	}
}

// failed notes a call whose last known attempt may have failed.
func (w *awaited) failed(c *call) {
	if !c.isUntold() {
		return
	}
	if words := plain(c.words()); words != "" && words != c.plain {
		c.plain = words
		if w.byWords[words] == nil {
			w.lengths[len(words)]++
		}
		w.byWords[words] = append(w.byWords[words], c)
		w.sweep()
	}
}

// ofGroup looks at the calls of a model group of which no attempt is known to have ended,
// until it is told to stop.
func (w *awaited) ofGroup(group string, next func(*call) bool) {
	alive := func(c *call) bool { return !c.finished && len(c.attempts) == 0 && c.told == nil && c.group == group }
	if w.byGroup[group] = sift(w.byGroup[group], alive, next); len(w.byGroup[group]) == 0 {
		delete(w.byGroup, group)
	}
}

// failedIn looks at the calls that failed in these words, until it is told to stop.
func (w *awaited) failedIn(words string, next func(*call) bool) {
	alive := func(c *call) bool { return c.isUntold() && c.plain == words }
	if w.byWords[words] = sift(w.byWords[words], alive, next); len(w.byWords[words]) > 0 {
		return
	}
	delete(w.byWords, words)
	if w.lengths[len(words)]--; w.lengths[len(words)] == 0 {
		delete(w.lengths, len(words))
	}
}

// sweep forgets the calls that no error can be about any more once there are many.
func (w *awaited) sweep() {
	if w.entries++; w.entries <= 2*w.swept+64 {
		return
	}
	w.entries = 0
	count := func(*call) bool {
		w.entries++
		return true
	}
	for group := range w.byGroup {
		w.ofGroup(group, count)
	}
	for words := range w.byWords {
		w.failedIn(words, count)
	}
	w.swept = w.entries
}

// met returns the call that failed with what an error says: of several in the same words
// the one that failed first.
func (w *awaited) met(e *loose) (one *call) {
	text, longest := plain(e.failure.Message), 0
	for n := range w.lengths {
		if n > len(text) || n < longest || w.byWords[text[:n]] == nil {
			continue
		}
		w.failedIn(text[:n], func(c *call) bool {
			if e.fits(c) {
				one, longest = c, n
			}
			return one != c
		})
	}
	return one
}

// isUntold reports whether the call failed, and no error is known that its client was told.
func (c *call) isUntold() bool { return !c.finished && c.failed() && c.told == nil }

// words returns those of the call's last failure that are compared.
func (c *call) words() string {
	words := c.final().Failure.Message
	return words[:min(len(words), comparedWords)]
}

// plain returns what sameWords compares of a text: where it finds the same words, the one
// begins with the other.
func plain(text string) string {
	var b strings.Builder
	digits := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n':
		case !isDigit(c):
			b.WriteByte(c)
			digits = false
		case !digits:
			b.WriteByte('0')
			digits = true
		}
	}
	return b.String()
}
