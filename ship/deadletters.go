package ship

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"tailer/ship/otlp"
)

// A Letter is one line of a DeadLetters file, but for the trace.
type Letter struct {
	Time   time.Time `json:"time"`             // when the item was given up, UTC
	Sink   string    `json:"sink"`             // who refused it
	Reason string    `json:"reason"`           //
	Status int       `json:"status"`           // HTTP status; 0 when there was none
	Sent   time.Time `json:"sent"`             // the item's time of shipping, UTC
	Trace  string    `json:"trace_id"`         // lower hex
	Beside *Beside   `json:"beside,omitempty"` // see Item.Beside
}

// DeadLetters is a file of items that a sink will not take: one JSON object a
// line, a Letter with the member "trace", the very line that a FileSink would
// have written:
//
//	{"time":"…","sink":"langfuse …","reason":"…","status":400,…,"trace":{"resourceSpans":[…]}}
//
// The file is made when the first item comes, readable by its owner only, and made
// anew when it was rotated or removed. Its methods may be called concurrently.
type DeadLetters struct {
	path  string
	spare func() int64
	mu    sync.Mutex // guards all below
	file  *os.File
	line  []byte
}

// NewDeadLetters returns the dead-letter file at path without opening it.
func NewDeadLetters(path string) *DeadLetters {
	return &DeadLetters{path: path}
}

// Within lets letters take only so many bytes of the disk as spare returns, which is
// called for each. It is called before Add.
func (d *DeadLetters) Within(spare func() int64) *DeadLetters {
	d.spare = spare
	return d
}

// Path is where the file is, or would be.
func (d *DeadLetters) Path() string { return d.path }

// block is how much of a disk a letter may take besides its bytes.
const block = 16 << 10

// Add appends item with the reason and returns when it is on disk. An error says that
// it is not, as where the disk has no more to spare.
func (d *DeadLetters) Add(sink string, item *Item, failure *SendError) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file != nil && moved(d.file) {
		_ = d.file.Close() // all of it is on disk
		d.file = nil
	}
	if d.file == nil {
		file, err := openAppend(d.path)
		if err != nil {
			return fmt.Errorf("dead-letter exchange: %w", err)
		}
		d.file = file
	}
	letter := Letter{
		Time: time.Now().UTC(), Sink: sink, Reason: failure.Err.Error(), Status: failure.Status,
		Sent: item.At().UTC(), Trace: item.TraceID(),
	}
	if item.beside != (Beside{}) {
		letter.Beside = &item.beside
	}
	head, err := json.Marshal(letter)
	if err != nil {
		return fmt.Errorf("dead-letter exchange: %w", err)
	}
	d.line = append(d.line[:0], head[:len(head)-1]...)
	d.line = append(d.line, `,"trace":`...)
	d.line = otlp.AppendLine(d.line, item.Payload())
	d.line = append(d.line[:len(d.line)-1], '}', '\n')
	if d.spare != nil {
		if need, spare := int64(len(d.line)+block), d.spare(); spare < need {
			return fmt.Errorf("dead-letter exchange: the disk of %s is full but for a reserve: %d bytes needed, %d to spare", d.path, need, max(spare, 0))
		}
	}
	if err := writeWhole(d.file, d.line); err != nil {
		return fmt.Errorf("dead-letter exchange: %w", err)
	}
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("sync dead letters %s: %w", d.path, err)
	}
	return nil
}

// Close closes the file if it was ever opened. Add opens it again.
func (d *DeadLetters) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		return nil
	}
	file := d.file
	d.file = nil
	return file.Close()
}
