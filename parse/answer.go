package parse

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"tailer"
)

// pieceStart is how much of a form's prefix already belongs to the piece's repr.
func pieceStart(f *form) int {
	for _, start := range []string{"ModelResponseStream(id='", "Delta(", "{'type': '", "b'event: ", "{"} {
		if strings.HasSuffix(f.prefix, start) {
			return len(f.prefix) - len(start)
		}
	}
	return len(f.prefix)
}

// decodePiece reads a piece of a streamed answer: `ModelResponseStream(id='…', …)`,
// `Delta(…)`, or the dict of an event.
func (p *Parser) decodePiece(text []byte, f *form, r *tailer.Record) bool {
	r.Call.Response = p.json(p.repr(text[pieceStart(f):], nil))
	if len(r.Call.Response) == 0 || r.Call.Response[0] != '{' {
		return false
	}
	r.Call.ResponseID = gjson.GetBytes(r.Call.Response, "id").String()
	return f.decode == asPiece || isID(r.Call.ResponseID)
}

// decodeEvents reads server-sent events, whose data are one JSON value each, into
// an array.
func (p *Parser) decodeEvents(text []byte, f *form, r *tailer.Record) bool {
	events, ok := p.repr(text[pieceStart(f):], nil).Text()
	if !ok {
		return false
	}
	list := []byte{'['}
	for line := range strings.Lines(events) {
		data, ok := strings.CutPrefix(line, "data: ")
		if data = strings.TrimSpace(data); !ok || !gjson.Valid(data) {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, data...)
	}
	list = append(list, ']')
	r.Call.Response = list
	return len(list) > len("[]")
}

// decodeAnswer reads the router's answer: a pydantic repr or a dict. Of a stream
// it is an object that says nothing.
func (p *Parser) decodeAnswer(text []byte, r *tailer.Record) bool {
	if hasPrefix(text, "<") {
		r.Call.Streamed = true
		return true
	}
	rd := p.repr(text, nil)
	if answer := p.json(rd); rd.Err() == nil && len(answer) > 0 && answer[0] == '{' {
		r.Call.Response = answer
		r.Call.ResponseID = gjson.GetBytes(answer, "id").String()
	}
	return true
}

// decodeRawAnswer reads the provider's answer where it is JSON.
func decodeRawAnswer(text []byte, r *tailer.Record) bool {
	text = bytes.TrimSpace(text)
	if !hasPrefix(text, "{") || !gjson.ValidBytes(text) {
		return false
	}
	r.Call.Response = bytes.Clone(text)
	return true
}
