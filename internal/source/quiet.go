package source

import (
	"context"
	"time"
)

// longestPause is the longest time between two looks at a log of which nothing
// tells when it changes.
const longestPause = 200 * time.Millisecond

// wait returns when the log may have changed, or after d. Whoever waits for long has
// found nothing to read for a while: the file's buffers go, and where the system can
// tell of a change, it is not looked for before.
func (f *Follower) wait(ctx context.Context, d time.Duration) {
	if d <= longestPause {
		pause(ctx, d)
		return
	}
	g := f.quiet()
	if g == nil {
		pause(ctx, longestPause)
		return
	}
	if g.moved() {
		return
	}
	told := f.alarm.wait(ctx, d)
	if ctx.Err() == nil && g.moved() && !f.alarm.reliable(told) {
		f.cfg.Logger.Info("file system does not tell of changes, looking often")
		f.alarm.close()
		f.alarm, f.deaf = nil, true
	}
}

// quiet returns the file that the log is, with the alarm set for it; nil if it must
// be looked at often: there are others, something is still to be found out, or no
// alarm can be set.
func (f *Follower) quiet() *generation {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.gens {
		g.rest()
	}
	if f.deaf || !f.complete || len(f.gens) != 1 || f.gens[0].rotated || f.gens[0].file == nil {
		return nil
	}
	if f.alarm == nil {
		f.alarm = newAlarm()
	}
	if f.alarm == nil || !f.alarm.set(f.gens[0].file) {
		f.deaf = true
		return nil
	}
	return f.gens[0]
}

// moved reports whether the file is not as it was at the last look.
func (g *generation) moved() bool {
	info, err := g.file.Stat()
	return err != nil || info.Size() != g.size || !info.ModTime().Equal(g.changed)
}

// rest lets go of buffers that hold nothing.
func (g *generation) rest() {
	g.scratch = nil
	g.lines.rest()
}

// rest lets go of the buffer if no part of a line is in it.
func (s *splitter) rest() {
	if s.r == s.w && !s.begun {
		s.r, s.w, s.scanned = 0, 0, 0
		s.buf, s.long, s.whole = nil, pile{}, nil
	}
}

// resting reports whether rest was the last that happened.
func (s *splitter) resting() bool { return s.buf == nil }
