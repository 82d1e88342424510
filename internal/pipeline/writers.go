package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"tailer"
)

// Writers are the Records and the Pairs of a source that several proxies write to,
// such as a partition of Kafka's: each writer has stages of its own, so that lines
// and requests of two proxies never mix. A writer that falls silent is not held up
// by the others: its log time goes on with the clock on the wall.
type Writers struct {
	New  func(writer string) (HoldingRecords, HoldingPairs)
	Most int // writers at a time; the one that was silent longest makes way. 0: 1,000

	stages    map[string]*writerStages
	swept     time.Time
	due       bool // silent writers are to be looked after
	records   []tailer.Record
	exchanges []tailer.Exchange
	evicted   []tailer.Exchange // of writers that made way
}

// writerStages are those of one writer.
type writerStages struct {
	records HoldingRecords
	pairs   HoldingPairs
	last    time.Time // of its newest line, by the clock on the wall
	paused  bool      // its records were asked for since
}

var (
	_ HoldingRecords = (*Writers)(nil)
	_ HoldingPairs   = (*Writers)(nil)
)

const (
	defaultWriters = 1000
	// sweepEvery is how often silent writers are looked after in a busy source.
	sweepEvery = time.Second
	// forgetAfter is how long a writer with nothing open is remembered.
	forgetAfter = 30 * time.Minute
)

// Feed returns the records that a line completes, and those that silent writers
// have completed by their silence.
func (w *Writers) Feed(l *tailer.Line) []tailer.Record {
	now := time.Now()
	w.records = w.records[:0]
	if now.Sub(w.swept) >= sweepEvery {
		w.swept, w.due = now, true
		w.pauseSilent(now)
	}
	writer := short(l.Writer)
	s := w.of(writer, now)
	s.last, s.paused = now, false
	w.collect(writer, s.records.Feed(l))
	return w.records
}

// maxWriter is how long a writer's name may be in bytes: it is kept with all that it
// wrote, and a key of Kafka's may be megabytes.
const maxWriter = 256

// short is a writer's name, or what stands for it.
func short(writer string) string {
	if len(writer) <= maxWriter {
		return writer
	}
	sum := sha256.Sum256([]byte(writer))
	return hex.EncodeToString(sum[:])
}

// of returns the stages of a writer, which it makes if need be.
func (w *Writers) of(writer string, now time.Time) *writerStages {
	if s := w.stages[writer]; s != nil {
		return s
	}
	if w.stages == nil {
		w.stages = map[string]*writerStages{}
	}
	if w.Most == 0 {
		w.Most = defaultWriters
	}
	if len(w.stages) >= w.Most {
		w.evict()
	}
	s := &writerStages{last: now}
	s.records, s.pairs = w.New(writer)
	w.stages[writer] = s
	return s
}

// evict hands out what the writer holds that was silent longest, and forgets it.
func (w *Writers) evict() {
	name, found := "", false
	for writer, s := range w.stages {
		if !found || s.last.Before(w.stages[name].last) {
			name, found = writer, true
		}
	}
	s := w.stages[name]
	records := s.records.Flush()
	for i := range records {
		w.evicted = append(w.evicted, s.pairs.Add(&records[i])...)
	}
	w.evicted = append(w.evicted, s.pairs.Drain()...)
	delete(w.stages, name)
}

// collect adds records of a writer to those that are returned.
func (w *Writers) collect(writer string, records []tailer.Record) {
	for i := range records {
		records[i].Writer = writer
	}
	w.records = append(w.records, records...)
}

func (w *Writers) pauseSilent(now time.Time) {
	for writer, s := range w.stages {
		if !s.paused && now.Sub(s.last) >= pipeIdle {
			s.paused = true
			w.collect(writer, s.records.Pause())
		}
	}
}

// Pause returns the records that are whole, of all writers.
func (w *Writers) Pause() []tailer.Record {
	w.records = w.records[:0]
	for writer, s := range w.stages {
		s.paused = true
		w.collect(writer, s.records.Pause())
	}
	return w.records
}

// Flush returns what is left of all writers.
func (w *Writers) Flush() []tailer.Record {
	w.records = w.records[:0]
	for writer, s := range w.stages {
		w.collect(writer, s.records.Flush())
	}
	return w.records
}

// Add takes a record to the pairs of its writer.
func (w *Writers) Add(r *tailer.Record) []tailer.Exchange {
	w.exchanges = append(w.exchanges[:0], w.evicted...)
	w.evicted = nil
	if s := w.stages[r.Writer]; s != nil {
		w.exchanges = append(w.exchanges, s.pairs.Add(r)...)
	}
	if w.due {
		w.due = false
		w.tick(time.Now())
	}
	return w.exchanges
}

// Tick lets the log time of each writer go on by its own silence; the time it is
// given is nobody's.
func (w *Writers) Tick(time.Time) []tailer.Exchange {
	w.exchanges = append(w.exchanges[:0], w.evicted...)
	w.evicted = nil
	w.tick(time.Now())
	return w.exchanges
}

func (w *Writers) tick(now time.Time) {
	for writer, s := range w.stages {
		silent := now.Sub(s.last)
		if silent < pipeIdle || !s.paused {
			continue
		}
		w.exchanges = append(w.exchanges, s.pairs.Tick(s.pairs.Now().Add(silent))...)
		if silent >= forgetAfter && !s.open() {
			delete(w.stages, writer)
		}
	}
}

// open tells whether something may still come of what the writer wrote.
func (s *writerStages) open() (open bool) {
	note := func(tailer.Position) { open = true }
	s.records.Held(note)
	s.pairs.Held(note)
	return open
}

// Now is no time: each writer has its own.
func (w *Writers) Now() time.Time { return time.Time{} }

// Drain hands out everything that is held.
func (w *Writers) Drain() []tailer.Exchange {
	w.exchanges = append(w.exchanges[:0], w.evicted...)
	w.evicted = nil
	for _, s := range w.stages {
		w.exchanges = append(w.exchanges, s.pairs.Drain()...)
	}
	return w.exchanges
}

// Held notes the lines that any writer's stages still need.
func (w *Writers) Held(note func(tailer.Position)) {
	for _, s := range w.stages {
		s.records.Held(note)
		s.pairs.Held(note)
	}
	for i := range w.evicted {
		for _, p := range w.evicted[i].Positions {
			note(p)
		}
	}
}
