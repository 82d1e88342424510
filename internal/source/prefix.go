package source

import "bytes"

// timestamps is what `docker logs -t`, `kubectl logs --timestamps` and exports
// of CloudWatch put before a line: an RFC 3339 time and a blank. `gcloud logging
// read --format='value(timestamp,textPayload)'` writes a tab.
type timestamps struct{}

func (timestamps) name() string { return "timestamps" }

func (timestamps) strip(line []byte) (piece, bool) {
	stamp, rest, ok := cutStamp(line)
	if !ok || len(bytes.TrimSuffix(rest, carriageReturn)) > 0 && !isBlank(rest[0]) {
		return piece{}, false
	}
	return piece{text: cutBlank(rest), stamp: stamp}, true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// cutBlank returns b without the blank or tab at its start.
func cutBlank(b []byte) []byte {
	if len(b) > 0 && isBlank(b[0]) {
		return b[1:]
	}
	return b
}

// logStream is what `aws logs tail` (AWS CLI 2) puts before a line: a time and
// the name of the log stream, which repeats:
//
//	2026-11-23T09:13:09.058000+00:00 ecs/litellm/0f1e2d3c text
type logStream struct {
	names map[string]bool
}

// streamRepeats is how often the name of a log stream must be in the sample.
const streamRepeats = 3

func newLogStream(sample [][]byte, _ Config) envelope {
	s := logStream{make(map[string]bool)}
	seen := make(map[string]int)
	for _, line := range sample {
		if _, name, _, ok := cutStream(line); ok {
			if seen[name]++; seen[name] >= streamRepeats {
				s.names[name] = true
			}
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	return s
}

func (logStream) name() string { return "aws logs tail" }

func (s logStream) strip(line []byte) (piece, bool) {
	p, name, text, ok := cutStream(line)
	if !ok || !s.names[name] {
		return piece{}, false
	}
	p.text = text
	return p, true
}

// cutStream takes a time and the name of a log stream, which has a slash, from
// the start of a line.
func cutStream(line []byte) (p piece, name string, text []byte, ok bool) {
	const longest = 512
	p.stamp, line, ok = cutStamp(line)
	if !ok || len(line) < 2 || line[0] != ' ' {
		return p, "", nil, false
	}
	line = line[1:]
	word, text, _ := bytes.Cut(line, space)
	if len(word) > longest || bytes.IndexByte(word, '/') <= 0 || bytes.ContainsAny(word, "\"'{}()=,\x1b") {
		return p, "", nil, false
	}
	return p, string(word), text, true
}

// podPrefix is what `kubectl logs --prefix` puts before a line:
//
//	[pod/litellm-7d9c/litellm] text
type podPrefix struct{}

func (podPrefix) name() string { return "kubectl prefix" }

func (podPrefix) strip(line []byte) (piece, bool) {
	rest, ok := bytes.CutPrefix(line, []byte("[pod/"))
	if !ok {
		return piece{}, false
	}
	who, text, ok := bytes.Cut(rest, []byte("]"))
	if !ok || bytes.Count(who, []byte("/")) != 1 || bytes.ContainsAny(who, " []\"'") {
		return piece{}, false
	}
	return piece{text: bytes.TrimPrefix(text, space)}, true
}
