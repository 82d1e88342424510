package kafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tailer"
	"tailer/internal/source/event"
)

const (
	// pauseBytes is how much of a partition waits in memory before it is paused.
	pauseBytes = 2 << 20
	// unknownEnd is the end of a partition that could not be asked for.
	unknownEnd = math.MaxInt64
)

// Counts says what was met in a partition.
type Counts struct {
	Lines  int64 // lines returned
	Bytes  int64 // bytes of these lines
	Broken int64 // records without Config.Field, returned as they are
}

// A Partition is what one member reads of one partition, from its assignment to
// its end. Next and Commit are for one goroutine; the rest is safe for all.
type Partition struct {
	at     place
	source string
	end0   int64 // offset after the last record when it was assigned
	client *kgo.Client
	field  string

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []*kgo.Record // guarded by mu
	bytes  int           // of queue; guarded by mu
	paused bool          // guarded by mu
	ended  bool          // guarded by mu
	gone   bool          // lost; guarded by mu
	counts Counts        // guarded by mu

	cancel context.CancelFunc // of its reader
	done   chan struct{}      // its reader has returned

	rest      []byte // lines of the current record that were not returned yet
	line      tailer.Line
	committed int64
}

func newPartition(c *Consumer, at place, end int64) *Partition {
	p := &Partition{
		at: at, source: fmt.Sprintf("kafka:%s/%d", at.topic, at.partition), end0: end,
		client: c.client, field: c.field, done: make(chan struct{}), committed: -1,
	}
	p.wake = sync.NewCond(&p.mu)
	return p
}

// Source is Position.Source of its lines: "kafka:<topic>/<partition>".
func (p *Partition) Source() string { return p.source }

// Replayed reports whether the record at offset was there before this member got
// the partition, so that another may have delivered what it is part of.
func (p *Partition) Replayed(offset int64) bool { return offset < p.end0 }

// Counts returns what was met so far.
func (p *Partition) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Next returns the next line, and waits for it. io.EOF says that the group takes
// the partition away, or that the program ends: commit and return. What waits in
// memory then is dropped, for the next owner reads it.
func (p *Partition) Next() (tailer.Line, error) {
	if len(p.rest) == 0 {
		record := p.pop()
		if record == nil {
			return tailer.Line{}, io.EOF
		}
		p.open(record)
	}
	line := p.line
	line.Bytes, p.rest, _ = bytes.Cut(p.rest, newline)
	line.Bytes = bytes.TrimSuffix(line.Bytes, carriageReturn)
	p.mu.Lock()
	p.counts.Lines++
	p.counts.Bytes += int64(len(line.Bytes))
	p.mu.Unlock()
	return line, nil
}

var (
	newline        = []byte("\n")
	carriageReturn = []byte("\r")
)

// open makes record the current one. An empty record is an empty line.
func (p *Partition) open(record *kgo.Record) {
	text, stamp := record.Value, time.Time{}
	if p.field != "" {
		var ok bool
		if text, stamp, ok = event.Line(record.Value, p.field); !ok {
			text = record.Value
			p.mu.Lock()
			p.counts.Broken++
			p.mu.Unlock()
		}
	}
	p.line = tailer.Line{
		Pos:    tailer.Position{Source: p.source, Offset: record.Offset, End: record.Offset + 1},
		Writer: string(record.Key), Stamp: stamp,
	}
	p.rest = bytes.TrimSuffix(text, newline)
	if len(p.rest) == 0 {
		p.rest = newline
	}
}

// pop waits for a record; nil at the end.
func (p *Partition) pop() *kgo.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && !p.ended {
		p.wake.Wait()
	}
	if p.ended {
		return nil
	}
	record := p.queue[0]
	p.queue[0] = nil
	p.queue = p.queue[1:]
	p.bytes -= size(record)
	if p.paused && p.bytes < pauseBytes/2 {
		p.paused = false
		p.client.ResumeFetchPartitions(p.named())
	}
	return record
}

// push adds records. It never waits: a full partition is paused instead.
func (p *Partition) push(records []*kgo.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	for _, record := range records {
		p.queue = append(p.queue, record)
		p.bytes += size(record)
	}
	if !p.paused && p.bytes > pauseBytes {
		p.paused = true
		p.client.PauseFetchPartitions(p.named())
	}
	p.wake.Signal()
}

// size is what a record costs in memory, about.
func size(record *kgo.Record) int { return len(record.Value) + len(record.Key) + 200 }

func (p *Partition) named() map[string][]int32 {
	return map[string][]int32{p.at.topic: {p.at.partition}}
}

// end makes Next return io.EOF.
func (p *Partition) end(lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.gone = true, p.gone || lost
	if p.paused { // else it would come back paused
		p.paused = false
		p.client.ResumeFetchPartitions(p.named())
	}
	p.queue = nil
	if lost {
		p.cancel()
	}
	p.wake.Signal()
}

// commitTime bounds one commit.
const commitTime = 10 * time.Second

// Commit tells the group that everything below offset low is accepted, and
// returns when the brokers know. Committing less than before does nothing.
// ErrLost says that the partition is somebody else's.
func (p *Partition) Commit(ctx context.Context, low int64) error {
	p.mu.Lock()
	gone := p.gone
	p.mu.Unlock()
	switch {
	case gone:
		return ErrLost
	case low <= p.committed:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	err := p.commit(ctx, low)
	if err != nil {
		return fmt.Errorf("commit %s: %w", p.source, err)
	}
	p.committed = low
	return nil
}
