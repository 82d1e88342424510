package push

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"tailer/internal/rawjson"
)

// decodeOTLPJSON is decodeOTLP of OTLP's JSON. Names are those of protobuf's JSON, or
// protobuf's own. What is of no known name is passed over.
func decodeOTLPJSON(body []byte, out *frames) error {
	if !rawjson.Object(body, func(string, json.RawMessage) {}) {
		return errOTLP
	}
	return eachElement(body, "resourceLogs", "resource_logs", func(logs json.RawMessage) error {
		var found [len(writers)]string
		resource, _ := member(logs, "resource", "")
		if err := eachPair(resource, func(key, value string) { noteWriter(&found, key, value) }); err != nil {
			return err
		}
		return eachElement(logs, "scopeLogs", "scope_logs", func(scope json.RawMessage) error {
			return eachElement(scope, "logRecords", "log_records", func(record json.RawMessage) error {
				return addJSONRecord(record, writer(&found), out)
			})
		})
	})
}

func addJSONRecord(record json.RawMessage, who string, out *frames) error {
	e := Entry{Writer: who}
	if at, ok := member(record, "timeUnixNano", "time_unix_nano"); ok {
		n, err := strconv.ParseUint(rawjson.Scalar(at), 10, 64)
		if err != nil {
			return errOTLP
		}
		e.Stamp = stampOf(n)
	}
	body, ok := member(record, "body", "")
	if ok && body[0] != '{' {
		return errOTLP
	}
	if text, ok := member(body, "stringValue", "string_value"); ok {
		s, ok := rawjson.Unquote(text)
		if !ok {
			return errOTLP
		}
		e.Text = []byte(s)
	} else if text, ok := member(body, "bytesValue", "bytes_value"); ok {
		// Either alphabet, padded or not, as protobuf's JSON allows.
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(rawjson.Text(text), "="))
		var err error
		if e.Text, err = base64.RawStdEncoding.DecodeString(plain); err != nil {
			return errOTLP
		}
	}
	err := eachPair(record, func(key, value string) {
		if key == streamAttribute && e.Stream == 0 {
			e.Stream = streamOf(value)
		}
	})
	if err != nil {
		return err
	}
	e.Text = bytes.TrimSuffix(e.Text, []byte("\n"))
	return out.add(&e)
}

// eachPair calls take for those attributes of an object whose value is a text.
func eachPair(object json.RawMessage, take func(key, value string)) error {
	return eachElement(object, "attributes", "", func(pair json.RawMessage) error {
		key, _ := member(pair, "key", "")
		value, _ := member(pair, "value", "")
		text, _ := member(value, "stringValue", "string_value")
		if s := rawjson.Text(text); s != "" {
			take(rawjson.Text(key), s)
		}
		return nil
	})
}

// eachElement calls take for the objects in the array that is a member.
func eachElement(object json.RawMessage, name, other string, take func(json.RawMessage) error) error {
	list, ok := member(object, name, other)
	if !ok {
		return nil
	}
	if list[0] != '[' {
		return errOTLP
	}
	for element := range rawjson.Elements(list) {
		if element[0] != '{' {
			return errOTLP
		}
		if err := take(element); err != nil {
			return err
		}
	}
	return nil
}

// member is the last member of either name; ok is false if there is none, or null.
func member(object json.RawMessage, name, other string) (value json.RawMessage, ok bool) {
	for n, v := range rawjson.Members(object) {
		if n == name || n == other && other != "" {
			value = v
		}
	}
	return value, len(value) > 0 && string(value) != "null"
}
