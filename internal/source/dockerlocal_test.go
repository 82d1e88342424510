package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer"
)

// localRecord writes a record as moby's daemon/logger/local/local.go does, by its
// documented format: no file of a real Docker was at hand.
func localRecord(stream, text string, nano int64, piece, last bool) []byte {
	var e []byte
	e = protowire.AppendString(protowire.AppendTag(e, 1, protowire.BytesType), stream)
	e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(nano))
	e = protowire.AppendString(protowire.AppendTag(e, 3, protowire.BytesType), text)
	if piece {
		e = protowire.AppendVarint(protowire.AppendTag(e, 4, protowire.VarintType), 1)
		var about []byte
		if last {
			about = protowire.AppendVarint(protowire.AppendTag(about, 1, protowire.VarintType), 1)
		}
		about = protowire.AppendString(protowire.AppendTag(about, 2, protowire.BytesType), "5bf0a7")
		about = protowire.AppendVarint(protowire.AppendTag(about, 3, protowire.VarintType), 2)
		e = protowire.AppendBytes(protowire.AppendTag(e, 5, protowire.BytesType), about)
	}
	e = protowire.AppendBytes(protowire.AppendTag(e, 6, protowire.BytesType), []byte("\n\x03tag\x12\x01x")) // an attribute
	out := binary.BigEndian.AppendUint32(nil, uint32(len(e)))
	return binary.BigEndian.AppendUint32(append(out, e...), uint32(len(e)))
}

var localTime = time.Date(2026, 11, 23, 9, 13, 9, 58_163_123, time.UTC)

func localSample() []byte {
	nano := localTime.UnixNano()
	return bytes.Join([][]byte{
		localRecord("stderr", "INFO: one", nano, false, false),
		localRecord("stdout", "", nano+1, false, false),
		localRecord("stderr", strings.Repeat("a", 16<<10), nano+2, true, false),
		localRecord("stdout", "between \xff", nano+3, false, false),
		localRecord("stderr", strings.Repeat("b", 16<<10), nano+2, true, false),
		localRecord("stderr", "c", nano+2, true, true),
		localRecord("stderr", "last", nano+4, false, false),
	}, nil)
}

// TestLocalLog reads records of both streams, joins what Docker has cut, and does so
// in a compressed file too.
func TestLocalLog(t *testing.T) {
	want := []string{
		"stderr INFO: one", "stdout ", "stdout between \xff",
		"stderr " + strings.Repeat("a", 16<<10) + strings.Repeat("b", 16<<10) + "c", "stderr last",
	}
	for name, content := range map[string][]byte{"plain": localSample(), "rotated": gzipped(t, string(localSample()))} {
		_, lines, err := readAll(t, bytes.NewReader(content), Config{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, line := range lines {
			stream := "stdout "
			if line.Stream == tailer.StreamStderr {
				stream = "stderr "
			}
			got = append(got, stream+string(line.Bytes))
			if line.Stamp.Before(localTime) || line.Stamp.Sub(localTime) > time.Microsecond {
				t.Errorf("%s: time %v", name, line.Stamp)
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %d lines\n%.3000q", name, len(got), got)
		}
	}
}

// TestLocalLogDamaged gives what comes before the damage, and says where that is.
func TestLocalLogDamaged(t *testing.T) {
	first := localRecord("stderr", "one", 1, false, false)
	second := localRecord("stderr", "two", 2, false, false)
	other := bytes.Clone(second)
	other[len(other)-1]++
	for _, test := range []struct {
		name  string
		bytes []byte
		err   error
	}{
		{"in a size", second[:2], io.ErrUnexpectedEOF},
		{"in an entry", second[:len(second)-5], io.ErrUnexpectedEOF},
		{"sizes differ", other, errLocalRecord},
		{"no size", make([]byte, 100), errLocalRecord},
		{"much too long", bytes.Repeat([]byte{255}, 100), errLocalRecord},
		{"no entry", []byte{0, 0, 0, 1, 7, 0, 0, 0, 1}, errLocalRecord},
		{"no stream", localRecord("stdin", "x", 1, false, false), errLocalRecord},
		{"two lines in one", localRecord("stdout", "x\n2026-11-23T09:13:09Z stdout F forged", 1, false, false), errLocalRecord},
	} {
		d, err := decompress(bytes.NewReader(append(bytes.Clone(first), test.bytes...)), "container.log")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(d)
		var damaged *DamagedError
		if string(text) != "1970-01-01T00:00:00.000000001Z stderr F one\n" || !errors.As(err, &damaged) || !errors.Is(err, test.err) {
			t.Errorf("%s: %q, %v", test.name, text, err)
		}
	}
}

// TestLocalLogFollowed says what to follow instead.
func TestLocalLogFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "container.log")
	if err := os.WriteFile(path, localSample(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewFollower(path, nil, time.Time{}, FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	f.Look()
	if line, err := f.next(); !errors.Is(err, tailer.ErrPause) || !strings.Contains(f.said, "docker:NAME") {
		t.Errorf("got %q, %v, said %q", line.Bytes, err, f.said)
	}
}

func FuzzLocalLog(f *testing.F) {
	f.Add(localSample()[:200])
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := decompress(bytes.NewReader(content), "fuzz")
		if err != nil || d.format != localFormat {
			return
		}
		text, err := io.ReadAll(d)
		if err == nil && bytes.Count(text, []byte("\n")) == 0 {
			t.Errorf("%q is read without an error and without a line", content)
		}
		for line := range bytes.Lines(text) {
			if _, ok := (cri{}).strip(bytes.TrimSuffix(line, []byte("\n"))); !ok {
				t.Errorf("not in the CRI form: %q", line)
			}
		}
	})
}
