package otlp

import (
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"

	"tailer"
)

// span is what a span says besides its attributes.
type span struct {
	id, parent []byte
	name       string
	start, end time.Time
	severity   tailer.Level
	message    string // of an error
}

// span appends a span with the attributes that were collected. Its fields are in the
// order of their numbers, and those of no value are left out, as protobuf writes them.
func (e *encoder) span(s *span) {
	w := e.around[:0]
	w = appendBytes(w, traceIDField, e.traceID)
	w = appendBytes(w, spanIDField, s.id)
	w = appendBytes(w, parentField, s.parent)
	if s.name != "" {
		w = appendText(w, nameField, s.name)
	}
	w = appendNumber(w, kindField, uint64(tracepb.Span_SPAN_KIND_INTERNAL))
	began := nanoseconds(s.start)
	w = appendTime(w, startField, began)
	w = appendTime(w, endField, max(began, nanoseconds(s.end)))
	before := len(w)
	if s.severity == tailer.LevelError {
		code := uint64(tracepb.Status_STATUS_CODE_ERROR)
		size := protowire.SizeTag(codeField) + protowire.SizeVarint(code)
		if s.message != "" {
			size += sizeOf(messageField, len(s.message))
		}
		w = appendHead(w, statusField, size)
		if s.message != "" {
			w = appendText(w, messageField, s.message)
		}
		w = appendNumber(w, codeField, code)
	}
	e.spans = appendHead(e.spans, spansField, len(w)+len(e.a.wire))
	e.spans = append(e.spans, w[:before]...)
	e.spans = append(e.spans, e.a.wire...)
	e.spans = append(e.spans, w[before:]...)
	e.around = w
	e.a.reset()
}

func appendBytes(dst []byte, field protowire.Number, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	return append(appendHead(dst, field, len(b)), b...)
}

func appendNumber(dst []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), n)
}

func appendTime(dst []byte, field protowire.Number, nanoseconds uint64) []byte {
	if nanoseconds == 0 {
		return dst
	}
	return protowire.AppendFixed64(protowire.AppendTag(dst, field, protowire.Fixed64Type), nanoseconds)
}
