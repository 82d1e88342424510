package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tailer"
)

const (
	// defaultQuiet is how long a rotated file must have been quiet before it is let
	// go: logrotate's postrotate script makes the writer open the new one late.
	defaultQuiet = 5 * time.Second
	// settled is how long a file that nobody announced must not have grown before
	// it counts as whole: it may be a copy that is still being made.
	settled = 2 * time.Second
	// lookOver is how long after a rotation the siblings are looked over, for what
	// came and went unseen.
	lookOver = 15 * time.Second
	// lookAgain is how long a sibling that is not finished is left alone.
	lookAgain = 200 * time.Millisecond
	// fileClock is by how much the times of files may lag behind the clock.
	fileClock = 100 * time.Millisecond
	// maxPast is how many files that were let go are remembered, so that they are
	// known again under another name, or compressed.
	maxPast = 64
	// goneFor is how long a log must have had no file to be at its end.
	goneFor = 10 * time.Minute
	// maxOpen is how many files of one log are held open at once.
	maxOpen = 16
)

// siblings is the source of a checkpoint that stands for no file: its time says
// when all files of the log had been looked at.
const siblings = "siblings"

// FollowConfig says how a log is followed. The zero value is ready to use.
type FollowConfig struct {
	Config
	FromEnd bool             // a log that was never read is read from its end on
	Ends    bool             // it is at its end once it has had no file for ten minutes
	Quiet   time.Duration    // how long a rotated file must have been quiet; 0 means 5 s
	Logger  *slog.Logger     // nil: silent
	Now     func() time.Time // nil means time.Now
}

func (c FollowConfig) withDefaults() (FollowConfig, error) {
	var err error
	if c.Config, err = c.Config.withDefaults(); err != nil {
		return c, err
	}
	if c.Quiet <= 0 {
		c.Quiet = defaultQuiet
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// A Follower reads one log for ever. The name is one endless stream: each file
// that it stands for is read to its end, and for some quiet seconds beyond,
// before it is let go. Looking with stat is the only truth; no event is needed.
// It is safe for concurrent use.
type Follower struct {
	log  string
	cfg  FollowConfig
	keep int
	// together: indented lines are handed out together; of next alone
	together bool

	mu       sync.Mutex
	gens     []*generation       // open ones, oldest first; guarded by mu
	past     []tailer.Checkpoint // those let go, oldest first; Offset is not kept
	resume   []tailer.Checkpoint // of the last run, not found yet
	seen     map[inode]look      // siblings that need no second look
	since    time.Time           // siblings that changed before are old news
	looked   time.Time           // when all siblings were looked at, so that none was new
	until    time.Time           // siblings are looked over until then
	retry    time.Time           // siblings are not looked over before
	complete bool                // all siblings were looked at the last time
	first    bool                // nothing is known of this log yet
	said     string              // the last trouble that was told
	counts   FollowCounts

	alarm *alarm // of the goroutine that waits; nil until it is needed
	deaf  bool   // no alarm can be relied on
}

// look is what a file was when it was looked at.
type look struct {
	size    int64
	changed time.Time
}

// FollowCounts tells what a Follower has met.
type FollowCounts struct {
	Rotations   int64 // files that the name stopped to stand for
	Truncations int64 // files whose content was replaced in place
	Missed      int64 // files of the last run that were not found again before they were read to their end
	Damaged     int64 // compressed siblings that could not be read to their end
}

// NewFollower returns the follower of a log by the name of its live file. resume
// is what Checkpoints returned in the last run, nil for a log that was never
// followed; saved is when.
// The file need not exist yet.
func NewFollower(log string, resume []tailer.Checkpoint, saved time.Time, cfg FollowConfig) (*Follower, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("component", "source", "source", log)
	f := &Follower{log: log, cfg: cfg, keep: cfg.MaxLine + 1 + envelopeRoom, seen: map[inode]look{},
		since: saved, first: resume == nil}
	for _, c := range resume {
		if c.Source == siblings {
			f.since = c.Seen
			continue
		}
		if c.Ended && c.Offset == c.End {
			f.past = append(f.past, c)
		} else {
			f.resume = append(f.resume, c)
		}
	}
	if f.first || saved.IsZero() {
		f.since = cfg.Now()
	}
	f.looked = f.since
	f.since = f.since.Add(-fileClock)
	f.until = cfg.Now().Add(lookOver)
	return f, nil
}

// next returns the next line; tailer.ErrPause when there is none now, io.EOF as
// FollowConfig.Ends says. Other errors are told once: the file may come back.
func (f *Follower) next() (*tailer.Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 0; i < len(f.gens); {
		g := f.gens[i]
		before := g.offset
		g.lines.together = f.together
		line, err := g.next()
		if g.offset > before {
			g.grown = f.cfg.Now()
		}
		switch {
		case err == nil:
			return line, nil
		case errors.Is(err, tailer.ErrPause):
			i++
		case errors.Is(err, errReplaced):
			f.replaced(g)
			i = 0 // what it was may go on elsewhere
		case errors.Is(err, io.EOF):
			f.letGo(g)
		default:
			f.broken(g, err)
			i++
		}
	}
	if f.cfg.Ends && len(f.gens)+len(f.resume) == 0 && f.cfg.Now().Sub(f.until) > goneFor {
		return nil, io.EOF
	}
	return nil, tailer.ErrPause
}

// Look sees which file the name stands for now. It must be called often: a file
// that came and went between two calls is found only if it is still among its
// siblings.
func (f *Follower) Look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.cfg.Now()
	live := f.live()
	info, err := os.Stat(f.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.say("log can't be looked at", err)
		return
	}
	if live != nil && (err != nil || inodeOf(info) != live.inode) {
		live.rotated, live.grown = true, now
		f.counts.Rotations++
		f.until = now.Add(lookOver)
		f.cfg.Logger.Info("log rotated", "offset", live.offset)
		live = nil
	}
	if live == nil && err == nil || now.Before(f.until) {
		f.discover(now)
	}
	for _, g := range f.gens {
		if !g.rotated || g.ended || now.Sub(g.grown) <= f.cfg.Quiet || g.offset < g.size {
			continue
		}
		// Lines that were read long ago may have been handed on slowly since.
		if g.file != nil && g.moved() {
			g.grown = now
			continue
		}
		g.ended = true
	}
	if now.After(f.until) && f.complete {
		f.giveUp()
	}
}

// live is the file that the name stood for at the last look, nil for none.
func (f *Follower) live() *generation {
	for _, g := range f.gens {
		if !g.rotated {
			return g
		}
	}
	return nil
}

// replaced deals with a file that was truncated: what it was is past, what it is
// now is another one.
func (f *Follower) replaced(g *generation) {
	now := f.cfg.Now()
	f.counts.Truncations++
	f.cfg.Logger.Info("log truncated", "offset", g.end)
	f.letGo(g)
	f.until, f.retry = now.Add(lookOver), time.Time{}
	clear(f.seen)
	f.discover(now) // a copy of what it was is read before what it is now
}

// letGo closes a file and remembers it.
func (f *Follower) letGo(g *generation) {
	g.ended = true
	c := g.checkpoint()
	c.Offset = g.start
	f.past = append(f.past, c)
	if err := g.close(); err != nil {
		f.cfg.Logger.Warn("close log", "path", g.path, "err", err)
	}
	f.gens = slices.DeleteFunc(f.gens, func(other *generation) bool { return other == g })
}

// broken deals with a file that can't be read now.
func (f *Follower) broken(g *generation, err error) {
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		f.counts.Damaged++
		f.cfg.Logger.Warn("compressed log is damaged; what could be read was used", "err", err)
		g.ended = true
		g.lines.err = io.EOF
		return
	}
	f.say("log can't be read", err)
}

