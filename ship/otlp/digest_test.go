package otlp

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// slowDigest is digest from the spans themselves.
func slowDigest(t *testing.T, spans *tracepb.ResourceSpans) uint64 {
	t.Helper()
	sum := sha256.New()
	add := func(n uint64) { sum.Write(binary.BigEndian.AppendUint64(nil, n)) }
	for _, scope := range spans.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			sum.Write(span.GetSpanId())
			add(span.GetStartTimeUnixNano())
			add(span.GetEndTimeUnixNano())
			for _, a := range span.GetAttributes() {
				if a.GetKey() == versionKey {
					continue
				}
				text, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
				if err != nil {
					t.Fatal(err)
				}
				add(uint64(len(text)))
				sum.Write(text)
			}
		}
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

// TestDigest compares with a digest of the spans themselves. Digests are kept on disk:
// a request whose digest has changed counts as another one.
func TestDigest(t *testing.T) {
	text := func(key, s string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}}
	}
	number := &commonpb.KeyValue{Key: "n", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: -7}}}
	span := func(id string, start, end uint64, attributes ...*commonpb.KeyValue) *tracepb.Span {
		return &tracepb.Span{TraceId: []byte("0123456789abcdef"), SpanId: []byte(id), Name: "chat", Kind: tracepb.Span_SPAN_KIND_CLIENT,
			StartTimeUnixNano: start, EndTimeUnixNano: end, Attributes: attributes, Status: &tracepb.Status{Message: "x"}}
	}
	seen := map[uint64]string{}
	for _, test := range []struct {
		name  string
		spans []*tracepb.Span
	}{
		{"none", nil},
		{"no attributes", []*tracepb.Span{span("abcdefgh", 1, 2)}},
		{"no times", []*tracepb.Span{span("abcdefgh", 0, 0)}},
		{"another end", []*tracepb.Span{span("abcdefgh", 1, 3)}},
		{"attributes", []*tracepb.Span{span("abcdefgh", 1, 2, text("user.id", "ana"), number, text("empty", ""), text("", "no key"))}},
		{"another user", []*tracepb.Span{span("abcdefgh", 1, 2, text("user.id", "bob"), number, text("empty", ""), text("", "no key"))}},
		{"long", []*tracepb.Span{span("abcdefgh", 1, 2, text("input", strings.Repeat("ä", 70000)))}},
		{"two spans", []*tracepb.Span{span("abcdefgh", 1, 2, number), span("ijklmnop", 3, 4, text("a", "b"))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spans := &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{{Spans: test.spans}}}
			payload, err := PayloadOf(spans)
			if err != nil {
				t.Fatal(err)
			}
			got, want := payload.Digest(), slowDigest(t, spans)
			if got != want {
				t.Errorf("%x, want %x", got, want)
			}
			if other, ok := seen[got]; ok {
				t.Errorf("the same as of %q", other)
			}
			seen[got] = test.name
			for _, s := range test.spans {
				s.Attributes = append(s.Attributes, text(versionKey, "9.9"))
			}
			if payload, err = PayloadOf(spans); err != nil {
				t.Fatal(err)
			}
			if payload.Digest() != want {
				t.Error("another version of tailer is other content")
			}
			payload[:len(payload)/2].Digest() // damaged on disk: anything but a panic
		})
	}
}
