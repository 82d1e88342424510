package otlp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// ParseLine reads a line of AppendLine back. It takes what tailer writes, and no
// more of OTLP/JSON than that: kinds of values that tailer never sets are errors.
func ParseLine(line []byte) ([]*tracepb.ResourceSpans, error) {
	var request struct {
		ResourceSpans []struct {
			Resource struct {
				Attributes []writtenPair `json:"attributes"`
			} `json:"resource"`
			ScopeSpans []struct {
				Scope struct {
					Name    string `json:"name"`
					Version string `json:"version"`
				} `json:"scope"`
				Spans []writtenSpan `json:"spans"`
			} `json:"scopeSpans"`
		} `json:"resourceSpans"`
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, fmt.Errorf("parse OTLP/JSON: %w", err)
	}
	var groups []*tracepb.ResourceSpans
	for _, r := range request.ResourceSpans {
		attributes, err := pairs(r.Resource.Attributes)
		if err != nil {
			return nil, err
		}
		group := &tracepb.ResourceSpans{Resource: &resourcepb.Resource{Attributes: attributes}}
		for _, s := range r.ScopeSpans {
			scope := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: s.Scope.Name, Version: s.Scope.Version}}
			for i := range s.Spans {
				span, err := s.Spans[i].message()
				if err != nil {
					return nil, err
				}
				scope.Spans = append(scope.Spans, span)
			}
			group.ScopeSpans = append(group.ScopeSpans, scope)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

type writtenSpan struct {
	TraceID      string        `json:"traceId"`
	SpanID       string        `json:"spanId"`
	ParentSpanID string        `json:"parentSpanId"`
	Name         string        `json:"name"`
	Kind         int32         `json:"kind"`
	Start        uint64        `json:"startTimeUnixNano,string"`
	End          uint64        `json:"endTimeUnixNano,string"`
	Attributes   []writtenPair `json:"attributes"`
	Status       *struct {
		Code    int32  `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
}

func (s *writtenSpan) message() (*tracepb.Span, error) {
	span := &tracepb.Span{
		Name: s.Name, Kind: tracepb.Span_SpanKind(s.Kind), StartTimeUnixNano: s.Start, EndTimeUnixNano: s.End,
	}
	for _, id := range []struct {
		to   *[]byte
		text string
		size int
	}{{&span.TraceId, s.TraceID, traceIDBytes}, {&span.SpanId, s.SpanID, spanIDBytes}, {&span.ParentSpanId, s.ParentSpanID, spanIDBytes}} {
		raw, err := hex.DecodeString(id.text)
		if err != nil || len(raw) != id.size && len(raw) != 0 {
			return nil, fmt.Errorf("parse OTLP/JSON: %q is no id", id.text)
		}
		if len(raw) > 0 {
			*id.to = raw
		}
	}
	if s.Status != nil {
		span.Status = &tracepb.Status{Code: tracepb.Status_StatusCode(s.Status.Code), Message: s.Status.Message}
	}
	var err error
	span.Attributes, err = pairs(s.Attributes)
	return span, err
}

type writtenPair struct {
	Key   string       `json:"key"`
	Value writtenValue `json:"value"`
}

type writtenValue struct {
	Text    *string         `json:"stringValue"`
	Bool    *bool           `json:"boolValue"`
	Integer *string         `json:"intValue"`
	Double  json.RawMessage `json:"doubleValue"`
	Array   *struct {
		Values []writtenValue `json:"values"`
	} `json:"arrayValue"`
}

func pairs(from []writtenPair) ([]*commonpb.KeyValue, error) {
	var to []*commonpb.KeyValue
	for i := range from {
		value, err := from[i].Value.message()
		if err != nil {
			return nil, fmt.Errorf("parse OTLP/JSON: attribute %q: %w", from[i].Key, err)
		}
		to = append(to, &commonpb.KeyValue{Key: from[i].Key, Value: value})
	}
	return to, nil
}

func (v *writtenValue) message() (*commonpb.AnyValue, error) {
	switch {
	case v.Text != nil:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: *v.Text}}, nil
	case v.Bool != nil:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: *v.Bool}}, nil
	case v.Integer != nil:
		n, err := strconv.ParseInt(*v.Integer, 10, 64)
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}}, err
	case v.Double != nil:
		f, err := double(v.Double)
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: f}}, err
	case v.Array != nil:
		list := &commonpb.ArrayValue{}
		for i := range v.Array.Values {
			element, err := v.Array.Values[i].message()
			if err != nil {
				return nil, err
			}
			list.Values = append(list.Values, element)
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}, nil
	}
	return nil, fmt.Errorf("a value of a kind that tailer does not write")
}

// double reads what appendDouble wrote.
func double(raw json.RawMessage) (float64, error) {
	switch string(raw) {
	case `"NaN"`:
		return math.NaN(), nil
	case `"Infinity"`:
		return math.Inf(1), nil
	case `"-Infinity"`:
		return math.Inf(-1), nil
	}
	var f float64
	err := json.Unmarshal(raw, &f)
	return f, err
}
