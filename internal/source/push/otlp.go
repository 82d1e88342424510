package push

import (
	"bytes"
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer"
	"tailer/internal/protofield"
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

// decodeOTLP reads an ExportLogsServiceRequest, on the wire. Text need not be UTF-8: not
// all that is logged is.
func decodeOTLP(body []byte, out *frames) error {
	return protofield.Each(body, errOTLP, func(logs protofield.Field) error {
		if logs.Tag != resourceLogsField {
			return nil
		}
		var found [len(writers)]string
		err := protofield.Each(logs.Bytes, errOTLP, func(resource protofield.Field) error {
			if resource.Tag != resourceField {
				return nil
			}
			return eachAttribute(resource.Bytes, attributeField, func(key, value []byte) {
				noteWriter(&found, string(key), string(value))
			})
		})
		if err != nil {
			return err
		}
		return protofield.Each(logs.Bytes, errOTLP, func(scope protofield.Field) error {
			if scope.Tag != scopeLogsField {
				return nil
			}
			return protofield.Each(scope.Bytes, errOTLP, func(record protofield.Field) error {
				if record.Tag != recordField {
					return nil
				}
				return addRecord(record.Bytes, writer(&found), out)
			})
		})
	})
}

// addRecord adds one LogRecord. A body that is no text is empty: LiteLLM writes text.
func addRecord(record []byte, who string, out *frames) error {
	e := Entry{Writer: who}
	err := protofield.Each(record, errOTLP, func(f protofield.Field) (err error) {
		switch f.Tag {
		case timeField: // the observed time may be hours after the line was written
			e.Stamp = stampOf(f.N)
		case bodyField:
			e.Text, err = textOf(f.Bytes, true)
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
	return protofield.Each(message, errOTLP, func(pair protofield.Field) error {
		if pair.Tag != in {
			return nil
		}
		var key, value []byte
		err := protofield.Each(pair.Bytes, errOTLP, func(f protofield.Field) (err error) {
			switch f.Tag {
			case keyField:
				key = f.Bytes
			case valueField:
				value, err = textOf(f.Bytes, false)
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
	err = protofield.Each(value, errOTLP, func(f protofield.Field) error {
		text = nil // of a oneof the last counts
		if f.Tag == stringField || f.Tag == bytesField && orBytes {
			text = f.Bytes
		}
		return nil
	})
	return text, err
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
