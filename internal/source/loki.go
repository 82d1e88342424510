package source

import (
	"bytes"
)

// lokiJSON is `logcli query -o jsonl` (Grafana Loki 3), one object a line:
//
//	{"labels":{"stream":"stderr"},"line":"text","timestamp":"2026-11-23T09:13:09.058163123Z"}
type lokiJSON struct{}

func (lokiJSON) name() string { return "loki jsonl" }

func (lokiJSON) strip(line []byte) (piece, bool) {
	fields, ok := parseObject(line)
	if !ok || !isString(fields.Get("line")) {
		return piece{}, false
	}
	stamp, ok := stampText(fields.Text("timestamp"))
	if !ok {
		return piece{}, false
	}
	p := wholeText(fields.Text("line"), stamp)
	if labels, ok := parseObject(fields.Get("labels")); ok {
		p.stream = streamOf([]byte(labels.Text("stream")))
	}
	return p, true
}

// loki is the default output of `logcli query` (Grafana Loki 3):
//
//	2026-11-23T09:13:09Z {stream="stderr"} text
//
// The labels are those in which the lines differ, often none: {}. Shorter ones
// are padded to the width of the longest. Without --forward the newest line is
// first, which Counts.Reversed tells.
type loki struct {
	width int
}

func newLoki(sample [][]byte, _ Config) envelope {
	l := loki{}
	for _, line := range sample {
		_, labels, _, ok := cutLabels(line)
		if ok {
			l.width = max(l.width, len(labels))
		}
	}
	return l
}

func (loki) name() string { return "loki" }

func (l loki) strip(line []byte) (piece, bool) {
	p, labels, rest, ok := cutLabels(line)
	if !ok {
		return piece{}, false
	}
	for pad := l.width - len(labels); pad > 0 && len(rest) > 1 && rest[1] == ' '; pad-- {
		rest = rest[1:]
	}
	p.text = bytes.TrimPrefix(rest, space)
	for _, stream := range []string{"stdout", "stderr"} {
		if bytes.Contains(labels, []byte(`stream="`+stream+`"`)) {
			p.stream = streamOf([]byte(stream))
		}
	}
	return p, true
}

// cutLabels takes stamp and labels from the start of a line. rest begins with
// the blank after them, unless it is empty.
func cutLabels(line []byte) (p piece, labels, rest []byte, ok bool) {
	p.stamp, rest, ok = cutStamp(line)
	if !ok || !bytes.HasPrefix(rest, []byte(" {")) {
		return p, nil, nil, false
	}
	rest = rest[1:]
	quoted := false
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			labels, rest = rest[:i+1], rest[i+1:]
			return p, labels, rest, isLabels(labels) && (len(rest) == 0 || rest[0] == ' ')
		}
	}
	return p, nil, nil, false
}

// isLabels tells {} and {name="value", …} from a JSON object.
func isLabels(labels []byte) bool {
	inner := labels[1 : len(labels)-1]
	if len(inner) == 0 {
		return true
	}
	name, _, ok := bytes.Cut(inner, []byte(`="`))
	return ok && !bytes.ContainsAny(name, `"'{:, `)
}
