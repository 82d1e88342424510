package source

import "bytes"

// syslog5424 is RFC 5424:
//
//	<14>1 2026-11-23T09:13:09.058Z host app 123 - - text
//
// The fields after the time are host, application, process, message id and
// structured data, "-" where there is none.
type syslog5424 struct{}

func (syslog5424) name() string { return "rfc 5424" }

func (syslog5424) strip(line []byte) (p piece, ok bool) {
	line, ok = cutPriority(line)
	if !ok {
		return piece{}, false
	}
	line, ok = bytes.CutPrefix(line, []byte("1 "))
	if !ok {
		return piece{}, false
	}
	if rest, none := bytes.CutPrefix(line, []byte("- ")); none {
		line = rest
	} else {
		p.stamp, line, ok = cutStamp(line)
		if !ok || len(line) == 0 || line[0] != ' ' {
			return piece{}, false
		}
		line = line[1:]
	}
	for range 4 { // host, application, process, message id
		var word []byte
		word, line, ok = bytes.Cut(line, space)
		if !ok || len(word) == 0 {
			return piece{}, false
		}
	}
	rest, ok := cutStructured(line)
	if !ok {
		return piece{}, false
	}
	p.text = bytes.TrimPrefix(bytes.TrimPrefix(rest, space), byteOrderMark)
	return p, true
}

// cutStructured takes structured data: "-", or elements [id name="value" …] in
// which \ escapes a quote or a bracket.
func cutStructured(b []byte) (rest []byte, ok bool) {
	if rest, ok := bytes.CutPrefix(b, []byte("-")); ok {
		return rest, len(rest) == 0 || rest[0] == ' ' || rest[0] == '\r'
	}
	for len(b) > 0 && b[0] == '[' {
		end := elementEnd(b)
		if end < 0 {
			return nil, false
		}
		b, ok = b[end:], true
	}
	return b, ok && (len(b) == 0 || b[0] == ' ' || b[0] == '\r')
}

// elementEnd returns where the element at the start of b ends, -1 if nowhere.
func elementEnd(b []byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return i + 1
		}
	}
	return -1
}
