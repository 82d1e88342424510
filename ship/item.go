package ship

import (
	"encoding/hex"
	"sync"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship/otlp"
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
// sends the same bytes, and it can be made again from its payload. It may be read
// concurrently.
type Item struct {
	payload otlp.Payload
	head    otlp.Head
	at      time.Time
	beside  Beside
	token   any
	doubt   time.Time
	decode  func() *tracepb.ResourceSpans // once
}

// NewItem makes an item of a payload, which belongs to it from then on. at is the time
// of shipping: Langfuse's JSON ingestion orders writes by it. The token is opaque. An
// error says that the payload is damaged.
func NewItem(payload otlp.Payload, at time.Time, token any) (*Item, error) {
	head, err := payload.Head()
	if err != nil {
		return nil, err
	}
	return &Item{payload: payload, head: head, at: at, token: token, decode: sync.OnceValue(func() *tracepb.ResourceSpans {
		spans, _ := payload.Spans() // damaged on disk: as if it said nothing
		return spans
	})}, nil
}

// Restore is NewItem for what Payload and At gave, to be read from a disk.
func Restore(payload []byte, at time.Time) (*Item, error) {
	if _, err := otlp.Payload(payload).Spans(); err != nil {
		return nil, err
	}
	return NewItem(payload, at, nil)
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

// Spans are the item's spans, which must not be changed. They are decoded once, when
// they are asked for first.
func (i *Item) Spans() *tracepb.ResourceSpans { return i.decode() }

// Payload holds the spans of this item alone.
func (i *Item) Payload() otlp.Payload { return i.payload }

// At is the time of shipping.
func (i *Item) At() time.Time { return i.at }

// Token is what NewItem was given.
func (i *Item) Token() any { return i.token }

// Key names the request.
func (i *Item) Key() Key { return Key{Trace: i.head.Trace, Span: i.head.Span} }

// Digest sums up the item's content, in whatever version of tailer it was made.
func (i *Item) Digest() uint64 { return i.payload.Digest() }

// TraceID is the trace id in lower hex.
func (i *Item) TraceID() string { return hex.EncodeToString(i.head.Trace[:]) }

// Start is when the request began, UTC.
func (i *Item) Start() time.Time {
	nanoseconds := i.head.Start
	return time.Unix(int64(nanoseconds/uint64(time.Second)), int64(nanoseconds%uint64(time.Second))).UTC() // fits
}
