package langfuse

import (
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship"
)

const (
	environmentKey = "langfuse.environment"
	releaseKey     = "langfuse.release"
)

// stamps tells whether the configuration adds anything to the spans.
func (s *Sink) stamps() bool {
	return s.cfg.Environment != "" || s.cfg.Release != ""
}

// stamped returns the spans of item with the configured environment, where they
// have none, and release. The item itself is not touched.
func (s *Sink) stamped(item *ship.Item) *tracepb.ResourceSpans {
	from := item.Spans()
	to := &tracepb.ResourceSpans{Resource: from.GetResource(), SchemaUrl: from.GetSchemaUrl()}
	for _, scope := range from.GetScopeSpans() {
		copied := &tracepb.ScopeSpans{Scope: scope.GetScope(), SchemaUrl: scope.GetSchemaUrl()}
		for _, span := range scope.GetSpans() {
			copied.Spans = append(copied.Spans, &tracepb.Span{
				TraceId: span.GetTraceId(), SpanId: span.GetSpanId(), ParentSpanId: span.GetParentSpanId(),
				Name: span.GetName(), Kind: span.GetKind(), Status: span.GetStatus(),
				StartTimeUnixNano: span.GetStartTimeUnixNano(), EndTimeUnixNano: span.GetEndTimeUnixNano(),
				Attributes: s.stampedAttributes(span.GetAttributes()),
			})
		}
		to.ScopeSpans = append(to.ScopeSpans, copied)
	}
	return to
}

func (s *Sink) stampedAttributes(from []*commonpb.KeyValue) []*commonpb.KeyValue {
	to := slices.Clone(from)
	for _, add := range []struct{ key, value string }{{environmentKey, s.cfg.Environment}, {releaseKey, s.cfg.Release}} {
		taken := slices.ContainsFunc(from, func(a *commonpb.KeyValue) bool { return a.GetKey() == add.key })
		if add.value != "" && !taken {
			to = append(to, &commonpb.KeyValue{
				Key:   add.key,
				Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: add.value}},
			})
		}
	}
	return to
}
