package parse

import "bytes"

// head is the start of a text record:
//
//	HH:MM:SS - LiteLLM Proxy:DEBUG: file.py:123 - message
//
// Up to LiteLLM 1.98 the part before the file is coloured even in files.
type head struct {
	hour, minute, second int
	logger, level        []byte
	coloured             bool
	message              []byte
}

const (
	colourStart = "\x1b[92m"
	colourEnd   = "\x1b[0m"
)

// textHead reads the head of a text record at the start of b.
func textHead(b []byte) (h head, ok bool) {
	if hasPrefix(b, colourStart) {
		h.coloured, b = true, b[len(colourStart):]
	}
	if len(b) < 30 || b[2] != ':' || b[5] != ':' || !hasPrefix(b[8:], " - ") {
		return h, false
	}
	h.hour, h.minute, h.second = two(b[0:]), two(b[3:]), two(b[6:])
	if h.hour > 23 || h.minute > 59 || h.second > 60 {
		return h, false
	}
	b = b[11:]
	colon := bytes.IndexByte(b[:min(len(b), 41)], ':')
	if colon <= 0 {
		return h, false
	}
	h.logger, b = b[:colon], b[colon+1:]
	end := 0
	for end < len(b) && b[end] >= 'A' && b[end] <= 'Z' {
		end++
	}
	if h.level, b = b[:end], b[end:]; !isLevel(h.level) {
		return h, false
	}
	if h.coloured {
		if !hasPrefix(b, colourEnd) {
			return h, false
		}
		b = b[len(colourEnd):]
	}
	if !hasPrefix(b, ": ") {
		return h, false
	}
	b = b[2:]
	dash := bytes.Index(b[:min(len(b), 120)], []byte(" - "))
	if dash < 0 || !isPlace(b[:dash]) {
		return h, false
	}
	h.message = b[dash+3:]
	return h, true
}

// two reads two decimal digits; 100 when they are none.
func two(b []byte) int {
	if len(b) < 2 || b[0] < '0' || b[0] > '9' || b[1] < '0' || b[1] > '9' {
		return 100
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

func isLevel(b []byte) bool {
	switch string(b) {
	case "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL":
		return true
	}
	return false
}

// isPlace reports whether b is `file.py:123` or `<string>:1`.
func isPlace(b []byte) bool {
	colon := bytes.LastIndexByte(b, ':')
	if colon < 3 || colon == len(b)-1 {
		return false
	}
	for _, c := range b[colon+1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	name := b[:colon]
	if bytes.ContainsAny(name, " \t:") {
		return false
	}
	return bytes.HasSuffix(name, []byte(".py")) || (name[0] == '<' && name[len(name)-1] == '>')
}
