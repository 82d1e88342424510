package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tailer/internal/source/event"
)

// shortLine is how long the lines of the largest body are at least, on average, in
// bytes: each takes more than that in memory, however short it is.
const shortLine = 64

// decodeText takes a body apart into lines. errTooLarge: there are too many of them
// for a body of at most limit bytes.
func decodeText(body []byte, writer string, limit int64) (entries []Entry, err error) {
	if n := int64(bytes.Count(body, []byte("\n"))); n*max(shortLine, int64(len(writer))) > limit {
		return nil, errTooLarge
	}
	for line := range bytes.Lines(body) {
		entries = append(entries, Entry{Writer: writer, Text: bytes.TrimSuffix(line, []byte("\n"))})
	}
	return entries, nil
}

// errField says that an object lacks the member that was asked for.
var errField = errors.New("an object lacks the member that ?field names, or it is no text")

// decodeJSON reads objects, one after another or in an array. Each holds a line in
// member field, or, without one, is a payload. Payloads grow by being indented:
// errTooLarge says that they grow beyond limit bytes.
func decodeJSON(body []byte, field, writer string, limit int64) (entries []Entry, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	left := limit
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		objects := []json.RawMessage{value}
		if value[0] == '[' {
			if err := json.Unmarshal(value, &objects); err != nil {
				return nil, fmt.Errorf("not JSON: %w", err)
			}
		}
		for _, object := range objects {
			if field == "" {
				if left -= indentedSize(object); left < 0 {
					return nil, errTooLarge
				}
			}
			e, err := lineOf(object, field)
			if err != nil {
				return nil, err
			}
			e.Writer = writer
			entries = append(entries, e)
		}
	}
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
