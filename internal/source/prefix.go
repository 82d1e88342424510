package source

import "bytes"

// timestamps is what `docker logs -t`, `kubectl logs --timestamps` and exports
// of CloudWatch put before a line: an RFC 3339 time and a blank.
type timestamps struct{}

func (timestamps) name() string { return "timestamps" }

func (timestamps) strip(line []byte) (piece, bool) {
	stamp, rest, ok := cutStamp(line)
	if !ok || len(bytes.TrimSuffix(rest, carriageReturn)) > 0 && rest[0] != ' ' {
		return piece{}, false
	}
	return piece{text: bytes.TrimPrefix(rest, space), stamp: stamp}, true
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
