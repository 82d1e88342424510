package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	return written(t, &b, gzip.NewWriter(&b), nil, text)
}

func zstdText(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	return written(t, &b, w, err, text)
}

func xzText(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	return written(t, &b, w, err, text)
}

// written returns what w made of text in b.
func written(t testing.TB, b *bytes.Buffer, w io.WriteCloser, err error, text string) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var compressors = []struct {
	name     string
	compress func(testing.TB, string) []byte
}{
	{"gzip", gzipped},
	{"zstd", zstdText},
	{"xz", xzText},
}

func TestCompressed(t *testing.T) {
	const half = "first line\nsecond "
	for _, c := range compressors {
		tests := []struct {
			name string
			in   []byte
			want string
		}{
			{"one member", c.compress(t, "a\nb\n"), "a|b"},
			{"two members, a line across them", append(c.compress(t, half), c.compress(t, "half\n")...), "first line|second half"},
			{"empty", c.compress(t, ""), ""},
			{"docker inside", c.compress(t, dockerLog(pieces("ab", "cd"))), "abcd"},
		}
		for _, tt := range tests {
			t.Run(c.name+"/"+tt.name, func(t *testing.T) {
				r, got, err := readAll(t, bytes.NewReader(tt.in), Config{})
				if err != nil {
					t.Fatal(err)
				}
				if g := strings.Join(texts(got), "|"); g != tt.want {
					t.Errorf("got %q, want %q", g, tt.want)
				}
				if r.Read() != int64(len(tt.in)) {
					t.Errorf("read %d of %d compressed bytes", r.Read(), len(tt.in))
				}
			})
		}
	}
}

func TestDamaged(t *testing.T) {
	// A log that doesn't compress well, so that half of it is several xz chunks.
	var log strings.Builder
	noise := rand.New(rand.NewPCG(1, 2))
	for log.Len() < 600<<10 {
		fmt.Fprintf(&log, "%x\n", noise.Uint64())
	}
	for _, c := range compressors {
		whole := c.compress(t, log.String())
		flipped := bytes.Clone(whole)
		flipped[len(flipped)*3/4] ^= 0xff
		tests := []struct {
			name  string
			in    []byte
			early bool // it ends early, rather than being broken
			lines bool // lines before the damage are to be had
		}{
			{"cut in half", whole[:len(whole)/2], true, true},
			{"last byte missing", whole[:len(whole)-1], true, true},
			{"only the magic", whole[:6], true, false},
			{"flipped byte", flipped, false, false},
		}
		for _, tt := range tests {
			t.Run(c.name+"/"+tt.name, func(t *testing.T) {
				_, got, err := readAll(t, bytes.NewReader(tt.in), Config{})
				var damaged *DamagedError
				if !errors.As(err, &damaged) {
					t.Fatalf("error %v, want a *DamagedError", err)
				}
				if damaged.Path != "-" || damaged.Format != c.name {
					t.Errorf("error %+v", damaged)
				}
				if tt.early && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v, want one that says it ends early", err)
				}
				if tt.lines && len(got) == 0 {
					t.Error("no line before the damage")
				}
				if text := strings.Join(texts(got), "\n"); !tt.early && len(text) > 0 && damaged.Offset == 0 {
					t.Errorf("damaged at the beginning, yet %d bytes", len(text))
				} else if tt.early && !strings.HasPrefix(log.String(), strings.TrimSuffix(text, "\n")) {
					t.Error("other lines than were written")
				}
			})
		}
	}
}

func TestGarbageAfterGzip(t *testing.T) {
	_, got, err := readAll(t, bytes.NewReader(append(gzipped(t, "a\n"), "garbage"...)), Config{})
	var damaged *DamagedError
	if !errors.As(err, &damaged) || len(got) != 1 {
		t.Errorf("%d lines, error %v", len(got), err)
	}
}

func TestWindowTooLarge(t *testing.T) {
	var frame bytes.Buffer
	w, err := zstd.NewWriter(&frame, zstd.WithWindowSize(128<<20), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
	bigZstd := written(t, &frame, w, err, strings.Repeat("line\n", 1<<20))
	bigXZ := xzText(t, "line\n")
	bigXZ[12+4] = 38 // 1.5 GiB; the CRC32 is wrong now, but is looked at later
	tests := []struct {
		name string
		in   []byte
	}{
		{"zstd", bigZstd},
		{"xz", bigXZ},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, got, err := readAll(t, bytes.NewReader(tt.in), Config{})
			var damaged *DamagedError
			if !errors.As(err, &damaged) || len(got) > 0 {
				t.Fatalf("%d lines, error %v", len(got), err)
			}
			if !errors.Is(err, errWindow) && !errors.Is(err, zstd.ErrWindowSizeExceeded) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestXZDictionary(t *testing.T) {
	head := make([]byte, 12)
	tests := []struct {
		name  string
		block []byte
		want  int64
	}{
		{"8 MiB", []byte{2, 0, 0x21, 1, 22}, 8 << 20},
		{"64 MiB", []byte{2, 0, 0x21, 1, 28}, 64 << 20},
		{"96 MiB", []byte{2, 0, 0x21, 1, 29}, 96 << 20},
		{"the largest", []byte{2, 0, 0x21, 1, 40}, 1<<32 - 1},
		{"after both sizes", []byte{2, 0xc0, 0x80, 0x01, 0x05, 0x21, 1, 22}, 8 << 20},
		{"after another filter", []byte{2, 0x01, 0x03, 1, 9, 0x21, 1, 22}, 8 << 20},
		{"cut", []byte{2, 0x80}, 0},
		{"filter that claims too much", []byte{2, 0x01, 0x03, 200, 9}, 0},
		{"nothing", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := xzDictionary(append(head[:12:12], tt.block...)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
