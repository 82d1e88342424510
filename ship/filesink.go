package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"tailer/ship/otlp"
)

// FileSink appends each item as one line of OTLP/JSON, written at once.
type FileSink struct {
	out    io.Writer
	file   *os.File // nil when out is not ours to sync and close
	synced bool
	line   []byte
}

// NewFileSink appends to the file at path, which it makes if need be, readable
// by its owner only; or to stdout when path is "-".
func NewFileSink(path string, stdout io.Writer) (*FileSink, error) {
	if path == "-" {
		return &FileSink{out: stdout, synced: true}, nil
	}
	file, err := openAppend(path)
	if err != nil {
		return nil, err
	}
	return &FileSink{out: file, file: file, synced: true}, nil
}

// Empty tells whether nothing was ever written to the file. It is false for what
// is no regular file.
func (f *FileSink) Empty() bool {
	if f.file == nil {
		return false
	}
	info, err := f.file.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

// reopen goes on in a new file once the old one was rotated or removed.
func (f *FileSink) reopen() error {
	if f.file == nil || !moved(f.file) {
		return nil
	}
	if err := f.Flush(context.Background()); err != nil {
		return err
	}
	file, err := openAppend(f.file.Name())
	if err != nil {
		return err
	}
	_ = f.file.Close() // all of it is on disk
	f.out, f.file = file, file
	return nil
}

// Send appends one line per item. A full disk is transient; a reader that went
// away is not, and ends the delivery.
func (f *FileSink) Send(ctx context.Context, items []*Item) error {
	if err := f.reopen(); err != nil {
		return &SendError{Err: err}
	}
	for i, item := range items {
		err := ctx.Err()
		if err == nil {
			err = f.write(item)
		}
		switch {
		case err == nil:
		case i == 0 && fatal(err):
			return err
		default:
			return allFailed(items[i:], &SendError{Err: err})
		}
	}
	return nil
}

func (f *FileSink) write(item *Item) error {
	const keep = 4 << 20 // bytes: one giant prompt must not stay in memory
	if cap(f.line) > keep {
		f.line = nil
	}
	f.line = otlp.AppendLine(f.line[:0], item.Payload())
	if f.file == nil {
		if _, err := f.out.Write(f.line); err != nil {
			return fmt.Errorf("append to output: %w", err)
		}
		return nil
	}
	f.synced = false
	return writeWhole(f.file, f.line)
}

// fatal tells errors that no waiting cures.
func fatal(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

func allFailed(items []*Item, failure *SendError) *PartialError {
	failed := make(map[*Item]*SendError, len(items))
	for _, item := range items {
		failed[item] = failure
	}
	return &PartialError{Failed: failed}
}

// Flush returns when all lines are on disk.
func (f *FileSink) Flush(context.Context) error {
	if f.synced {
		return nil
	}
	// A pipe or a terminal cannot be synced, and need not be.
	if err := f.file.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return fmt.Errorf("sync output %s: %w", f.file.Name(), err)
	}
	f.synced = true
	return nil
}

// Close flushes and closes the file. Standard output stays open.
func (f *FileSink) Close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.Flush(context.Background()), f.file.Close())
}
