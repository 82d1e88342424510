package parse

import (
	"bytes"
	"encoding/json"
	"strconv"
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
func (d *decoder) decodePiece(text []byte, f *form, r *tailer.Record) bool {
	r.Call.Response = d.json(d.repr(text[pieceStart(f):], nil))
	if len(r.Call.Response) == 0 || r.Call.Response[0] != '{' {
		return false
	}
	r.Call.ResponseID = gjson.GetBytes(r.Call.Response, "id").String()
	r.Call.ResponseModel = modelOf(r.Call.Response)
	if f.prefix == deltaStart {
		r.Function = "delta"
	}
	return f.decode == asPiece || isID(r.Call.ResponseID)
}

// decodeEvents reads server-sent events, whose data are one JSON value each, into
// an array.
func (d *decoder) decodeEvents(text []byte, f *form, r *tailer.Record) bool {
	events, ok := d.repr(text[pieceStart(f):], nil).Text()
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
func (d *decoder) decodeAnswer(text []byte, r *tailer.Record) bool {
	if hasPrefix(text, "<") {
		r.Call.Streamed = true
		return true
	}
	answer := d.spaced(text)
	if answer == nil {
		rd := d.repr(text, nil)
		if answer = d.json(rd); rd.Err() != nil {
			answer = nil
		}
	}
	if len(answer) > 0 && answer[0] == '{' {
		r.Call.Response = answer
		r.Call.ResponseID = gjson.GetBytes(answer, "id").String()
		r.Call.ResponseModel = modelOf(answer)
	}
	return true
}

// maxSpaced bounds the members of a model that is read as str() prints it.
const maxSpaced = 64

// spaced reads a pydantic model as str() prints it, `id='…' results=[…] meta={…}`,
// as JSON; nil when the text is anything else.
func (d *decoder) spaced(text []byte) json.RawMessage {
	text = bytes.TrimSpace(text)
	var fields tailer.Fields
	for len(text) > 0 {
		name, rest, ok := bytes.Cut(text[:min(len(text), 80)], []byte("="))
		if !ok || !isIdentifier(string(name)) || len(fields) == maxSpaced {
			return nil
		}
		text = text[len(text[:min(len(text), 80)])-len(rest):]
		rd := d.repr(text, nil)
		value := d.json(rd)
		if rd.Err() != nil {
			return nil
		}
		if value != nil {
			fields = append(fields, tailer.Field{Name: string(name), Value: value})
		}
		text = text[rd.Offset():]
		if len(text) > 0 && text[0] != ' ' {
			return nil
		}
		text = bytes.TrimLeft(text, " ")
	}
	if fields == nil {
		return nil
	}
	return fields.JSON()
}

// decodeRawAnswer reads the provider's answer where it is JSON.
func decodeRawAnswer(text []byte, r *tailer.Record) bool {
	text = bytes.TrimSpace(text)
	if !hasPrefix(text, "{") || !gjson.ValidBytes(text) {
		return false
	}
	r.Call.Response = bytes.Clone(text)
	r.Call.ResponseModel = modelOf(r.Call.Response)
	return true
}

// modelOf returns the model that an answer names, "" if it names none.
func modelOf(answer json.RawMessage) string { return gjson.GetBytes(answer, "model").Str }

// decodeCounted reads `[…], text in token_counter: None`, a prompt, or `None, text
// in token_counter: …`, a text.
func (d *decoder) decodeCounted(text []byte, r *tailer.Record) bool {
	const mark = ", text in token_counter: "
	if answer, ok := bytes.CutPrefix(text, []byte("None"+mark)); ok {
		r.Call.Response = jsonText(string(answer))
		return len(answer) > 0 && string(answer) != "None"
	}
	if !hasPrefix(text, "[") {
		return false
	}
	rd := d.repr(text, nil)
	messages := d.json(rd)
	if rd.Err() != nil || rd.Repairs() > 0 || string(text[rd.Offset():]) != mark+"None" {
		return false
	}
	r.Hint = tailer.Fields{{Name: "messages", Value: messages}}
	return true
}

// decodeCost reads a cost in USD.
func decodeCost(text []byte, r *tailer.Record) bool {
	cost, err := strconv.ParseFloat(string(bytes.TrimSpace(text)), 64)
	r.Call.CostTotal = &cost
	return err == nil && isCost(cost)
}
