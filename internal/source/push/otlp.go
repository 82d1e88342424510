package push

import (
	"errors"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tailer"
)

// writers are the resource attributes that tell who wrote a record, best first
// (OpenTelemetry semantic conventions 1.37).
var writers = []string{"k8s.pod.uid", "k8s.pod.name", "container.id", "service.instance.id", "host.id", "host.name"}

var errOTLP = errors.New("not an OTLP logs request")

// decodeOTLP reads an ExportLogsServiceRequest, which LogsData is on the wire.
func decodeOTLP(body []byte, asJSON bool) ([]Entry, error) {
	var data logspb.LogsData
	var err error
	if asJSON {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, &data)
	} else {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil {
		return nil, errOTLP // err would quote the body
	}
	var entries []Entry
	for _, resource := range data.GetResourceLogs() {
		who := writer(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				entries = append(entries, entryOf(record, who))
			}
		}
	}
	return entries, nil
}

// entryOf reads one record. A body that is no text is empty: LiteLLM writes text.
func entryOf(record *logspb.LogRecord, who string) Entry {
	text := record.GetBody().GetStringValue()
	if text == "" {
		text = string(record.GetBody().GetBytesValue())
	}
	e := Entry{Writer: who, Text: []byte(strings.TrimSuffix(text, "\n"))}
	// The observed time is left alone: it may be hours after the line was written.
	if at := record.GetTimeUnixNano(); at != 0 && at < 1<<63 {
		e.Stamp = time.Unix(0, int64(at)).UTC()
	}
	switch attribute(record.GetAttributes(), "log.iostream") {
	case "stdout":
		e.Stream = tailer.StreamStdout
	case "stderr":
		e.Stream = tailer.StreamStderr
	}
	return e
}

func writer(attributes []*commonpb.KeyValue) string {
	for _, name := range writers {
		if value := attribute(attributes, name); value != "" {
			return value
		}
	}
	return ""
}

func attribute(attributes []*commonpb.KeyValue, name string) string {
	for _, a := range attributes {
		if a.GetKey() == name {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
