package source

import (
	"bytes"

	"tailer"
)

// cri is the log format of Kubernetes' container runtimes (containerd, CRI-O):
//
//	2026-11-23T09:13:09.058163123Z stderr F text
//
// P instead of F marks a piece of a line that goes on in the next piece of the
// same stream; more tags may follow after a colon. The text's bytes are the
// container's own, so a character can be split between two pieces.
type cri struct{}

func (cri) name() string { return "cri" }

func (cri) strip(line []byte) (piece, bool) {
	stamp, rest, ok := cutStamp(line)
	if !ok || len(rest) == 0 || rest[0] != ' ' {
		return piece{}, false
	}
	stream, rest, ok := bytes.Cut(rest[1:], space)
	if !ok {
		return piece{}, false
	}
	p := piece{stamp: stamp, stream: streamOf(stream)}
	if p.stream == tailer.StreamUnknown {
		return piece{}, false
	}
	// A line without text may have lost the blank before it.
	tags, text, _ := bytes.Cut(rest, space)
	tags = bytes.TrimSuffix(tags, carriageReturn)
	tag, _, _ := bytes.Cut(tags, []byte(":"))
	if len(tag) != 1 || tag[0] != 'P' && tag[0] != 'F' {
		return piece{}, false
	}
	p.partial = tag[0] == 'P'
	p.text = text
	return p, true
}

// streamOf returns the stream of that name.
func streamOf(name []byte) tailer.Stream {
	switch string(name) {
	case "stdout":
		return tailer.StreamStdout
	case "stderr":
		return tailer.StreamStderr
	}
	return tailer.StreamUnknown
}
