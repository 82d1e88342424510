package source

import "bytes"

// compose is what `docker compose logs` puts before a line: the container's
// name, blanks up to the width of the longest name (tabs, after some pastes), a bar
// and a blank.
//
//	litellm-1  | text
//
// A name counts if it repeats in the sample, or if its bar is in the column of
// those that do: a service may be silent at first. A Python ExceptionGroup draws
// bars too, but has no name in column 0.
type compose struct {
	names   map[string]bool
	columns map[int]bool // of the bar
}

// composeRepeats is how often a name must be in the sample.
const composeRepeats = 3

func newCompose(sample [][]byte, _ Config) envelope {
	c := compose{make(map[string]bool), make(map[int]bool)}
	seen := make(map[string]int)
	for _, line := range sample {
		name, column, _, ok := cutContainer(line)
		if !ok {
			continue
		}
		if seen[name]++; seen[name] >= composeRepeats {
			c.names[name], c.columns[column] = true, true
		}
	}
	if len(c.names) == 0 {
		return nil
	}
	return c
}

func (compose) name() string { return "docker compose" }

func (c compose) strip(line []byte) (piece, bool) {
	name, column, text, ok := cutContainer(line)
	if !ok || !c.names[name] && !c.columns[column] {
		return piece{}, false
	}
	return piece{text: text}, true
}

// cutContainer takes a container's name and the bar from the start of a line.
func cutContainer(line []byte) (name string, column int, text []byte, ok bool) {
	const longestName, mostBlanks = 128, 40
	n := 0
	for n < len(line) && n < longestName && isNameByte(line[n]) {
		n++
	}
	column = n
	for column < len(line) && isBlank(line[column]) {
		column++
	}
	if n == 0 || column == n || column > n+mostBlanks || column == len(line) || line[column] != '|' {
		return "", 0, nil, false
	}
	rest := line[column+1:]
	if len(bytes.TrimSuffix(rest, carriageReturn)) > 0 && !isBlank(rest[0]) {
		return "", 0, nil, false
	}
	return string(line[:n]), column, cutBlank(rest), true
}

// isNameByte tells whether a container's name may hold c.
func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '-' || c == '.'
}
