package push

import (
	"bytes"
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer"
)

// writers are the resource attributes that tell who wrote a record, best first
// (OpenTelemetry semantic conventions 1.37).
var writers = [...]string{"k8s.pod.uid", "k8s.pod.name", "container.id", "service.instance.id", "host.id", "host.name"}

// streamAttribute says which of its streams a container wrote a record to.
const streamAttribute = "log.iostream"

var errOTLP = errors.New("not an OTLP logs request")

// Fields of opentelemetry/proto/{logs,resource,common}/v1, by number and type on the wire.
const (
	resourceLogsField = 1<<3 | uint64(protowire.BytesType) // of ExportLogsServiceRequest, which LogsData is on the wire
	resourceField     = 1<<3 | uint64(protowire.BytesType) // of ResourceLogs
	scopeLogsField    = 2<<3 | uint64(protowire.BytesType)
	attributeField    = 1<<3 | uint64(protowire.BytesType)   // of Resource
	recordField       = 2<<3 | uint64(protowire.BytesType)   // of ScopeLogs
	timeField         = 1<<3 | uint64(protowire.Fixed64Type) // of LogRecord
	bodyField         = 5<<3 | uint64(protowire.BytesType)
	recordAttributes  = 6<<3 | uint64(protowire.BytesType)
	keyField          = 1<<3 | uint64(protowire.BytesType) // of KeyValue
	valueField        = 2<<3 | uint64(protowire.BytesType)
	stringField       = 1<<3 | uint64(protowire.BytesType) // of AnyValue
	bytesField        = 7<<3 | uint64(protowire.BytesType)
)

// decodeOTLP reads an ExportLogsServiceRequest. It reads the wire, for a message that
// is built takes a hundred bytes and more for each that is empty. Text need not be
// UTF-8: not all that is logged is.
func decodeOTLP(body []byte, out *frames) error {
	return eachField(body, func(field uint64, logs []byte, _ uint64) error {
		if field != resourceLogsField {
			return nil
		}
		var found [len(writers)]string
		err := eachField(logs, func(field uint64, resource []byte, _ uint64) error {
			if field != resourceField {
				return nil
			}
			return eachAttribute(resource, attributeField, func(key, value []byte) {
				noteWriter(&found, string(key), string(value))
			})
		})
		if err != nil {
			return err
		}
		return eachField(logs, func(field uint64, scope []byte, _ uint64) error {
			if field != scopeLogsField {
				return nil
			}
			return eachField(scope, func(field uint64, record []byte, _ uint64) error {
				if field != recordField {
					return nil
				}
				return addRecord(record, writer(&found), out)
			})
		})
	})
}

// addRecord adds one LogRecord. A body that is no text is empty: LiteLLM writes text.
func addRecord(record []byte, who string, out *frames) error {
	e := Entry{Writer: who}
	err := eachField(record, func(field uint64, value []byte, n uint64) (err error) {
		switch field {
		case timeField: // the observed time may be hours after the line was written
			e.Stamp = stampOf(n)
		case bodyField:
			e.Text, err = textOf(value, true)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = eachAttribute(record, recordAttributes, func(key, value []byte) {
		if string(key) == streamAttribute && e.Stream == tailer.StreamUnknown {
			e.Stream = streamOf(string(value))
		}
	})
	if err != nil {
		return err
	}
	e.Text = bytes.TrimSuffix(e.Text, []byte("\n"))
	return out.add(&e)
}

// eachAttribute calls take for those of the KeyValues in a field of a message whose
// value is a text.
func eachAttribute(message []byte, in uint64, take func(key, value []byte)) error {
	return eachField(message, func(field uint64, pair []byte, _ uint64) error {
		if field != in {
			return nil
		}
		var key, value []byte
		err := eachField(pair, func(field uint64, b []byte, _ uint64) (err error) {
			switch field {
			case keyField:
				key = b
			case valueField:
				value, err = textOf(b, false)
			}
			return err
		})
		if err == nil && len(value) > 0 {
			take(key, value)
		}
		return err
	})
}

// textOf is the text of an AnyValue, or its bytes; nothing if it is of another kind.
func textOf(value []byte, orBytes bool) (text []byte, err error) {
	err = eachField(value, func(field uint64, b []byte, _ uint64) error {
		text = nil // of a oneof the last counts
		if field == stringField || field == bytesField && orBytes {
			text = b
		}
		return nil
	})
	return text, err
}

// eachField calls take for each field of a message: with its bytes, or with the number
// that it holds in eight bytes.
func eachField(message []byte, take func(field uint64, value []byte, n uint64) error) error {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return errOTLP
		}
		message = message[size:]
		var value []byte
		var n uint64
		switch kind {
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(message)
		case protowire.Fixed64Type:
			n, size = protowire.ConsumeFixed64(message)
		default:
			size = protowire.ConsumeFieldValue(number, kind, message)
		}
		if size < 0 {
			return errOTLP
		}
		message = message[size:]
		if err := take(protowire.EncodeTag(number, kind), value, n); err != nil {
			return err
		}
	}
	return nil
}

// noteWriter notes a resource attribute if it tells who writes. The first of a name counts.
func noteWriter(found *[len(writers)]string, key, value string) {
	for i, name := range writers {
		if key == name && found[i] == "" {
			found[i] = value
		}
	}
}

// writer is the best of what was found.
func writer(found *[len(writers)]string) string {
	for _, value := range found {
		if value != "" {
			return value
		}
	}
	return ""
}

// stampOf reads nanoseconds since 1970; 0 says that there is no time.
func stampOf(n uint64) time.Time {
	if n == 0 || n >= 1<<63 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC()
}

func streamOf(name string) tailer.Stream {
	switch name {
	case "stdout":
		return tailer.StreamStdout
	case "stderr":
		return tailer.StreamStderr
	}
	return tailer.StreamUnknown
}
