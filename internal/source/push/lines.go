package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"tailer/internal/rawjson"
	"tailer/internal/source/event"
)

// decodeText takes a body apart into lines.
func decodeText(body []byte, writer string, out *frames) error {
	for line := range bytes.Lines(body) {
		if err := out.add(&Entry{Writer: writer, Text: bytes.TrimSuffix(line, []byte("\n"))}); err != nil {
			return err
		}
	}
	return nil
}

var (
	// errField says that an object lacks the member that was asked for.
	errField = errors.New("an object lacks the member that ?field names, or it is no text")
	errJSON  = errors.New("not JSON")
)

// decodeJSON reads objects, one after another or in an array. Each holds a line in
// member field, or, without one, is a payload.
func decodeJSON(body []byte, field, writer string, out *frames) error {
	for i := rawjson.SkipSpace(body, 0); i < len(body); i = rawjson.SkipSpace(body, i) {
		end, ok := rawjson.ValueEnd(body, i)
		if !ok {
			return errJSON
		}
		value := body[i:end]
		i = end
		if value[0] != '[' {
			if err := addObject(value, field, writer, out); err != nil {
				return err
			}
			continue
		}
		for object := range rawjson.Elements(value) {
			if err := addObject(object, field, writer, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// addObject adds the line of one object. Payloads grow by being indented, so that it is
// first known how much.
func addObject(object []byte, field, writer string, out *frames) error {
	if field == "" && int64(len(out.bytes))+indentedSize(object) > out.limit {
		return errTooLarge
	}
	e, err := lineOf(object, field)
	if err != nil {
		return err
	}
	e.Writer = writer
	return out.add(&e)
}

// indentation is that of LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD.
const indentation = "    "

// indentedSize is how many bytes a document has at most once it is indented: with the
// depth of its values, each of its lines grows.
func indentedSize(document []byte) (n int64) {
	depth, inText, escaped := int64(0), false, false
	for _, c := range document {
		n++
		switch {
		case escaped:
			escaped = false
		case inText:
			escaped = c == '\\'
			inText = c != '"'
		case c == '"':
			inText = true
		case c == '{', c == '[':
			depth++
			n += 1 + depth*int64(len(indentation))
		case c == '}', c == ']':
			depth--
			n += 1 + depth*int64(len(indentation))
		case c == ',':
			n += 1 + depth*int64(len(indentation))
		case c == ':':
			n++
		}
	}
	return n
}

// lineOf reads one object.
func lineOf(object json.RawMessage, field string) (Entry, error) {
	if len(object) == 0 || object[0] != '{' {
		return Entry{}, errors.New("not an object, nor an array of objects")
	}
	if field == "" {
		var text bytes.Buffer
		if err := json.Indent(&text, object, "", indentation); err != nil {
			return Entry{}, fmt.Errorf("not JSON: %w", err)
		}
		return Entry{Text: text.Bytes()}, nil
	}
	line, ok := event.Line(object, field)
	if !ok {
		return Entry{}, errField
	}
	return Entry{Text: line}, nil
}
