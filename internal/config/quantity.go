package config

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml/ast"
)

// Bytes is a size: 64MiB, 1GB, 4096.
type Bytes int64

// UnmarshalYAML reads a size in SI (kB, MB) or binary (KiB, MiB) units.
func (b *Bytes) UnmarshalYAML(node ast.Node) error {
	n, err := humanize.ParseBytes(textOf(node))
	if err != nil || n > math.MaxInt64 {
		return at(node, "this is no size such as 64MiB, 1GB or 4096")
	}
	*b = Bytes(n)
	return nil
}

func (b Bytes) String() string { return humanize.IBytes(uint64(b)) }

// Duration is a time span: 50ms, 10m, 2160h.
type Duration time.Duration

// UnmarshalYAML reads Go's notation.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	span, err := time.ParseDuration(textOf(node))
	if err != nil {
		return at(node, "this is no time span such as 50ms, 10m or 24h")
	}
	*d = Duration(span)
	return nil
}

// Std is the duration in the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return d.Std().String() }

// textOf returns a scalar as it is written, "" for anything else.
func textOf(node ast.Node) string {
	if scalar, ok := node.(ast.ScalarNode); ok {
		return fmt.Sprint(scalar.GetValue())
	}
	return ""
}

// at says what is wrong with a value without quoting it.
func at(node ast.Node, what string) error {
	e := &FileError{Err: errors.New(what)}
	if token := node.GetToken(); token != nil && token.Position != nil {
		e.Line = token.Position.Line
	}
	return e
}
