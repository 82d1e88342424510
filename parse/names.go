package parse

import (
	"bytes"
	"encoding/json"
	"slices"
)

// names are the lines of model names that clients chose with line breaks in them.
// LiteLLM prints a model's name in dozens of records as it is: where a deployment has
// a wildcard any name goes through. No honest client sends such a name, and before
// any other record states it, the body as received or the attempt does, escaped. From
// then on a record whose first line ends as a line of such a name does may hold it.
type names struct {
	ends  [][]byte // of their lines, in lower case, after the last slash
	blind bool     // a name is not known whole: no record is told from its text any more
}

// maxNames bounds the lines that are remembered.
const maxNames = 2000

// bodyNames and callNames begin the members that name models.
var (
	bodyNames = [][]byte{[]byte(`"model": `), []byte(`"fallbacks": `)}
	callNames = [][]byte{[]byte("(model="), []byte(", model=")}
)

// ofBody learns from a line of a body as received, or of a provider's answer.
func (n *names) ofBody(line []byte) {
	for _, name := range bodyNames {
		for rest := line; ; {
			_, after, ok := bytes.Cut(rest, name)
			if !ok {
				break
			}
			rest = after
			if value := nameIn(after); bytes.Contains(value, []byte(`\n`)) {
				n.learn(value)
			}
		}
	}
}

// nameIn returns the start of a body's line up to the end of the string, or of the list
// on this line, that it begins with.
func nameIn(b []byte) []byte {
	inside, depth := false, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if !inside && depth <= 0 {
			return b[:i+1]
		}
	}
	return b
}

// learn takes the JSON of a name, or of a list of them.
func (n *names) learn(value []byte) {
	var v any
	if json.Unmarshal(value, &v) != nil || bytes.Contains(value, []byte("REDACTED")) {
		n.blind = true
		return
	}
	n.walk(v)
}

func (n *names) walk(v any) {
	switch x := v.(type) {
	case string:
		n.add([]byte(x))
	case []any:
		for _, each := range x {
			n.walk(each)
		}
	case map[string]any:
		for key, each := range x {
			n.add([]byte(key))
			n.walk(each)
		}
	}
}

// ofCall learns from the record of an attempt. From 1.109 on a long name is not stated.
func (n *names) ofCall(msg []byte) {
	if !hasPrefix(msg, "litellm.") {
		return
	}
	for _, name := range callNames {
		_, value, ok := bytes.Cut(msg, name)
		if !ok || len(value) == 0 {
			continue
		}
		quote := value[0]
		if hasPrefix(value, "<str len=") {
			n.blind = true
		}
		if quote != '\'' && quote != '"' {
			continue
		}
		var text []byte
		for i := 1; i < len(value) && value[i] != quote; i++ {
			if value[i] == '\\' && i+1 < len(value) {
				if i++; value[i] == 'n' {
					text = append(text, '\n')
					continue
				}
			}
			text = append(text, value[i])
		}
		n.add(text)
	}
}

// add remembers of a name of several lines those that a record of it may break off with:
// the first, or that of a slash, for LiteLLM also states what comes after the first one or
// the last.
func (n *names) add(name []byte) {
	if !bytes.Contains(name, []byte("\n")) {
		return
	}
	for _, from := range []int{0, bytes.IndexByte(name, '/') + 1, bytes.LastIndexByte(name, '/') + 1} {
		line, _, more := bytes.Cut(name[from:], []byte("\n"))
		end := endOf(line)
		switch {
		case !more:
		case len(end) == 0 || len(n.ends) >= maxNames:
			n.blind = true // it could be the end of every record
		case !slices.ContainsFunc(n.ends, func(e []byte) bool { return bytes.Equal(e, end) }):
			n.ends = append(n.ends, end)
		}
	}
}

// endOf returns what all records that print a line as it is end with.
func endOf(line []byte) []byte {
	line = bytes.TrimSpace(line)
	return bytes.ToLower(line[bytes.LastIndexByte(line, '/')+1:])
}

// may reports whether a record's first line can break off in such a name.
func (n *names) may(msg []byte) bool {
	if n.ends == nil && !n.blind {
		return false
	}
	end := bytes.ToLower(bytes.TrimSpace(tail(msg)))
	return n.blind || slices.ContainsFunc(n.ends, func(e []byte) bool { return bytes.HasSuffix(end, tail(e)) })
}
