package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/goccy/go-yaml"
)

// Example is a commented configuration file with every key at its default.
//
//go:embed tailer.yaml
var Example string

// maxFile is how long a configuration file may be, in bytes.
const maxFile = 1 << 20

// A FileError says what is wrong with a configuration file, and where.
type FileError struct {
	Path string
	Line int // 0 when it is not about one line
	Err  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Load lays the file at path over Default. Errors are the file system's and
// *FileError.
func Load(path string) (Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer func() { _ = file.Close() }() // read-only: nothing is lost
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if len(text) > maxFile {
		return Config{}, &FileError{Path: path, Err: fmt.Errorf("longer than %d bytes: no configuration of tailer's", maxFile)}
	}
	cfg, err := Parse(text)
	var bad *FileError
	if errors.As(err, &bad) {
		bad.Path = path
	}
	return cfg, err
}

// Parse lays text over Default. Its error is a *FileError without a path.
func Parse(text []byte) (Config, error) {
	cfg := Default()
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict(), yaml.DisallowUnknownField())
	switch err := decoder.Decode(&cfg); {
	case errors.Is(err, io.EOF): // an empty file is a file of defaults
		cfg = Default()
	case err != nil:
		return Config{}, located(err)
	}
	if err := cfg.Check(); err != nil {
		return Config{}, &FileError{Err: err}
	}
	return cfg, nil
}

// place is how the decoder begins an error: [line:column].
var place = regexp.MustCompile(`^\[(\d+):\d+\] `)

// located takes the decoder's error apart. Its long form would quote the file.
func located(err error) *FileError {
	var ours *FileError
	if errors.As(err, &ours) {
		return ours
	}
	said := yaml.FormatError(err, false, false)
	e := &FileError{}
	if m := place.FindStringSubmatch(said); m != nil {
		_, _ = fmt.Sscan(m[1], &e.Line)
		said = said[len(m[0]):]
	}
	e.Err = errors.New(worded(said))
	return e
}

// unknown and wrongType are the decoder's words (goccy/go-yaml 1.19).
var (
	unknown   = regexp.MustCompile(`^unknown field "([^"]*)"$`)
	wrongType = regexp.MustCompile(`^cannot unmarshal (\S+) into Go (?:struct field|value) (?:\S+\.)?(\S+) of type (\S+)$`)
)

// worded says in tailer's words what the decoder says in Go's.
func worded(said string) string {
	if m := unknown.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("unknown key %q", m[1])
	}
	if m := wrongType.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("a %s stands where tailer expects a %s", m[1], m[3])
	}
	return said
}
