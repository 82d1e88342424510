package source

import (
	"fmt"
	"time"
)

// DefaultMaxLine is the limit of a line in bytes when Config names none.
const DefaultMaxLine = 64 << 20

// Config says how an input is read. The zero value is ready to use.
type Config struct {
	MaxLine  int            // bytes kept of a line, without its newline; 0 means DefaultMaxLine
	Location *time.Location // of stamps that name no zone (journald short, RFC 3164); nil means UTC
	Year     int            // of the first stamp that names no year; 0: see Before
	// Before is when the input was last written: the first stamp without a year is
	// of the last year that is not after it. Zero means that such lines get no Stamp.
	Before time.Time
	// Together has indented lines of bare logs handed out together, see tailer.Line.
	Together bool
}

// withDefaults returns c with its zero values filled in, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.MaxLine < 0 {
		return c, fmt.Errorf("source: negative MaxLine %d", c.MaxLine)
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	return c, nil
}
