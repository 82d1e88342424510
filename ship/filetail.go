package ship

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// maxTail is how much of a file's end is looked through for what a crash left in
// doubt: one batch, or one giant request.
const maxTail = 256 << 20 // bytes

var _ Asker = (*FileSink)(nil)

// Folds implements Asker: a line that is written twice is there twice.
func (f *FileSink) Folds(context.Context) (bool, error) { return false, nil }

// Lag implements Asker: what was written shows at once.
func (f *FileSink) Lag() time.Duration { return 0 }

// Has implements Asker, for what was written last. A line that was cut off does
// not count.
func (f *FileSink) Has(_ context.Context, items []*Item) (map[*Item]bool, error) {
	if f.file == nil {
		return nil, fmt.Errorf("%w: it is a pipe", ErrCannotAsk)
	}
	info, err := f.file.Stat()
	if err != nil {
		return nil, &SendError{Err: fmt.Errorf("stat output %s: %w", f.file.Name(), err)}
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no regular file", ErrCannotAsk)
	}
	file, err := os.Open(f.file.Name())
	if err != nil {
		return nil, &SendError{Err: fmt.Errorf("read output: %w", err)}
	}
	defer func() { _ = file.Close() }() // read-only: nothing is lost
	from := max(info.Size()-maxTail, 0)
	found, err := findLines(io.NewSectionReader(file, from, info.Size()-from), items)
	if err != nil {
		return nil, &SendError{Err: fmt.Errorf("read output %s: %w", f.file.Name(), err)}
	}
	return found, nil
}

// findLines returns the items that have a whole line. Roots stand first in lines,
// so it is enough to look for their ids there.
func findLines(r io.Reader, items []*Item) (map[*Item]bool, error) {
	wanted := map[string]*Item{}
	for _, item := range items {
		wanted[item.TraceID()+hex.EncodeToString(item.head.Span[:])] = item
	}
	found := map[*Item]bool{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if item := wanted[idsOf(line)]; item != nil && json.Valid(line) {
			found[item] = true
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// idsOf are the trace id and the span id of a line's first span, "" if there are
// none.
func idsOf(line []byte) string {
	ids := ""
	for _, name := range []string{`"traceId":"`, `"spanId":"`} {
		_, rest, _ := bytes.Cut(line, []byte(name))
		id, _, closed := bytes.Cut(rest[:min(len(rest), 2*len(Key{}.Trace)+1)], []byte{'"'})
		if !closed {
			return ""
		}
		ids += string(id)
	}
	return ids
}
