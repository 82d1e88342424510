package ship

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tailer/ship/otlp"
)

func lineOf(item *Item) string { return string(otlp.AppendLine(nil, item.Payload())) }

func TestFileSink(t *testing.T) {
	a, b := newItem(t, "a"), newItem(t, "b")
	for _, test := range []struct {
		name, before, want string
	}{
		{"new file", "", lineOf(a) + lineOf(b)},
		{"appended", "{}\n", "{}\n" + lineOf(a) + lineOf(b)},
		{"after a line that was cut off", `{"resource`, "{\"resource\n" + lineOf(a) + lineOf(b)},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "spans.jsonl")
			if test.before != "" {
				if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			sink, err := NewFileSink(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range []*Item{a, b} {
				if err := sink.Send(context.Background(), []*Item{item}); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(sink.Flush(context.Background()), sink.Close()); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestFileSinkStdout(t *testing.T) {
	var out bytes.Buffer
	sink, err := NewFileSink("-", &out)
	if err != nil {
		t.Fatal(err)
	}
	item := newItem(t, "a")
	if err := sink.Send(context.Background(), []*Item{item}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sink.Flush(context.Background()), sink.Close()); err != nil {
		t.Fatal(err)
	}
	if out.String() != lineOf(item) {
		t.Errorf("got %q", out.String())
	}
}

// failing takes a few lines and then fails.
type failing struct {
	lines int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.lines == 0 {
		return 0, f.err
	}
	f.lines--
	return len(p), nil
}

func TestFileSinkFailures(t *testing.T) {
	items := []*Item{newItem(t, "a"), newItem(t, "b"), newItem(t, "c")}
	for _, test := range []struct {
		name   string
		out    io.Writer
		ends   bool // the error ends the delivery
		failed []string
	}{
		{"disk full at once", &failing{0, syscall.ENOSPC}, false, []string{"a", "b", "c"}},
		{"disk full later", &failing{1, syscall.ENOSPC}, false, []string{"b", "c"}},
		{"reader went away", &failing{0, syscall.EPIPE}, true, nil},
		{"reader went away later", &failing{2, io.ErrClosedPipe}, false, []string{"c"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink, err := NewFileSink("-", test.out)
			if err != nil {
				t.Fatal(err)
			}
			err = sink.Send(context.Background(), items)
			var partial *PartialError
			if errors.As(err, &partial) == test.ends {
				t.Fatalf("got %v", err)
			}
			var failed []string
			for _, item := range items {
				if partial != nil && partial.Failed[item] != nil {
					failed = append(failed, name(item))
				}
			}
			equal(t, "failed", failed, test.failed...)
		})
	}
}

func TestFileSinkCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	sink, err := NewFileSink("-", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Send(ctx, []*Item{newItem(t, "a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDeadLetters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	a, b := newItem(t, "a"), newItem(t, "b")
	for _, item := range []*Item{a, b} { // closed in between: a restart
		letters := NewDeadLetters(path)
		if err := letters.Add("A", item, &SendError{Class: Refused, Status: 400, Err: errors.New(`no "traceId"`)}); err != nil {
			t.Fatal(err)
		}
		if err := letters.Close(); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(raw)))
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, item := range []*Item{a, b} {
		var letter struct {
			Time   string
			Reason string
			Status int
			Trace  json.RawMessage
		}
		if err := json.Unmarshal([]byte(lines[i]), &letter); err != nil {
			t.Fatal(err)
		}
		if letter.Reason != `no "traceId"` || letter.Status != 400 || letter.Time == "" || string(letter.Trace)+"\n" != lineOf(item) {
			t.Errorf("got %s", lines[i])
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := NewDeadLetters("never-made").Close(); err != nil {
		t.Error(err)
	}
}

// After a crash a file tells what it has got; a line that was cut off it has not.
func TestFileSinkHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spans.jsonl")
	a, b, c := newItem(t, "a"), newItem(t, "b"), newItem(t, "c")
	cut := lineOf(b)[:len(lineOf(b))-4]
	if err := os.WriteFile(path, []byte(lineOf(a)+cut), 0o600); err != nil {
		t.Fatal(err)
	}
	sink, err := NewFileSink(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sink.Close() }()
	if err := sink.Send(t.Context(), []*Item{c}); err != nil {
		t.Fatal(err)
	}
	has, err := sink.Has(t.Context(), []*Item{a, b, c})
	if err != nil || !has[a] || has[b] || !has[c] {
		t.Errorf("has %v %v %v, %v", has[a], has[b], has[c], err)
	}
	pipe, err := NewFileSink("-", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pipe.Has(t.Context(), []*Item{a}); !errors.Is(err, ErrCannotAsk) {
		t.Errorf("a pipe: %v", err)
	}
}
