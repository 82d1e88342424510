package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"

	"tailer"
)

// elements yields the objects of a JSON document, one a line and without white
// space between its tokens: those of an array, of objects that follow each other,
// and of a page of CloudWatch ({"events": […], "nextForwardToken": …}). Such
// documents come from `gcloud logging read --format=json`, `aws logs
// get-log-events`, `journalctl -o json-pretty`, and of LiteLLM's stores of
// payloads.
//
// Where the text between two objects is no JSON, the rest of the input is a log
// after all: its lines are returned as they are.
type elements struct {
	src   *bufio.Reader
	limit int // bytes kept of an object
	off   int64
	paged bool // within the list of a page
	text  pile
	whole []byte
	rest  *splitter // what follows text that is no JSON; nil before
}

// page is how a page of CloudWatch events begins.
var page = regexp.MustCompile(`^\{\s*"events"\s*:\s*\[`)

// longestPage is how many bytes page may match.
const longestPage = 64

func newElements(src io.Reader, limit int) *elements {
	return &elements{src: bufio.NewReaderSize(src, 64<<10), limit: limit}
}

func (e *elements) next() (*tailer.Line, error) {
	for e.rest == nil {
		c, err := e.src.ReadByte()
		if err != nil {
			return nil, err
		}
		e.off++
		switch c {
		case ' ', '\t', '\r', '\n', ',', '[':
		case ']':
			if e.paged {
				if err := e.skipPage(); err != nil {
					return nil, err
				}
			}
		case '{':
			if err := e.src.UnreadByte(); err != nil {
				return nil, err
			}
			e.off--
			head, _ := e.src.Peek(longestPage) // an error shows again when it is read
			if m := page.Find(head); m != nil && !e.paged {
				e.discard(len(m))
				e.paged = true
				continue
			}
			return e.object()
		default:
			if err := e.src.UnreadByte(); err != nil {
				return nil, err
			}
			e.rest = newSplitter(e.src, e.limit)
			e.rest.off = e.off - 1
		}
	}
	return e.rest.next()
}

func (e *elements) discard(n int) {
	_, _ = e.src.Discard(n) // it was peeked
	e.off += int64(n)
}

// object reads the object that starts here. One that breaks off, at the input's
// end or at a line break within a string, is returned as far as it goes.
func (e *elements) object() (*tailer.Line, error) {
	line := tailer.Line{Pos: tailer.Position{Offset: e.off}}
	var scan nesting
	for {
		window, err := e.window()
		if err != nil && len(window) == 0 {
			line.Open = true
			return e.finish(&line), nil
		}
		n, ended := e.copy(window, &scan, &line.Cut)
		e.discard(n)
		if ended {
			return e.finish(&line), nil
		}
	}
}

func (e *elements) finish(line *tailer.Line) *tailer.Line {
	line.Bytes, line.Pos.End = e.text.take(&e.whole), e.off
	return line
}

// window returns what is buffered, at least one byte unless the input ends.
func (e *elements) window() ([]byte, error) {
	if _, err := e.src.Peek(1); err != nil {
		return nil, err
	}
	return e.src.Peek(e.src.Buffered())
}

// copy appends what belongs to the object and is no white space between tokens.
// It returns how much of window it used, and whether the object ends there.
func (e *elements) copy(window []byte, scan *nesting, cut *int64) (n int, ended bool) {
	from := 0
	for n < len(window) && !ended {
		c := window[n]
		if !scan.quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			*cut += e.text.add(window[from:n], e.limit)
			n++
			from = n
			continue
		}
		if c == '\n' {
			break // no string of JSON holds one
		}
		ended = scan.step(c)
		n++
	}
	*cut += e.text.add(window[from:n], e.limit)
	return n, ended || n < len(window)
}

// skipPage passes what follows the list of a page.
func (e *elements) skipPage() error {
	e.paged = false
	scan := nesting{depth: 1}
	for {
		c, err := e.src.ReadByte()
		if err != nil {
			return err
		}
		e.off++
		if scan.step(c) {
			return nil
		}
	}
}

// A nesting follows brackets and quotes through JSON.
type nesting struct {
	depth           int
	quoted, escaped bool
}

// step takes the next byte and tells whether the outermost value ends with it.
func (s *nesting) step(c byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted:
		switch c {
		case '\\':
			s.escaped = true
		case '"':
			s.quoted = false
		}
	case c == '"':
		s.quoted = true
	case c == '{' || c == '[':
		s.depth++
	case c == '}' || c == ']':
		s.depth--
		return s.depth == 0
	}
	return false
}

// isDocument tells whether head, the beginning of an input, can be of a JSON
// document.
func isDocument(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 {
		return false
	}
	inner := bytes.TrimLeft(head[1:], " \t\r\n")
	switch {
	case len(inner) == 0:
		return false
	case head[0] == '[':
		return inner[0] == '{'
	}
	return head[0] == '{' && inner[0] == '"'
}

// sampleOfDocument returns the first complete objects of head; none, and that it
// is no document, if what follows one of them is no JSON.
func sampleOfDocument(head []byte, limit int) (sample [][]byte, ok bool) {
	e := newElements(bytes.NewReader(head), limit)
	for len(sample) < sampleLines {
		line, err := e.next()
		if err != nil || line.Open {
			break
		}
		if e.rest != nil {
			return nil, false
		}
		sample = append(sample, bytes.Clone(line.Bytes))
	}
	return sample, true
}

// enoughDocument tells when the beginning of a document makes a sample: one whole
// object, or as much as an object may be for people to wait for it.
func enoughDocument(limit int) func(head []byte) bool {
	return func(head []byte) bool {
		sample, ok := sampleOfDocument(head, limit)
		return len(head) >= 2*sampleMaxBytes || len(sample) > 0 || !ok
	}
}

// document returns the input as the objects of a JSON document. Nothing may have
// been taken from s but a byte order mark.
func (s *splitter) document(limit int) *elements {
	head := bytes.Clone(s.buf[s.r:s.w])
	e := newElements(io.MultiReader(bytes.NewReader(head), failing{s.err}, s.src), limit)
	e.off = s.off
	return e
}

// failing is a reader at which an input has ended, if it has.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil && !errors.Is(f.err, io.EOF) {
		return 0, f.err
	}
	return 0, io.EOF
}
