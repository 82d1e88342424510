package source

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"tailer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll returns every line of an input, with bytes of its own, and what ended it.
func readAll(t testing.TB, src io.Reader, cfg Config) (*Reader, []tailer.Line, error) {
	t.Helper()
	r, err := Open(Input{Path: "-"}, src, cfg)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { _ = r.Close() })
	var got []tailer.Line
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, got, nil
		}
		if err != nil {
			return r, got, err
		}
		line.Bytes = bytes.Clone(line.Bytes)
		got = append(got, *line)
	}
}

// texts returns the lines' bytes.
func texts(got []tailer.Line) []string {
	var out []string
	for _, line := range got {
		out = append(out, string(line.Bytes))
	}
	return out
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*chunkSize+17)
	tests := []struct {
		name string
		in   string
		max  int
		want []string
		cut  int64 // of all lines
		open bool  // the last line
	}{
		{name: "empty", in: ""},
		{name: "one line", in: "a\n", want: []string{"a"}},
		{name: "empty lines stay", in: "\n\na\n\n", want: []string{"", "", "a", ""}},
		{name: "no newline at the end", in: "a\nb", want: []string{"a", "b"}, open: true},
		{name: "carriage returns", in: "a\r\n\r\nb\r\r\nc\rd\n", want: []string{"a", "", "b\r", "c\rd"}},
		{name: "carriage return without newline", in: "a\r", want: []string{"a\r"}, open: true},
		{name: "byte order mark", in: "\xef\xbb\xbfa\nb\n", want: []string{"a", "b"}},
		{name: "byte order mark later is text", in: "a\n\xef\xbb\xbfb\n", want: []string{"a", "\xef\xbb\xbfb"}},
		{name: "byte order mark alone", in: "\xef\xbb\xbf"},
		{name: "NUL and invalid UTF-8", in: "a\x00b\xff\n\x00\n", want: []string{"a\x00b\xff", "\x00"}},
		{name: "longer than a chunk", in: "a\n" + long + "\nb\n", want: []string{"a", long, "b"}},
		{name: "longer than a chunk, open", in: long, want: []string{long}, open: true},
		{name: "as long as allowed", in: "abcde\nfghij\r\nk\n", max: 5, want: []string{"abcde", "fghij", "k"}},
		{name: "one too long", in: "abcdef\ng\n", max: 5, want: []string{"abcde", "g"}, cut: 1},
		{name: "cut and carriage return", in: "abcdefg\r\nh\n", max: 5, want: []string{"abcde", "h"}, cut: 3},
		{name: "cut, open", in: "a\nabcdefg", max: 5, want: []string{"a", "abcde"}, cut: 2, open: true},
		{name: "cut far beyond a chunk", in: long + "\nb\n", max: 5, want: []string{"xxxxx", "b"}, cut: int64(len(long) - 5)},
		{name: "limit of a chunk's size", in: long[:chunkSize+1] + "\nb\n", max: chunkSize, want: []string{long[:chunkSize], "b"}, cut: 1},
	}
	readers := []struct {
		name string
		wrap func(io.Reader) io.Reader
	}{
		{"whole", func(r io.Reader) io.Reader { return r }},
		{"halves", iotest.HalfReader},
		{"data with EOF", iotest.DataErrReader},
	}
	for _, tt := range tests {
		for _, rd := range readers {
			t.Run(tt.name+"/"+rd.name, func(t *testing.T) {
				r, got, err := readAll(t, rd.wrap(strings.NewReader(tt.in)), Config{MaxLine: tt.max})
				if err != nil {
					t.Fatal(err)
				}
				if g, w := strings.Join(texts(got), "\n"), strings.Join(tt.want, "\n"); g != w || len(got) != len(tt.want) {
					t.Fatalf("got %d lines %.80q, want %d lines %.80q", len(got), g, len(tt.want), w)
				}
				var cut int64
				for i, line := range got {
					cut += line.Cut
					if want := tt.open && i == len(got)-1; line.Open != want {
						t.Errorf("line %d: open is %v", i, line.Open)
					}
				}
				if cut != tt.cut || r.Counts().CutBytes != cut {
					t.Errorf("cut %d bytes, counted %d, want %d", cut, r.Counts().CutBytes, tt.cut)
				}
				if r.Read() != int64(len(tt.in)) {
					t.Errorf("read %d of %d bytes", r.Read(), len(tt.in))
				}
			})
		}
	}
}

