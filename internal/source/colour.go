package source

import "bytes"

// spellings are what tools and pastes make of the ESC byte in a colour code:
// caret notation (less, cat -v, most editors), rsyslog's
// $EscapeControlCharactersOnReceive, shells, JSON shown as text, the name, and
// nothing at all (browsers and ticket systems drop it).
var spellings = []string{"^[", "#033", `\x1b`, `\x1B`, `\033`, `\e`, `\u001b`, "␛", "<ESC>", "ESC", ""}

// colourRepeats is how many lines of the sample must begin with such a code.
const colourRepeats = 3

// colour gives the heads of LiteLLM's text records (up to 1.98 coloured, even
// when written to a file) their ESC bytes back:
//
//	^[[92m09:13:09 - LiteLLM:DEBUG^[[0m: utils.py:1 - text
//
// Only the head and the codes of LiteLLM's own around the message are touched;
// what a client wrote in it is never made an ESC. Lines without such a head pass
// as they are.
type colour struct {
	spelling []byte
	out      []byte
}

const (
	escape    = "\x1b"
	headStart = "[92m"
	headEnd   = "[0m: "
)

func newColour(sample [][]byte, _ Config) envelope {
	for _, spelling := range spellings {
		c := &colour{spelling: []byte(spelling)}
		seen := 0
		for _, line := range sample {
			if _, ok := c.cutHead(line); ok {
				seen++
			}
		}
		if seen >= colourRepeats {
			return c
		}
	}
	return nil
}

func (c *colour) name() string {
	if len(c.spelling) == 0 {
		return "colour codes without ESC"
	}
	return "colour codes with " + string(c.spelling) + " for ESC"
}

func (c *colour) strip(line []byte) (piece, bool) {
	end, ok := c.cutHead(line)
	if !ok {
		return piece{text: line}, true
	}
	start := len(c.spelling)
	c.out = append(append(c.out[:0], escape...), line[start:end]...)
	c.out = append(append(c.out, escape...), headEnd...)
	rest := line[end+len(c.spelling)+len(headEnd):]
	place, message, ok := bytes.Cut(rest, []byte(" - "))
	if !ok {
		return piece{text: append(c.out, rest...)}, true
	}
	c.out = append(append(c.out, place...), " - "...)
	c.out = append(c.out, c.outcome(c.first(message))...)
	return piece{text: c.out}, true
}

// cutHead returns where the spelling of the second ESC in a head begins.
func (c *colour) cutHead(line []byte) (int, bool) {
	const clock, most = len("09:13:09 - "), 64
	from := len(c.spelling) + len(headStart)
	if len(line) < from+clock || !bytes.HasPrefix(line, c.spelling) || string(line[len(c.spelling):from]) != headStart {
		return 0, false
	}
	for i, want := range []byte("dd:dd:dd - ") {
		if got := line[from+i]; want == 'd' && !isDigit(got) || want != 'd' && got != want {
			return 0, false
		}
	}
	from += clock
	name := line[from:min(len(line), from+most)]
	end := bytes.Index(name, append(bytes.Clone(c.spelling), headEnd...))
	if end < 0 || !isUpper(name[bytes.LastIndexByte(name[:end], ':')+1:end]) {
		return 0, false
	}
	return from + end, true
}

// first restores a code at the very start of a message.
func (c *colour) first(message []byte) []byte {
	if code := c.code(message); code > 0 {
		return append([]byte(escape), message[len(c.spelling):]...)
	}
	return message
}

// outcome restores the codes in the router's word on an attempt:
//
//	litellm.acompletion(model=openai/gpt-4o)^[[32m 200 OK^[[0m
func (c *colour) outcome(message []byte) []byte {
	model := bytes.Index(message[:min(len(message), 60)], []byte("(model="))
	if model < 0 {
		return message
	}
	end := model + bytes.IndexByte(message[model:], ')') + 1
	rest := message[end:]
	if end == model || c.code(rest) == 0 {
		return message
	}
	return append(append(append([]byte{}, message[:end]...), escape...), rest[len(c.spelling):]...)
}

// code returns the length of the colour code at the start of b, 0 for none.
func (c *colour) code(b []byte) int {
	rest, ok := bytes.CutPrefix(b, c.spelling)
	if !ok || len(rest) < 3 || rest[0] != '[' {
		return 0
	}
	n := 1
	for n < len(rest) && (isDigit(rest[n]) || rest[n] == ';') {
		n++
	}
	if n == 1 || n == len(rest) || rest[n] != 'm' {
		return 0
	}
	return len(c.spelling) + n + 1
}

func isUpper(word []byte) bool {
	for _, b := range word {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return len(word) > 0
}
