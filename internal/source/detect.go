package source

import (
	"bytes"
	"io"
	"regexp"
	"slices"

	"tailer"
)

const (
	// The sample on which the envelope is detected: so many lines, or so many
	// bytes when the lines are long. Very long lines get more, for some lines
	// are needed to tell.
	sampleLines    = 64
	sampleBytes    = 256 << 10
	sampleFewLines = 8
	sampleMaxBytes = 4 << 20

	// maxLayers is how many envelopes may be around each other, as in
	// `docker compose logs -t` with its colour codes spelled out.
	maxLayers = 4
)

// A kind is one envelope that can be detected.
type kind struct {
	// new returns the envelope as the sample shows it, or nil.
	new func(sample [][]byte, cfg Config) envelope
	// least is how many lines must be of the envelope, and percent how many of
	// those lines that begin in column 0.
	least, percent int
}

// What a container runtime writes is known by its majority. An object shows what
// it is by its members; a prefix can be chance, so it must repeat.
const (
	runtimePercent = 51
	exportPercent  = 80
	objectLeast    = 1
	prefixLeast    = 3
)

// kinds are tried in this order: the more a format says, the earlier it stands.
var kinds = []kind{
	{func([][]byte, Config) envelope { return new(docker) }, objectLeast, runtimePercent},
	{func([][]byte, Config) envelope { return cri{} }, objectLeast, runtimePercent},
	{func([][]byte, Config) envelope { return journalJSON{} }, objectLeast, exportPercent},
	{func([][]byte, Config) envelope { return cloudLogging{} }, objectLeast, exportPercent},
	{func([][]byte, Config) envelope { return lokiJSON{} }, objectLeast, exportPercent},
	{func([][]byte, Config) envelope { return cloudWatch{} }, objectLeast, exportPercent},
	{func([][]byte, Config) envelope { return payloadObject{} }, objectLeast, exportPercent},
	{newJournalExport, prefixLeast, exportPercent},
	{func([][]byte, Config) envelope { return syslog5424{} }, prefixLeast, exportPercent},
	{syslogKind("rfc 3164", true, false), prefixLeast, exportPercent},
	{syslogKind("journald short-iso", false, true), prefixLeast, exportPercent},
	{syslogKind("journald short", false, false), prefixLeast, exportPercent},
	{func([][]byte, Config) envelope { return podPrefix{} }, prefixLeast, exportPercent},
	{newCompose, prefixLeast, exportPercent},
	{newLoki, prefixLeast, exportPercent},
	{newLogStream, prefixLeast, exportPercent},
	{func([][]byte, Config) envelope { return timestamps{} }, prefixLeast, exportPercent},
	{newColour, prefixLeast, exportPercent},
}

// enough tells whether head, the beginning of an input, makes a sample.
func enough(head []byte) bool {
	n := len(head)
	if n < fingerprintSize {
		return false
	}
	count := bytes.Count(head, newline)
	return count >= sampleLines || n >= sampleBytes && count >= sampleFewLines || n >= sampleMaxBytes
}

// sampleOf returns the first lines of head. ended says that head is the whole
// input, so that its last line counts too.
func sampleOf(head []byte, ended bool) [][]byte {
	var sample [][]byte
	for len(sample) < sampleLines && len(head) > 0 {
		line, rest, found := bytes.Cut(head, newline)
		if !found && !ended {
			break
		}
		sample = append(sample, line)
		head = rest
	}
	return sample
}

// detect returns the envelopes around the lines of the sample, outermost first.
// Each has been made anew, for more than one may have a state.
func detect(sample [][]byte, cfg Config) []envelope {
	var found []envelope
	for len(found) < maxLayers && !slices.ContainsFunc(sample, isBare) {
		k, name := match(sample, cfg)
		if k == nil || named(found, name) {
			break
		}
		found = append(found, k.new(sample, cfg))
		sample = stripped(sample, k.new(sample, cfg), cfg)
	}
	return found
}

// bare is how LiteLLM's own records in text begin.
var bare = regexp.MustCompile(`^(?:\x1b\[92m)?[0-2]\d:[0-5]\d:[0-6]\d - [A-Za-z][A-Za-z0-9_. ]*:[A-Z]+(?:\x1b\[0m)?: `)

// isBare tells whether nothing is around a line. Then nothing is around the others, though
// a client whose text LiteLLM prints raw may have written most of them.
func isBare(line []byte) bool { return bare.Match(line) }

// match returns the first kind whose envelope is around the sample's lines.
func match(sample [][]byte, cfg Config) (*kind, string) {
	for i := range kinds {
		k := &kinds[i]
		env := k.new(sample, cfg)
		if env == nil {
			continue
		}
		all, hits := 0, 0
		for _, line := range sample {
			_, ok := env.strip(line)
			if ok {
				hits++
			}
			if ok || !isContinuation(line) {
				all++
			}
		}
		if hits >= k.least && hits*100 >= all*k.percent {
			return k, env.name()
		}
	}
	return nil, ""
}

// isContinuation tells whether line is, by its look, the middle of a message of
// several lines, of which some tools mark only the first.
func isContinuation(line []byte) bool {
	return len(line) == 0 || line[0] == ' ' || line[0] == '\t' || line[0] == '\r'
}

func named(found []envelope, name string) bool {
	for _, env := range found {
		if env.name() == name {
			return true
		}
	}
	return false
}

// stripped returns the sample without the envelope env.
func stripped(sample [][]byte, env envelope, cfg Config) [][]byte {
	l := newLayer(&sliceLines{rest: sample}, env, cfg.MaxLine)
	var out [][]byte
	for {
		line, err := l.next()
		if err != nil {
			return out
		}
		out = append(out, bytes.Clone(line.Bytes))
	}
}

// sliceLines yields lines from memory.
type sliceLines struct {
	rest [][]byte
	line tailer.Line
}

func (s *sliceLines) next() (*tailer.Line, error) {
	if len(s.rest) == 0 {
		return nil, io.EOF
	}
	s.line = tailer.Line{Bytes: s.rest[0]}
	s.rest = s.rest[1:]
	return &s.line, nil
}
