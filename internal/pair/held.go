package pair

import "tailer"

// Held calls note for the lines of every record that an exchange may still be
// made of. Records that can only help to tell whose another one is are not held.
func (t *Table) Held(note func(tailer.Position)) {
	all := func(positions []tailer.Position) {
		for _, p := range positions {
			note(p)
		}
	}
	of := func(e *loose) {
		note(e.pos)
		if e.caller != nil {
			note(e.caller.pos)
		}
	}
	for c := range t.waiting.all() {
		all(c.pos)
		if c.refusal != nil {
			of(c.refusal)
		}
	}
	for _, c := range t.unchecked.callers {
		note(c.pos)
	}
	for _, f := range t.fronts.queue {
		if !f.claimed {
			all(f.pos)
		}
	}
	for _, e := range t.errors {
		of(e)
	}
}
