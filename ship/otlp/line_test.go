package otlp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func TestAppendLine(t *testing.T) {
	group := &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{{
		Scope: &commonpb.InstrumentationScope{Name: "tailer", Version: "1"},
		Spans: []*tracepb.Span{{
			TraceId: bytes.Repeat([]byte{0xab}, 16), SpanId: bytes.Repeat([]byte{1}, 8), ParentSpanId: bytes.Repeat([]byte{2}, 8),
			Name: "attempt", Kind: tracepb.Span_SPAN_KIND_INTERNAL, StartTimeUnixNano: math.MaxUint64, EndTimeUnixNano: math.MaxUint64,
			Attributes: []*commonpb.KeyValue{
				pair("s", &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "<\"\\\n\t\r\x01\u2028é?>"}}),
				pair("i", &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: math.MinInt64}}),
				pair("d", &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 5.505e-05}}),
				pair("n", &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: math.NaN()}}),
				pair("b", &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}}),
				pair("y", &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte("hi")}}),
				pair("none", nil),
			},
			Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "no"},
		}},
	}}}
	const want = `{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"tailer","version":"1"},"spans":[{` +
		`"traceId":"abababababababababababababababab","spanId":"0101010101010101","parentSpanId":"0202020202020202",` +
		`"name":"attempt","kind":1,"startTimeUnixNano":"18446744073709551615","endTimeUnixNano":"18446744073709551615",` +
		`"attributes":[{"key":"s","value":{"stringValue":"<\"\\\n\t\r\u0001\u2028é` + "\uFFFD" + `>"}},` +
		`{"key":"i","value":{"intValue":"-9223372036854775808"}},{"key":"d","value":{"doubleValue":0.00005505}},` +
		`{"key":"n","value":{"doubleValue":"NaN"}},{"key":"b","value":{"boolValue":true}},` +
		`{"key":"y","value":{"bytesValue":"aGk="}},{"key":"none","value":{}}],` +
		`"status":{"code":2,"message":"no"}}]}]}]}` + "\n"
	payload, err := PayloadOf(group)
	if err != nil {
		t.Fatal(err)
	}
	payload = bytes.Replace(payload, []byte("?"), []byte{0xff}, 1) // protobuf itself refuses to write it
	if got := string(AppendLine(nil, payload)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Decoded with encoding/json, a line says what the protobuf message says.
func FuzzAppendLine(f *testing.F) {
	f.Add([]byte(Encode(fullExchange(), Config{Version: "1"})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkJSON(t, AppendLine(nil, raw))
		_, headErr := Payload(raw).Head()
		var request tracepb.TracesData
		err := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, &request)
		if err == nil && len(request.GetResourceSpans()) == 1 && headErr != nil && !errors.Is(headErr, errNoSpans) {
			t.Errorf("no head: %v", headErr)
		}
		if err != nil || len(request.GetResourceSpans()) != 1 {
			return
		}
		// What protobuf would join, or put in order, is so on disk.
		group := request.GetResourceSpans()[0]
		payload, err := PayloadOf(group)
		if err != nil {
			t.Fatal(err)
		}
		checkLine(t, payload, group)
	})
}

type jsonValue struct {
	StringValue *string                      `json:"stringValue"`
	BoolValue   *bool                        `json:"boolValue"`
	IntValue    *string                      `json:"intValue"`
	DoubleValue any                          `json:"doubleValue"`
	BytesValue  []byte                       `json:"bytesValue"`
	ArrayValue  *jsonArray                   `json:"arrayValue"`
	KvlistValue *struct{ Values []jsonPair } `json:"kvlistValue"`
}

type jsonArray struct{ Values []jsonValue }

type jsonPair struct {
	Key   string
	Value jsonValue
}

type jsonSpan struct {
	TraceID, SpanID, ParentSpanID      string
	Name                               string
	Kind                               int32
	StartTimeUnixNano, EndTimeUnixNano string
	Attributes                         []jsonPair
	Status                             struct {
		Code    int32
		Message string
	}
}

type jsonLine struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes []jsonPair }
		ScopeSpans []struct {
			Scope struct{ Name, Version string }
			Spans []jsonSpan
		}
	}
}

func checkJSON(t *testing.T, line []byte) {
	t.Helper()
	if bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Fatalf("not one line: %q", line)
	}
	if !json.Valid(line) {
		t.Fatalf("not JSON: %q", line)
	}
}

func checkLine(t *testing.T, payload Payload, group *tracepb.ResourceSpans) {
	t.Helper()
	line := AppendLine(nil, payload)
	checkJSON(t, line)
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var got jsonLine
	if err := decoder.Decode(&got); err != nil {
		t.Fatalf("decode %q: %v", line, err)
	}
	if back := messageOf(t, got); !sameSpans(back, group) {
		t.Errorf("line says %v\nspans say %v", back, group)
	}
}

