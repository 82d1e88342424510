package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// AppendLine appends one OTLP/JSON ExportTraceServiceRequest and a newline to
// dst and returns it. The line has no other newline. Ids are lower hex and
// 64-bit integers strings, as OTLP 1.x wants; protobuf's own JSON would give
// base64 ids and random white space. Members with their default value are left
// out. What tailer never sets (links, events, trace state) is not written.
func AppendLine(dst []byte, groups ...*tracepb.ResourceSpans) []byte {
	dst = append(dst, `{"resourceSpans":[`...)
	for i, group := range groups {
		dst = comma(dst, i)
		dst = append(dst, '{')
		if attributes := group.GetResource().GetAttributes(); len(attributes) > 0 {
			dst = append(dst, `"resource":{`...)
			dst = append(appendAttributes(dst, attributes), '}', ',')
		}
		dst = append(dst, `"scopeSpans":[`...)
		for j, scope := range group.GetScopeSpans() {
			dst = appendScope(comma(dst, j), scope)
		}
		dst = append(dst, ']', '}')
	}
	return append(dst, "]}\n"...)
}

func appendScope(dst []byte, scope *tracepb.ScopeSpans) []byte {
	dst = append(dst, `{"scope":{"name":`...)
	dst = appendString(dst, scope.GetScope().GetName())
	if version := scope.GetScope().GetVersion(); version != "" {
		dst = append(dst, `,"version":`...)
		dst = appendString(dst, version)
	}
	dst = append(dst, `},"spans":[`...)
	for i, span := range scope.GetSpans() {
		dst = appendSpan(comma(dst, i), span)
	}
	return append(dst, ']', '}')
}

func appendSpan(dst []byte, span *tracepb.Span) []byte {
	dst = append(dst, `{"traceId":"`...)
	dst = hex.AppendEncode(dst, span.GetTraceId())
	dst = append(dst, `","spanId":"`...)
	dst = hex.AppendEncode(dst, span.GetSpanId())
	if parent := span.GetParentSpanId(); len(parent) > 0 {
		dst = append(dst, `","parentSpanId":"`...)
		dst = hex.AppendEncode(dst, parent)
	}
	dst = append(dst, `","name":`...)
	dst = appendString(dst, span.GetName())
	dst = append(dst, `,"kind":`...)
	dst = strconv.AppendInt(dst, int64(span.GetKind()), 10)
	dst = append(dst, `,"startTimeUnixNano":"`...)
	dst = strconv.AppendUint(dst, span.GetStartTimeUnixNano(), 10)
	dst = append(dst, `","endTimeUnixNano":"`...)
	dst = strconv.AppendUint(dst, span.GetEndTimeUnixNano(), 10)
	dst = append(dst, '"', ',')
	dst = appendAttributes(dst, span.GetAttributes())
	if status := span.GetStatus(); status.GetCode() != tracepb.Status_STATUS_CODE_UNSET {
		dst = append(dst, `,"status":{"code":`...)
		dst = strconv.AppendInt(dst, int64(status.GetCode()), 10)
		if status.GetMessage() != "" {
			dst = append(dst, `,"message":`...)
			dst = appendString(dst, status.GetMessage())
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func appendAttributes(dst []byte, attributes []*commonpb.KeyValue) []byte {
	dst = append(dst, `"attributes":[`...)
	dst = appendPairs(dst, attributes)
	return append(dst, ']')
}

func appendPairs(dst []byte, pairs []*commonpb.KeyValue) []byte {
	for i, pair := range pairs {
		dst = append(comma(dst, i), `{"key":`...)
		dst = appendString(dst, pair.GetKey())
		dst = append(dst, `,"value":`...)
		dst = append(appendValue(dst, pair.GetValue()), '}')
	}
	return dst
}

func appendValue(dst []byte, value *commonpb.AnyValue) []byte {
	switch v := value.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		dst = append(dst, `{"stringValue":`...)
		dst = appendString(dst, v.StringValue)
	case *commonpb.AnyValue_BoolValue:
		dst = append(dst, `{"boolValue":`...)
		dst = strconv.AppendBool(dst, v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		dst = append(dst, `{"intValue":"`...)
		dst = strconv.AppendInt(dst, v.IntValue, 10)
		dst = append(dst, '"')
	case *commonpb.AnyValue_DoubleValue:
		dst = append(dst, `{"doubleValue":`...)
		dst = appendDouble(dst, v.DoubleValue)
	case *commonpb.AnyValue_BytesValue:
		dst = append(dst, `{"bytesValue":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.BytesValue)
		dst = append(dst, '"')
	case *commonpb.AnyValue_ArrayValue:
		dst = append(dst, `{"arrayValue":{"values":[`...)
		for i, element := range v.ArrayValue.GetValues() {
			dst = appendValue(comma(dst, i), element)
		}
		dst = append(dst, ']', '}')
	case *commonpb.AnyValue_KvlistValue:
		dst = append(dst, `{"kvlistValue":{"values":[`...)
		dst = appendPairs(dst, v.KvlistValue.GetValues())
		dst = append(dst, ']', '}')
	default:
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// appendDouble writes a double as protobuf's JSON does: what JSON has no number
// for is a string.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	text, err := json.Marshal(f)
	if err != nil { // finite numbers always have a JSON form
		return append(dst, '0')
	}
	return append(dst, text...)
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

// appendString writes a JSON string. Spans hold prompts as JSON in a string, so
// quotes and backslashes are the common case; json.Marshal would scan the text
// several times and escape <, > and &. U+2028 and U+2029 are escaped, because
// some readers take them for the end of a line.
func appendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if i += plainEnd(view(s[i:])); i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c >= ' ' && c != '"' && c != '\\' {
				continue
			}
			dst = append(dst, s[from:i-1]...)
			from = i
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[from:i]...)
			dst = append(dst, "\uFFFD"...)
			from = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, digits[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(append(dst, s[from:]...), '"')
}
