package ship

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"tailer/ship/otlp"
)

// ReadLetters calls each for every letter of the dead-letter file at path, with
// the line's number from 0 on, and ends with its first error. A line that a crash
// cut off, the last one, is left out.
func ReadLetters(path string, each func(n int, letter Letter, item *Item) error) error {
	return readLetterLines(path, func(n int, line []byte) error {
		letter, item, err := parseLetter(line)
		if err != nil {
			return fmt.Errorf("read dead letters %s, line %d: %w", path, n+1, err)
		}
		return each(n, letter, item)
	})
}

func readLetterLines(path string, each func(n int, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	defer func() { _ = file.Close() }() // read-only: nothing is lost
	lines := bufio.NewReader(file)
	for n := 0; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read dead letters %s: %w", path, err)
		}
		if err := each(n, line); err != nil {
			return err
		}
	}
}

func parseLetter(line []byte) (Letter, *Item, error) {
	var letter struct {
		Letter
		Spans json.RawMessage `json:"trace"`
	}
	if err := json.Unmarshal(line, &letter); err != nil {
		return Letter{}, nil, err
	}
	groups, err := otlp.ParseLine(letter.Spans)
	if err != nil {
		return Letter{}, nil, err
	}
	if len(groups) != 1 {
		return Letter{}, nil, fmt.Errorf("%d traces in one letter", len(groups))
	}
	payload, err := otlp.PayloadOf(groups[0])
	if err != nil {
		return Letter{}, nil, err
	}
	item, err := NewItem(payload, letter.Sent, nil)
	if err == nil && letter.Beside != nil {
		item = item.With(*letter.Beside)
	}
	return letter.Letter, item, err
}

// Address gives the item another token.
func (i *Item) Address(token any) *Item {
	addressed := *i
	addressed.token = token
	return &addressed
}

// KeepLetters writes the dead-letter file at path anew: its lines for which keep
// is true, then all lines of the file at more, which may be missing and is removed.
// A crash leaves the old file, or the new one.
func KeepLetters(path, more string, keep func(n int) bool) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, ownerOnly)
	if err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	out := bufio.NewWriter(file)
	put := func(line []byte) error {
		_, err := out.Write(line)
		return err
	}
	err = readLetterLines(path, func(n int, line []byte) error {
		if keep(n) {
			return put(line)
		}
		return nil
	})
	if err == nil {
		err = readLetterLines(more, func(_ int, line []byte) error { return put(line) })
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = errors.Join(out.Flush(), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write dead letters: %w", errors.Join(err, os.Remove(temporary)))
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	if err := syncDirectory(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Remove(more); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write dead letters: %w", err)
	}
	return nil
}
