package ship

import (
	"encoding/hex"
	"fmt"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// An Item is one encoded exchange on its way out, with what its sender wants
// back when it is resolved. It does not change once made, so that every try
// sends the same bytes, and it can be made again from Payload and At.
type Item struct {
	spans   *tracepb.ResourceSpans
	payload []byte
	at      time.Time
	token   any
}

// NewItem encodes spans, which belong to the item from then on. at is the time of
// shipping: Langfuse's JSON ingestion orders writes by it. The token is opaque.
func NewItem(spans *tracepb.ResourceSpans, at time.Time, token any) (*Item, error) {
	// TracesData is ExportTraceServiceRequest on the wire, without its import of gRPC.
	request := &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{spans}}
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	return &Item{spans: spans, payload: payload, at: at, token: token}, nil
}

// Spans are the item's spans, which must not be changed.
func (i *Item) Spans() *tracepb.ResourceSpans { return i.spans }

// Payload is an OTLP ExportTraceServiceRequest in protobuf that holds the spans
// of this item alone, not to be changed. Payloads one after another are again
// such a request: that is how protobuf joins repeated fields.
func (i *Item) Payload() []byte { return i.payload }

// At is the time of shipping.
func (i *Item) At() time.Time { return i.at }

// Token is what NewItem was given.
func (i *Item) Token() any { return i.token }

// TraceID is the trace id in lower hex, "" when there are no spans.
func (i *Item) TraceID() string {
	for _, scope := range i.spans.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			return hex.EncodeToString(span.GetTraceId())
		}
	}
	return ""
}

func (i *Item) spanCount() (n int) {
	for _, scope := range i.spans.GetScopeSpans() {
		n += len(scope.GetSpans())
	}
	return n
}
