package otlp

import (
	"encoding/binary"
	"errors"
	"fmt"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Field numbers of opentelemetry/proto/trace/v1/trace.proto and resource/v1/resource.proto, OTLP 1.
const (
	resourceSpansField = 1 // of ExportTraceServiceRequest

	resourceField   = 1 // of ResourceSpans
	scopeSpansField = 2

	resourceAttributesField = 1 // of Resource

	scopeField = 1 // of ScopeSpans
	spansField = 2

	scopeNameField    = 1 // of InstrumentationScope
	scopeVersionField = 2

	traceIDField    = 1 // of Span
	spanIDField     = 2
	parentField     = 4
	nameField       = 5
	kindField       = 6
	startField      = 7
	endField        = 8
	attributesField = 9
	statusField     = 15

	messageField = 2 // of Status
	codeField    = 3
)

// A Payload is an OTLP ExportTraceServiceRequest in protobuf that holds the spans of
// one exchange, the root first. Payloads one after another are again such a request:
// that is how protobuf joins repeated fields. It is not to be changed.
type Payload []byte

// PayloadOf encodes spans. An error says that they hold text that is not UTF-8.
func PayloadOf(spans *tracepb.ResourceSpans) (Payload, error) {
	// TracesData is such a request on the wire, without its import of gRPC.
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{spans}})
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	return payload, nil
}

// Spans decodes the payload. An error says that it is damaged, or not of one exchange.
func (p Payload) Spans() (*tracepb.ResourceSpans, error) {
	var request tracepb.TracesData
	if err := proto.Unmarshal(p, &request); err != nil {
		return nil, fmt.Errorf("decode spans: %w", err)
	}
	if len(request.GetResourceSpans()) != 1 {
		return nil, fmt.Errorf("decode spans: %d resources in one payload", len(request.GetResourceSpans()))
	}
	return request.GetResourceSpans()[0], nil
}

// A Head is what tells a payload from others.
type Head struct {
	Trace [traceIDBytes]byte
	Span  [spanIDBytes]byte // of the root
	Start uint64            // of the root, nanoseconds since 1970
	Count int               // of spans, at least 1
}

var errNoSpans = errors.New("no spans")

// Head reads what tells the payload from others. An error says that the payload is
// damaged, or not of one exchange.
func (p Payload) Head() (Head, error) {
	h := Head{}
	resources := 0
	err := eachMessage(p, resourceSpansField, func(resource []byte) error {
		resources++
		return eachMessage(resource, scopeSpansField, func(scope []byte) error {
			return eachMessage(scope, spansField, func(span []byte) error {
				h.Count++
				if h.Count > 1 {
					return nil
				}
				return h.read(span)
			})
		})
	})
	switch {
	case err != nil:
	case resources != 1:
		err = fmt.Errorf("%d resources in one payload", resources)
	case h.Count == 0:
		err = errNoSpans
	}
	if err != nil {
		return Head{}, fmt.Errorf("decode spans: %w", err)
	}
	return h, nil
}

func (h *Head) read(span []byte) error {
	f := scan(span)
	for f.next() && f.number < attributesField { // protobuf writes fields by their numbers
		switch f.number {
		case traceIDField:
			copy(h.Trace[:], f.bytes)
		case spanIDField:
			copy(h.Span[:], f.bytes)
		case startField:
			h.Start = f.fixed()
		}
	}
	return f.err
}

// A scanner reads a message on the wire field by field.
type scanner struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of a number
	bytes  []byte // of text, bytes or a message; else as they are on the wire
	rest   []byte
	err    error
}

func scan(message []byte) scanner { return scanner{rest: message} }

// next reads the next field; false at the end, and where the message is damaged.
func (s *scanner) next() bool {
	if len(s.rest) == 0 || s.err != nil {
		return false
	}
	if s.short() {
		return true
	}
	number, kind, n := protowire.ConsumeTag(s.rest)
	if n >= 0 {
		s.number, s.kind, s.value, s.rest = number, kind, 0, s.rest[n:]
		switch kind {
		case protowire.BytesType:
			s.bytes, n = protowire.ConsumeBytes(s.rest)
		case protowire.VarintType:
			s.bytes = nil
			s.value, n = protowire.ConsumeVarint(s.rest)
		default:
			if n = protowire.ConsumeFieldValue(number, kind, s.rest); n >= 0 {
				s.bytes = s.rest[:n]
			}
		}
	}
	if n < 0 {
		s.err = protowire.ParseError(n)
		return false
	}
	s.rest = s.rest[n:]
	return true
}

// short reads the next field if it is what most are: text, bytes or a message of less
// than 16 KiB with a number below 16.
func (s *scanner) short() bool {
	b := s.rest
	if len(b) < 3 || b[0]&^0x78 != byte(protowire.BytesType) || b[0] < 8 {
		return false
	}
	from, size := 2, int(b[1])
	if size >= 0x80 {
		if b[2] >= 0x80 {
			return false
		}
		from, size = 3, size&0x7f|int(b[2])<<7
	}
	if len(b)-from < size {
		return false
	}
	s.number, s.kind, s.value = protowire.Number(b[0]>>3), protowire.BytesType, 0
	s.bytes, s.rest = b[from:from+size:from+size], b[from+size:]
	return true
}

// is tells whether the field has that number and is text, bytes or a message.
func (s *scanner) is(number protowire.Number) bool {
	return s.number == number && s.kind == protowire.BytesType
}

// fixed is a 64-bit number of fixed size; of another kind of field 0.
func (s *scanner) fixed() uint64 {
	if s.kind != protowire.Fixed64Type {
		return 0
	}
	return binary.LittleEndian.Uint64(s.bytes)
}

// eachMessage calls take with every field of that number, a message, until it fails.
func eachMessage(message []byte, number protowire.Number, take func([]byte) error) error {
	f := scan(message)
	for f.next() {
		if f.is(number) {
			if err := take(f.bytes); err != nil {
				return err
			}
		}
	}
	return f.err
}
