package kafka

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tailer"
	"tailer/internal/source/event"
)

const (
	// unit is how many positions an offset has, one for each line of its record, so
	// that no two lines share one, by which what was made of them is known again.
	// Further lines of a record share the last.
	unit = 1 << 20
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

// A Partition is what one member reads of one partition, from its assignment on.
// It is for one goroutine, but for Counts and Commit, which any may call.
type Partition struct {
	at       place
	source   string
	begin    int64   // committed offset when it was assigned
	resolved []int64 // positions above begin that the last owner had dealt with
	end      int64   // offset after the last record when it was assigned
	client   *kgo.Client
	field    string

	mu        sync.Mutex
	queue     []*kgo.Record // guarded by mu
	bytes     int           // of queue; guarded by mu
	paused    bool          // guarded by mu
	ended     bool          // guarded by mu
	gone      bool          // lost; guarded by mu
	counts    Counts        // guarded by mu
	committed commit        // guarded by mu

	more   chan struct{}      // there may be records
	cancel context.CancelFunc // of its reader
	done   chan struct{}      // its reader has returned

	rest []byte      // lines of the current record that were not returned yet
	line tailer.Line // the next of them, but for its bytes
	out  tailer.Line // the one returned last
}

func newPartition(c *Consumer, client *kgo.Client, at place) *Partition {
	return &Partition{
		at: at, source: fmt.Sprintf("kafka:%s/%d", at.topic, at.partition), end: unknownEnd,
		client: client, field: c.field, more: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

// Source is Position.Source of its lines: "kafka:<topic>/<partition>".
func (p *Partition) Source() string { return p.source }

// Resume returns the position up to which the group has committed, and those above
// it that were dealt with all the same.
func (p *Partition) Resume() (low int64, resolved []int64) { return p.begin * unit, p.resolved }

// Replayed reports whether the record at a position was there before this member
// got the partition, so that another may have delivered what it is part of.
func (p *Partition) Replayed(at int64) bool { return at/unit < p.end }

// Counts returns what was met so far.
func (p *Partition) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Next returns the next line; tailer.ErrPause when there is none now, or when the
// group has taken the partition away, which ends the reader's context.
func (p *Partition) Next() (*tailer.Line, error) {
	if len(p.rest) == 0 {
		record := p.pop()
		if record == nil {
			return nil, tailer.ErrPause
		}
		p.open(record)
	}
	line := &p.out
	*line = p.line
	line.Bytes, p.rest, _ = bytes.Cut(p.rest, newline)
	line.Bytes = bytes.TrimSuffix(line.Bytes, carriageReturn)
	if len(p.rest) > 0 && line.Pos.Offset+1 < line.Pos.End {
		line.Pos.End = line.Pos.Offset + 1
		p.line.Pos.Offset++
	}
	p.mu.Lock()
	p.counts.Lines++
	p.counts.Bytes += int64(len(line.Bytes))
	p.mu.Unlock()
	return line, nil
}

// Look does nothing: brokers tell what becomes of a partition.
func (p *Partition) Look() {}

// Wait returns when there may be lines, or after d.
func (p *Partition) Wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.more:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Held notes the next line of a record of which a part is still to be returned.
func (p *Partition) Held(note func(tailer.Position)) {
	if len(p.rest) > 0 {
		note(p.line.Pos)
	}
}

var (
	newline        = []byte("\n")
	carriageReturn = []byte("\r")
)

// open makes record the current one. An empty record is an empty line.
func (p *Partition) open(record *kgo.Record) {
	text := record.Value
	if p.field != "" {
		var ok bool
		if text, ok = event.Line(record.Value, p.field); !ok {
			text = record.Value
			p.mu.Lock()
			p.counts.Broken++
			p.mu.Unlock()
		}
	}
	p.line = tailer.Line{
		Pos:    tailer.Position{Source: p.source, Offset: record.Offset * unit, End: (record.Offset + 1) * unit},
		Writer: string(record.Key),
	}
	p.rest = bytes.TrimSuffix(text, newline)
	if len(p.rest) == 0 {
		p.rest = newline
	}
}

// pop returns the next record, nil when there is none.
func (p *Partition) pop() *kgo.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 || p.ended {
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
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// size is what a record costs in memory, about. Headers lie in one piece of memory with the
// value.
func size(record *kgo.Record) int {
	n := len(record.Value) + len(record.Key) + 200
	for i := range record.Headers {
		n += len(record.Headers[i].Key) + len(record.Headers[i].Value)
	}
	return n
}

func (p *Partition) named() map[string][]int32 {
	return map[string][]int32{p.at.topic: {p.at.partition}}
}

// take ends its reader. What waits in memory is dropped: the next owner reads it.
func (p *Partition) take(lost bool) {
	p.mu.Lock()
	p.ended, p.gone = true, p.gone || lost
	if p.paused { // else it would come back paused
		p.paused = false
		p.client.ResumeFetchPartitions(p.named())
	}
	p.queue = nil
	p.mu.Unlock()
	p.cancel()
}
