package ship

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"tailer/ship/otlp"
)

// DeadLetters is a file of items that no sink will take: one JSON object a line,
//
//	{"time":"…","reason":"…","status":400,"trace":{"resourceSpans":[…]}}
//
// time is when the item was given up (RFC 3339, UTC), status the HTTP status (0
// when there was none), trace the very line that a FileSink would have written.
// The file is made when the first item comes, readable by its owner only. It
// must not be used concurrently.
type DeadLetters struct {
	path string
	file *os.File
	line []byte
}

// NewDeadLetters returns the dead-letter file at path without opening it.
func NewDeadLetters(path string) *DeadLetters {
	return &DeadLetters{path: path}
}

// Path is where the file is, or would be.
func (d *DeadLetters) Path() string { return d.path }

// Add appends item with the reason and returns when it is on disk.
func (d *DeadLetters) Add(item *Item, failure *SendError) error {
	if d.file == nil {
		file, err := openAppend(d.path)
		if err != nil {
			return fmt.Errorf("dead-letter exchange: %w", err)
		}
		d.file = file
	}
	head, err := json.Marshal(struct {
		Time   time.Time `json:"time"`
		Reason string    `json:"reason"`
		Status int       `json:"status"`
	}{time.Now().UTC(), failure.Err.Error(), failure.Status})
	if err != nil {
		return fmt.Errorf("dead-letter exchange: %w", err)
	}
	d.line = append(d.line[:0], head[:len(head)-1]...)
	d.line = append(d.line, `,"trace":`...)
	d.line = otlp.AppendLine(d.line, item.Spans())
	d.line = append(d.line[:len(d.line)-1], '}', '\n')
	if err := writeWhole(d.file, d.line); err != nil {
		return fmt.Errorf("dead-letter exchange: %w", err)
	}
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("sync dead letters %s: %w", d.path, err)
	}
	return nil
}

// Close closes the file if it was ever opened.
func (d *DeadLetters) Close() error {
	if d.file == nil {
		return nil
	}
	file := d.file
	d.file = nil
	return file.Close()
}
