package source

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tailer"
)

// apart returns the lines of which some were handed out together.
func apart(got []tailer.Line) []tailer.Line {
	var out []tailer.Line
	for _, l := range got {
		pieces := bytes.Split(l.Bytes, []byte("\n"))
		at := l.Pos.Offset
		for i, text := range pieces {
			one := l
			one.Bytes, one.More, one.Pos.Offset, one.Pos.End = text, 0, at, at+int64(len(text))+1
			if i == len(pieces)-1 {
				one.Pos.End = l.Pos.End
			} else {
				one.Bytes = bytes.TrimSuffix(text, []byte("\r"))
			}
			at = one.Pos.End
			out = append(out, one)
		}
	}
	return out
}

// TestTogether: the lines are the same, at the same places, as one by one; only indented
// ones of bare logs are handed out together.
func TestTogether(t *testing.T) {
	doc := "{\n    \"id\": \"a\",\n    \"x\": [\n        1\n    ]\n}\n"
	long := "    " + strings.Repeat("x", 300) + "\n"
	for _, test := range []struct {
		name, in string
		max      int
		together int // lines that come with one before them
	}{
		{"a document", doc, 0, 3},
		{"documents", doc + doc, 0, 6},
		{"with carriage returns", strings.ReplaceAll(doc, "\n", "\r\n"), 0, 3},
		{"no end", "{\n    a\n    b", 0, 0},
		{"two and half a line", "{\n    a\n    b\n    c", 0, 1},
		{"less indented", "   a\n   b\n", 0, 0},
		{"no document", "a\n    b\n    c\nd\n", 0, 1},
		{"long lines", doc + long + long + long, 100, 3},
		{"more than a line may have", strings.Repeat("    12345\n", 100), 100, 90},
		{"more than are handed out together", strings.Repeat(strings.Repeat(" ", 1000)+"\n", 100), 0, -1},
		{"in an envelope", strings.Repeat("litellm-1  | {\nlitellm-1  |     a\nlitellm-1  |     b\nlitellm-1  | }\n", 10), 0, 0},
		{"across what is read at once", strings.Repeat(doc, 3*chunkSize/len(doc)), 0, -1},
	} {
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"": func(r io.Reader) io.Reader { return r }, "by the byte": iotest.OneByteReader, "by halves": iotest.HalfReader,
		} {
			if len(test.in) > chunkSize && name == "by the byte" {
				continue
			}
			t.Run(test.name+" "+name, func(t *testing.T) {
				_, want, err := readAll(t, reader(strings.NewReader(test.in)), Config{MaxLine: test.max})
				if err != nil {
					t.Fatal(err)
				}
				r, got, err := readAll(t, reader(strings.NewReader(test.in)), Config{MaxLine: test.max, Together: true})
				if err != nil {
					t.Fatal(err)
				}
				together := 0
				for _, l := range got {
					together += l.More
					if l.More > 0 && (len(l.Bytes) > maxTogether || !bytes.HasPrefix(l.Bytes, []byte(tailer.Indentation)) || bytes.Count(l.Bytes, []byte("\n")) != l.More) {
						t.Errorf("%d more lines in %q", l.More, l.Bytes)
					}
				}
				if name == "" && test.together >= 0 && together != test.together {
					t.Errorf("%d lines came with others, want %d", together, test.together)
				}
				if !slices.EqualFunc(apart(got), want, func(a, b tailer.Line) bool {
					return bytes.Equal(a.Bytes, b.Bytes) && a.Pos == b.Pos && a.Cut == b.Cut && a.Open == b.Open && a.Stamp.Equal(b.Stamp)
				}) {
					t.Errorf("together\n%q\none by one\n%q", texts(apart(got)), texts(want))
				}
				if n := r.Counts().Lines; n != int64(len(want)) {
					t.Errorf("%d lines counted, want %d", n, len(want))
				}
			})
		}
	}
}
