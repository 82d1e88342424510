package ship

import (
	"bytes"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// TestAppendAttribute compares with protobuf's library: digests are kept on disk, and
// a request whose digest has changed counts as another one.
func TestAppendAttribute(t *testing.T) {
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	for _, test := range []struct {
		name string
		a    *commonpb.KeyValue
	}{
		{"text", &commonpb.KeyValue{Key: "user.id", Value: text("ana@example.com")}},
		{"empty text", &commonpb.KeyValue{Key: "user.id", Value: text("")}},
		{"long text", &commonpb.KeyValue{Key: strings.Repeat("k", 200), Value: text(strings.Repeat("ä", 70000))}},
		{"no key", &commonpb.KeyValue{Value: text("x")}},
		{"no value", &commonpb.KeyValue{Key: "x"}},
		{"not UTF-8", &commonpb.KeyValue{Key: "x", Value: text("\xff")}},
		{"key not UTF-8", &commonpb.KeyValue{Key: "\xff", Value: text("x")}},
		{"number", &commonpb.KeyValue{Key: "x", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: -7}}}},
		{"list", &commonpb.KeyValue{Key: "x", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{
			ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{text("a"), text("b")}}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, wantErr := proto.MarshalOptions{Deterministic: true}.Marshal(test.a)
			got, err := appendAttribute([]byte("before"), test.a)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("error %v, want %v", err, wantErr)
			}
			if err == nil && !bytes.Equal(got, append([]byte("before"), want...)) {
				t.Errorf("%x\nwant %x", got, want)
			}
		})
	}
}
