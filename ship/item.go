package ship

import (
	"encoding/hex"
	"fmt"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Key names one request at every sink: its trace and its root span, whose id is
// made of the call id. It does not hold the start: two logs of one request may
// state it with different accuracy.
type Key struct {
	Trace [16]byte
	Span  [8]byte
}

// String is the key as "<trace id>/<span id>" in lower hex.
func (k Key) String() string {
	return hex.EncodeToString(k.Trace[:]) + "/" + hex.EncodeToString(k.Span[:])
}

// Beside is what LiteLLM's own Langfuse callback makes of the same request, for
// sinks that add to it. The zero value: not known.
type Beside struct {
	TraceID  string `json:"trace,omitempty"`    // of its trace, as it writes it; "": cannot be known
	Shared   bool   `json:"shared,omitempty"`   // other requests may have the same trace
	Callback bool   `json:"callback,omitempty"` // the log shows that it is on
	Minor    int    `json:"minor,omitempty"`    // LiteLLM's version after the 1; 0: not known
}

// An Item is one encoded exchange on its way out, with what its sender wants
// back when it is resolved. It does not change once made, so that every try
// sends the same bytes, and it can be made again from its payload: see Restore.
// It may be read concurrently.
type Item struct {
	spans   *tracepb.ResourceSpans
	payload []byte
	key     Key
	at      time.Time
	beside  Beside
	token   any
	doubt   time.Time
}

// NewItem encodes spans, which belong to the item from then on. at is the time of
// shipping: Langfuse's JSON ingestion orders writes by it. The token is opaque.
func NewItem(spans *tracepb.ResourceSpans, at time.Time, token any) (*Item, error) {
	payload, err := encode(spans)
	if err != nil {
		return nil, err
	}
	return itemFrom(spans, payload, at, token), nil
}

// NewSpans is NewItem for sinks that take the spans and not their payload, such as
// files: Payload encodes them each time it is asked.
func NewSpans(spans *tracepb.ResourceSpans, at time.Time, token any) *Item {
	return itemFrom(spans, nil, at, token)
}

func encode(spans *tracepb.ResourceSpans) ([]byte, error) {
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(requestOf(spans))
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	return payload, nil
}

// requestOf returns an ExportTraceServiceRequest: TracesData is one on the wire,
// without its import of gRPC.
func requestOf(spans *tracepb.ResourceSpans) *tracepb.TracesData {
	return &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{spans}}
}

// Restore makes an item again from what Payload and At gave.
func Restore(payload []byte, at time.Time) (*Item, error) {
	var request tracepb.TracesData
	if err := proto.Unmarshal(payload, &request); err != nil {
		return nil, fmt.Errorf("decode spans: %w", err)
	}
	if len(request.GetResourceSpans()) != 1 {
		return nil, fmt.Errorf("decode spans: %d resources in one item", len(request.GetResourceSpans()))
	}
	return itemFrom(request.GetResourceSpans()[0], payload, at, nil), nil
}

func itemFrom(spans *tracepb.ResourceSpans, payload []byte, at time.Time, token any) *Item {
	i := &Item{spans: spans, payload: payload, at: at, token: token}
	if root := i.root(); root != nil {
		copy(i.key.Trace[:], root.GetTraceId())
		copy(i.key.Span[:], root.GetSpanId())
	}
	return i
}

// With returns the item with LiteLLM's trace of the same request noted in it.
func (i *Item) With(beside Beside) *Item {
	with := *i
	with.beside = beside
	return &with
}

// Doubtful returns the item with the note that another process may have sent it,
// up to a time: a sink that can be asked is asked first.
func (i *Item) Doubtful(until time.Time) *Item {
	doubtful := *i
	doubtful.doubt = until
	return &doubtful
}

// Beside is what With noted.
func (i *Item) Beside() Beside { return i.beside }

// Spans are the item's spans, which must not be changed.
func (i *Item) Spans() *tracepb.ResourceSpans { return i.spans }

// Payload is an OTLP ExportTraceServiceRequest in protobuf that holds the spans
// of this item alone, not to be changed. Payloads one after another are again
// such a request: that is how protobuf joins repeated fields.
func (i *Item) Payload() []byte {
	if i.payload == nil {
		payload, _ := encode(i.spans) // spans of text that is not UTF-8 have none
		return payload
	}
	return i.payload
}

// size is that of the payload, in bytes.
func (i *Item) size() int {
	if i.payload == nil {
		return proto.Size(requestOf(i.spans))
	}
	return len(i.payload)
}

// At is the time of shipping.
func (i *Item) At() time.Time { return i.at }

// Token is what NewItem was given.
func (i *Item) Token() any { return i.token }

// Key names the request.
func (i *Item) Key() Key { return i.key }

// Digest sums up the item's content, in whatever version of tailer it was made.
func (i *Item) Digest() uint64 { return digest(i.Payload()) }

// TraceID is the trace id in lower hex, "" when there are no spans.
func (i *Item) TraceID() string {
	return hex.EncodeToString(i.root().GetTraceId())
}

// Start is when the request began, UTC.
func (i *Item) Start() time.Time {
	nanoseconds := i.root().GetStartTimeUnixNano()
	return time.Unix(int64(nanoseconds/uint64(time.Second)), int64(nanoseconds%uint64(time.Second))).UTC() // fits
}

// root is the first span, nil when there is none.
func (i *Item) root() *tracepb.Span {
	for _, scope := range i.spans.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			return span
		}
	}
	return nil
}

func (i *Item) spanCount() (n int) {
	for _, scope := range i.spans.GetScopeSpans() {
		n += len(scope.GetSpans())
	}
	return n
}