func TestPositions(t *testing.T) {
	in := "\xef\xbb\xbfab\r\n\n" + strings.Repeat("x", chunkSize) + "\nlast"
	_, got, err := readAll(t, strings.NewReader(in), Config{MaxLine: 10})
	if err != nil {
		t.Fatal(err)
	}
	offset := int64(3)
	for i, line := range got {
		if line.Pos.Offset != offset {
			t.Errorf("line %d begins at %d, want %d", i, line.Pos.Offset, offset)
		}
		head := in[line.Pos.Offset:line.Pos.End]
		if !strings.HasPrefix(head, string(line.Bytes)) {
			t.Errorf("line %d is %q, at its position is %.20q", i, line.Bytes, head)
		}
		if strings.HasSuffix(head, "\n") == line.Open {
			t.Errorf("line %d: open is %v, but it ends in %q", i, line.Open, head[len(head)-1])
		}
		offset = line.Pos.End
	}
	if offset != int64(len(in)) {
		t.Errorf("the last line ends at %d of %d", offset, len(in))
	}
}

func TestIdentityIsContent(t *testing.T) {
	first := strings.Repeat("the same beginning\n", 100)
	identity := func(in io.Reader) string {
		_, got, err := readAll(t, in, Config{})
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Pos.Source
	}
	plain := identity(strings.NewReader(first + "a\n"))
	if len(plain) != 16 {
		t.Errorf("identity %q, want 16 hexadecimal digits", plain)
	}
	if got := identity(strings.NewReader(first + "more\n")); got != plain {
		t.Errorf("a file that grew is %s, was %s", got, plain)
	}
	if got := identity(bytes.NewReader(gzipped(t, first+"a\n"))); got != plain {
		t.Errorf("the compressed file is %s, was %s", got, plain)
	}
	if got := identity(strings.NewReader("another " + first)); got == plain {
		t.Error("different files have one identity")
	}
}