// messageOf turns a decoded line back into the message it was written from.
func messageOf(t *testing.T, line jsonLine) *tracepb.ResourceSpans {
	t.Helper()
	group := &tracepb.ResourceSpans{Resource: &resourcepb.Resource{Attributes: pairsOf(t, line.ResourceSpans[0].Resource.Attributes)}}
	for _, s := range line.ResourceSpans[0].ScopeSpans {
		scope := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: s.Scope.Name, Version: s.Scope.Version}}
		for _, span := range s.Spans {
			scope.Spans = append(scope.Spans, &tracepb.Span{
				TraceId: unhex(t, span.TraceID), SpanId: unhex(t, span.SpanID), ParentSpanId: unhex(t, span.ParentSpanID),
				Name: span.Name, Kind: tracepb.Span_SpanKind(span.Kind),
				StartTimeUnixNano: number(t, span.StartTimeUnixNano), EndTimeUnixNano: number(t, span.EndTimeUnixNano),
				Attributes: pairsOf(t, span.Attributes),
				Status:     &tracepb.Status{Code: tracepb.Status_StatusCode(span.Status.Code), Message: span.Status.Message},
			})
		}
		group.ScopeSpans = append(group.ScopeSpans, scope)
	}
	return group
}

func pairsOf(t *testing.T, pairs []jsonPair) (out []*commonpb.KeyValue) {
	t.Helper()
	for _, p := range pairs {
		out = append(out, pair(p.Key, valueOf(t, p.Value)))
	}
	return out
}

func valueOf(t *testing.T, v jsonValue) *commonpb.AnyValue {
	t.Helper()
	switch {
	case v.StringValue != nil:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: *v.StringValue}}
	case v.BoolValue != nil:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: *v.BoolValue}}
	case v.IntValue != nil:
		n, err := strconv.ParseInt(*v.IntValue, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}}
	case v.DoubleValue != nil:
		f, ok := v.DoubleValue.(float64)
		if !ok {
			f = map[any]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[v.DoubleValue]
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: f}}
	case v.BytesValue != nil:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: v.BytesValue}}
	case v.ArrayValue != nil:
		array := &commonpb.ArrayValue{}
		for _, element := range v.ArrayValue.Values {
			array.Values = append(array.Values, valueOf(t, element))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: array}}
	case v.KvlistValue != nil:
		list := &commonpb.KeyValueList{Values: pairsOf(t, v.KvlistValue.Values)}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: list}}
	default:
		return nil
	}
}

// sameSpans compares what a line can say: invalid UTF-8 is replaced, and what
// tailer never sets is not there.
func sameSpans(got, want *tracepb.ResourceSpans) bool {
	return strings.ToValidUTF8(normal(got), "\uFFFD") == strings.ToValidUTF8(normal(want), "\uFFFD")
}

func normal(group *tracepb.ResourceSpans) string {
	var out strings.Builder
	write := func(pairs []*commonpb.KeyValue) {
		for _, p := range pairs {
			value, err := proto.MarshalOptions{Deterministic: true}.Marshal(plain(p.GetValue()))
			out.WriteString(strconv.Quote(p.GetKey()) + "=" + string(value))
			if err != nil {
				out.WriteString(err.Error())
			}
		}
	}
	write(group.GetResource().GetAttributes())
	for _, scope := range group.GetScopeSpans() {
		out.WriteString("\nscope " + scope.GetScope().GetName() + " " + scope.GetScope().GetVersion())
		for _, span := range scope.GetSpans() {
			message := span.GetStatus().GetMessage()
			if span.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_UNSET {
				message = ""
			}
			out.WriteString(strings.Join([]string{
				"\nspan", hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId()), hex.EncodeToString(span.GetParentSpanId()),
				span.GetName(), strconv.Itoa(int(span.GetKind())), strconv.FormatUint(span.GetStartTimeUnixNano(), 10),
				strconv.FormatUint(span.GetEndTimeUnixNano(), 10), strconv.Itoa(int(span.GetStatus().GetCode())), message,
			}, " "))
			write(span.GetAttributes())
		}
	}
	return out.String()
}

// plain removes what JSON does not tell apart: an absent value and one of a kind
// that a line does not write, nil and empty bytes, different NaNs.
func plain(value *commonpb.AnyValue) *commonpb.AnyValue {
	switch v := value.GetValue().(type) {
	case *commonpb.AnyValue_DoubleValue:
		if math.IsNaN(v.DoubleValue) {
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: math.NaN()}}
		}
	case *commonpb.AnyValue_ArrayValue:
		array := &commonpb.ArrayValue{}
		for _, element := range v.ArrayValue.GetValues() {
			array.Values = append(array.Values, plain(element))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: array}}
	case *commonpb.AnyValue_KvlistValue:
		list := &commonpb.KeyValueList{}
		for _, p := range v.KvlistValue.GetValues() {
			list.Values = append(list.Values, &commonpb.KeyValue{Key: p.GetKey(), Value: plain(p.GetValue())})
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: list}}
	case *commonpb.AnyValue_StringValue, *commonpb.AnyValue_BoolValue, *commonpb.AnyValue_IntValue, *commonpb.AnyValue_BytesValue:
	default:
		return &commonpb.AnyValue{}
	}
	return value
}

func pair(key string, value *commonpb.AnyValue) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: value}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