// say tells of a trouble once.
func (f *Follower) say(what string, err error) {
	if text := what + err.Error(); text != f.said {
		f.said = text
		f.cfg.Logger.Warn(what, "err", err)
	}
}

// giveUp forgets files of the last run that are not there any more.
func (f *Follower) giveUp() {
	for _, c := range f.resume {
		if c.End > 0 {
			f.counts.Missed++
			f.cfg.Logger.Warn("a log file that was not read to its end is gone", "path", c.Path, "offset", c.Offset)
		}
	}
	f.resume = nil
}

// Marks knows how far sources are done.
type Marks interface {
	Low(source string) int64
	Resolved(source string) []int64
	Forget(source string)
}

// Checkpoints returns how to go on after a restart, oldest file first.
func (f *Follower) Checkpoints(marks Marks) []tailer.Checkpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []tailer.Checkpoint{{Source: siblings, Path: f.log, Ended: true, Seen: f.allSeen().UTC()}}
	done := 0
	for i := range f.past {
		c := &f.past[i]
		if c.Offset < c.End { // not resolved yet
			c.Offset = min(max(marks.Low(c.Source), c.Offset), c.End)
			c.Resolved = marks.Resolved(c.Source)
			if c.Offset == c.End {
				c.Resolved = nil
				marks.Forget(c.Source)
			}
		}
		if c.Offset == c.End {
			done++
		}
	}
	f.past = slices.DeleteFunc(f.past, func(c tailer.Checkpoint) bool {
		if c.Offset < c.End || done <= maxPast {
			return false
		}
		done--
		return true
	})
	out = append(append(out, f.past...), f.resume...)
	for _, g := range f.gens {
		c := g.checkpoint()
		c.Offset = min(max(marks.Low(g.id), g.start), c.End)
		c.Resolved = marks.Resolved(g.id)
		c.Ended = false
		out = append(out, c)
	}
	return out
}

// Lag returns how many bytes of the log's open files are not read yet.
func (f *Follower) Lag() (bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.gens {
		if g.file == nil {
			continue
		}
		if info, err := g.file.Stat(); err == nil {
			bytes += max(info.Size()-g.end, 0)
		}
	}
	return bytes
}

// Counts returns what was met so far.
func (f *Follower) Counts() FollowCounts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// Close closes all files.
func (f *Follower) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, g := range f.gens {
		errs = append(errs, g.close())
	}
	f.gens = nil
	if f.alarm != nil {
		f.alarm.close()
		f.alarm = nil
	}
	return errors.Join(errs...)
}

// dirs are the folders where files of the log may be: its own, and that of the
// file which its name is a link to.
func (f *Follower) dirs() []string {
	out := []string{filepath.Dir(f.log)}
	if target, err := filepath.EvalSymlinks(f.log); err == nil && filepath.Dir(target) != out[0] {
		out = append(out, filepath.Dir(target))
	}
	return out
}

// Stream returns the lines of the log.
func (f *Follower) Stream() *Stream { return newStream(f, f.cfg.Config) }

// beginning returns the first bytes of the file being read, if reading begins
// behind them.
func (f *Follower) beginning() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.gens) == 0 || f.gens[0].file == nil || f.gens[0].start == 0 {
		return nil
	}
	g := f.gens[0]
	head := bytesBefore(g.file, min(g.start, sampleBytes), sampleBytes)
	return head[:bytes.LastIndexByte(head, '\n')+1]
}