func TestCounts(t *testing.T) {
	in := "fine\n\x00\n\xff\n\x00\xff\ntoo long a line\nopen"
	r, _, err := readAll(t, strings.NewReader(in), Config{MaxLine: 8})
	if err != nil {
		t.Fatal(err)
	}
	want := Counts{Lines: 6, Bytes: 4 + 1 + 1 + 2 + 8 + 4, Cut: 1, CutBytes: 7, Open: 1, NUL: 2, Invalid: 2}
	if got := r.Counts(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBinary(t *testing.T) {
	noise := make([]byte, 1<<20)
	x := uint32(1)
	for i := range noise { // a linear congruential generator: the same noise in each run
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	tests := []struct {
		name string
		in   string
		want bool
	}{
		{"nothing", "", false},
		{"log", "10:00:00 - LiteLLM:DEBUG: utils.py:1 - ä\n", false},
		{"log with an invalid line", "a\nb\nc\xff\n", false},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06", true},
		{"noise", string(noise), true},
		{"UTF-16", "\xff\xfea\x00\n\x00b\x00\n\x00", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, got, err := readAll(t, strings.NewReader(tt.in), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Counts().Binary() != tt.want {
				t.Errorf("binary is %v for %+v", !tt.want, r.Counts())
			}
			if (len(got) == 0) != (tt.in == "") {
				t.Errorf("%d lines", len(got))
			}
		})
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("the disk is gone")
	src := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken))
	_, got, err := readAll(t, src, Config{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "read -") {
		t.Errorf("error %v", err)
	}
	if g := strings.Join(texts(got), "|"); g != "a|b" {
		t.Errorf("lines before the error: %s", g)
	}
}

func TestReaderThatGivesNothing(t *testing.T) {
	_, _, err := readAll(t, io.MultiReader(strings.NewReader("a long enough head\n"), emptyReader{}), Config{})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v, want io.ErrNoProgress", err)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func TestErrorRepeats(t *testing.T) {
	for _, in := range []string{"a", criLog(pieces("a", "b"))} {
		r, _, err := readAll(t, strings.NewReader(in), Config{})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end of %q: %v", in, err)
			}
		}
	}
}

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(Input{Path: path}, nil, Config{})
	if err != nil {
		t.Fatal(err)
	}
	line, err := r.Next()
	if err != nil || string(line.Bytes) != "a" {
		t.Errorf("got %q, %v", line.Bytes, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
	if _, err := Open(Input{Path: path + "x"}, nil, Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open what is not there: %v", err)
	}
	if _, err := Open(Input{Path: "-"}, nil, Config{}); !errors.Is(err, errNoStdin) {
		t.Errorf("open standard input without one: %v", err)
	}
	if _, err := Open(Input{Path: path}, nil, Config{MaxLine: -1}); err == nil {
		t.Error("a negative MaxLine is accepted")
	}
}

func TestMemoryOfLongLines(t *testing.T) {
	const size = 16 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	long := func() io.Reader {
		return io.MultiReader(io.LimitReader(letters{}, 3*size), strings.NewReader("\n"))
	}
	r, err := Open(Input{Path: "-"}, io.MultiReader(long(), long(), long()), Config{MaxLine: size})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		line, err := r.Next()
		if err != nil || len(line.Bytes) != size || line.Cut != 2*size {
			t.Fatalf("%d bytes, %d cut, %v", len(line.Bytes), line.Cut, err)
		}
	}
	runtime.ReadMemStats(&after)
	// All that was ever allocated, for three lines: one in chunks, one in one
	// piece, and the buffers of every input, of which the sample takes the most.
	const fixed = 2*sampleMaxBytes + 2<<20
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*size+fixed {
		t.Errorf("%d KiB allocated for lines of %d KiB", got>>10, size>>10)
	}
}

// letters is an endless line.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("a\r\nb\x00\xff\n"), 3)
	f.Add([]byte(criLog(pieces("ab", "c"))+dockerLog(pieces("ab", "c"))), 2)
	f.Add([]byte(dockerLog(pieces("ab", "c\r"))), 100)
	for _, c := range compressors {
		f.Add(c.compress(f, "abc\ndef"), 100)
	}
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		if limit < 1 || limit > 1<<20 {
			limit = 1 << 20
		}
		r, got, err := readAll(t, bytes.NewReader(in), Config{MaxLine: limit})
		if r == nil {
			return // the compressed header is broken
		}
		plain := err == nil && r.plain.format == ""
		var sum int64
		for i, line := range got {
			if len(line.Bytes) > limit {
				t.Errorf("line %d has %d bytes", i, len(line.Bytes))
			}
			if bytes.IndexByte(line.Bytes, '\n') >= 0 {
				t.Errorf("line %d holds a newline: %q", i, line.Bytes)
			}
			if line.Pos.Offset > line.Pos.End || line.Cut < 0 || plain && line.Pos.End > int64(len(in)) {
				t.Errorf("line %d: %+v", i, line)
			}
			sum += int64(len(line.Bytes)) + line.Cut
		}
		// No envelope makes text longer than it is in the input, except that a
		// byte that is not UTF-8 may become U+FFFD.
		if plain && sum > 3*int64(len(in)) {
			t.Errorf("%d bytes came out of %d", sum, len(in))
		}
		if c := r.Counts(); c.Lines != int64(len(got)) {
			t.Errorf("%d lines, %d counted", len(got), c.Lines)
		}
	})
}
