package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"tailer"
)

// journalctl follows a unit's journal by the program of that name: the journal's
// files are no interface, and reading them needs C. Its cursor is journald's own.
type journalctl struct {
	program string
	unit    string
	fromEnd bool
	maxLine int
}

// NewJournald follows the journal of a unit. program "" means journalctl.
func NewJournald(program, unit string, resume []tailer.Checkpoint, cfg FollowConfig) (*Cursored, error) {
	if program == "" {
		program = "journalctl"
	}
	full, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return newCursored("journald:"+unit, &journalctl{program, unit, cfg.FromEnd, full.MaxLine}, resume, cfg)
}

// open implements service.
func (j *journalctl) open(ctx context.Context, at string) (entries, error) {
	args := []string{"--output=export", "--follow", "--all", "--unit=" + j.unit}
	switch {
	case at != "":
		args = append(args, "--no-tail", "--after-cursor="+at)
	case j.fromEnd:
		args = append(args, "--lines=0")
	default:
		args = append(args, "--no-tail")
	}
	cmd := exec.CommandContext(ctx, j.program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	said := &lastWords{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &journal{cmd: cmd, wait: sync.OnceValue(cmd.Wait), out: bufio.NewReaderSize(out, 64<<10), said: said, maxLine: j.maxLine}, nil
}

// lastWords keeps the beginning of what a program says on stderr. They are written until
// it was waited for.
type lastWords struct{ text []byte }

func (w *lastWords) Write(b []byte) (int, error) {
	w.text = append(w.text, b[:min(len(b), 512-len(w.text))]...)
	return len(b), nil
}

// journal reads entries in the Journal Export Format: see journalExport.
type journal struct {
	cmd     *exec.Cmd
	wait    func() error // for its end, once
	out     *bufio.Reader
	said    *lastWords
	maxLine int
	queue   []message // lines of the entry that is being handed out
	streams []string  // _STREAM_ID of stdout and of stderr, in the order of appearance
}

func (j *journal) next() (message, error) {
	for len(j.queue) == 0 {
		if err := j.fill(); err != nil {
			return message{}, err
		}
	}
	e := j.queue[0]
	j.queue = j.queue[1:]
	return e, nil
}

// fill reads one entry of the journal.
func (j *journal) fill() error {
	fields := map[string][]byte{}
	for {
		name, value, err := j.field()
		if err != nil {
			return j.ended(err)
		}
		if name == "" {
			break
		}
		switch name {
		case "MESSAGE", "__CURSOR", "__REALTIME_TIMESTAMP", "_STREAM_ID", "_LINE_BREAK":
			fields[name] = value
		}
	}
	if len(fields) == 0 {
		return nil
	}
	stamp, _ := microseconds(string(fields["__REALTIME_TIMESTAMP"]))
	e := message{stamp: stamp, stream: j.stream(string(fields["_STREAM_ID"]))}
	lines := bytes.Split(bytes.TrimSuffix(fields["MESSAGE"], newline), newline)
	for i, line := range lines {
		e.text, e.partial, e.cursor = line, false, ""
		if i == len(lines)-1 {
			e.partial = string(fields["_LINE_BREAK"]) == lineMax
			e.cursor = string(fields["__CURSOR"])
		}
		j.queue = append(j.queue, e)
	}
	return nil
}

// stream tells a service's two streams apart. journald does not say which is
// which.
func (j *journal) stream(id string) tailer.Stream {
	for i, known := range j.streams {
		if known == id {
			return tailer.StreamStdout + tailer.Stream(i)
		}
	}
	if j.streams = append(j.streams, id); len(j.streams) > 2 {
		j.streams = j.streams[1:] // the service was started anew
	}
	return tailer.StreamStdout + tailer.Stream(len(j.streams)-1)
}

// field reads one field, "" at the end of an entry.
func (j *journal) field() (name string, value []byte, err error) {
	line, err := j.line()
	if err != nil || len(line) == 0 {
		return "", nil, err
	}
	before, after, found := bytes.Cut(line, []byte("="))
	if found {
		return string(before), after, nil
	}
	var size [binaryHead]byte
	if _, err := io.ReadFull(j.out, size[:]); err != nil {
		return "", nil, err
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > 1<<40 {
		return "", nil, errors.New("journalctl's output is out of step")
	}
	kept := min(n, uint64(j.maxLine)+1)
	value = make([]byte, kept)
	if _, err := io.ReadFull(j.out, value); err != nil {
		return "", nil, err
	}
	if _, err := io.CopyN(io.Discard, j.out, int64(n-kept)+1); err != nil { // and its newline
		return "", nil, err
	}
	return string(before), value, nil
}

// line reads a line, cut at the limit.
func (j *journal) line() (line []byte, err error) {
	for {
		part, err := j.out.ReadSlice('\n')
		line = append(line, part[:min(len(part), max(j.maxLine+2-len(line), 0))]...)
		if err == nil {
			return bytes.TrimSuffix(line, newline), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// ended says why journalctl ended.
func (j *journal) ended(err error) error {
	_ = j.Close() // its last words may still be on their way
	if said := strings.TrimSpace(string(j.said.text)); said != "" {
		return fmt.Errorf("journalctl: %s", said)
	}
	return err
}

// Close ends the program. It may be called again.
func (j *journal) Close() error {
	_ = j.cmd.Cancel()
	return j.wait()
}
