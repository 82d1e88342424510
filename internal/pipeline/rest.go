package pipeline

import "time"

const (
	// restAfter is how long nothing must have moved before the daemon rests.
	restAfter = time.Second
	// restEvery is the shortest time between two rests: one takes milliseconds.
	restEvery = 30 * time.Second
	// saveAtRest is the time between two checkpoints then: an older one costs a crash
	// some reading, and nothing else.
	saveAtRest = 30 * time.Second
)

// rest tells when a daemon that had something to do has nothing more. It belongs
// to one goroutine.
type rest struct {
	moved    int64 // at the last change of it
	changed  time.Time
	began    time.Time // the last rest
	finished bool      // nothing has moved since
}

// due is told how much has moved so far, all in all.
func (r *rest) due(moved int64, now time.Time) bool {
	if moved != r.moved || r.changed.IsZero() {
		r.moved, r.changed, r.finished = moved, now, false
	}
	if r.finished || now.Sub(r.changed) < restAfter || now.Sub(r.began) < restEvery {
		return false
	}
	r.began, r.finished = now, true
	return true
}

// moved is how many lines were read and how often delivery was tried.
func (d *Daemon) moved() (n int64) {
	if d.Progress != nil {
		n = d.Progress()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, log := range d.logs {
		n += log.Follow.taken.Load()
	}
	return n
}
