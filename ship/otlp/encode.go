package otlp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer"
)

const (
	scopeName        = "tailer"
	maxName          = 1000 // UTF-16 units of a span name, a trace name and a key
	maxStatusMessage = 2000 // characters
)

// Config is what the spans say about their writer.
type Config struct {
	Version string // tailer's own version; "" leaves it out
}

// Encode returns the spans of one exchange: the root first, then one for every
// attempt in order of time. It reads x and keeps no reference to it. The caller
// owns the result. Encode has no state and may be called concurrently.
func Encode(x *tailer.Exchange, cfg Config) *tracepb.ResourceSpans {
	e := encoder{x: x, cfg: cfg, traceID: TraceID(traceSeed(x)), seed: spanSeed(x), name: traceName(x)}
	spans := make([]*tracepb.Span, 0, 1+len(x.Attempts))
	root := e.root()
	spans = append(spans, root)
	for i := range x.Attempts {
		spans = append(spans, e.attempt(root.GetSpanId(), i))
	}
	return &tracepb.ResourceSpans{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{
			Key:   "service.name",
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: scopeName}},
		}}},
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: scopeName, Version: valid(cfg.Version)},
			Spans: spans,
		}},
	}
}

// encoder holds what the spans of one exchange have in common.
type encoder struct {
	x       *tailer.Exchange
	cfg     Config
	traceID []byte
	seed    string
	name    string
}

func (e *encoder) root() *tracepb.Span {
	a := newAttributes(64)
	e.shared(a, observationType(e.x))
	e.traceMetadata(a)
	answer := readAnswer(e.x)
	e.observationMetadata(a, answer.finishReason)
	e.observation(a, answer)
	span := e.span("root", e.name, e.x.Start, e.x.End, a)
	setStatus(span, e.x.Level, valid(statusMessage(e.x)))
	return span
}

func (e *encoder) attempt(parent []byte, i int) *tracepb.Span {
	try, number := &e.x.Attempts[i], strconv.Itoa(i+1)
	severity := tailer.LevelWarning
	if e.x.Level == tailer.LevelError {
		severity = tailer.LevelError
	}
	message := firstCharacters(valid(joinError(try.ErrorClass, try.Message)), maxStatusMessage)
	a := newAttributes(16)
	e.shared(a, "span")
	a.text(observationMetadataPrefix+"litellm_call_id", e.x.CallID)
	a.text(observationMetadataPrefix+"attempt", number)
	a.text(observationMetadataPrefix+"model", try.Model)
	a.text(observationMetadataPrefix+"model_group", try.ModelGroup)
	a.number(observationMetadataPrefix+"http_status", try.Status)
	a.text("langfuse.observation.level", string(severity))
	a.text("langfuse.observation.status_message", message)
	span := e.span("attempt/"+number, "attempt", try.Start, try.End, a)
	span.ParentSpanId = parent
	setStatus(span, severity, message)
	return span
}

func (e *encoder) span(role, name string, start, end time.Time, a *attributes) *tracepb.Span {
	began := nanoseconds(start)
	return &tracepb.Span{
		TraceId:           e.traceID,
		SpanId:            SpanID(e.seed, role),
		Name:              name,
		Kind:              tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: began,
		EndTimeUnixNano:   max(began, nanoseconds(end)),
		Attributes:        a.list,
	}
}

// shared adds what stands on every span, because Langfuse v4 sums costs and
// lists sessions by the rows that carry the user and the session themselves.
func (e *encoder) shared(a *attributes, kind string) {
	by := &e.x.Attribution
	a.text("user.id", by.User)
	a.text("session.id", by.Session)
	a.text("langfuse.trace.name", e.name)
	a.texts("langfuse.trace.tags", tags(by))
	a.text("langfuse.environment", by.Environment)
	a.text("langfuse.observation.type", kind)
}

func (e *encoder) observation(a *attributes, answer answer) {
	x := e.x
	if !x.Private {
		a.text("langfuse.observation.input", input(x.Request.Body))
		a.text("langfuse.observation.output", answer.output)
	}
	a.text("langfuse.observation.model.name", modelName(x.Model, x.Provider))
	a.text("langfuse.observation.model.parameters", parameters(x.Request.Body, x.Request.Rebuilt && !x.Request.Bare))
	tokens, stated := readUsage(x)
	if stated {
		a.text("langfuse.observation.usage_details", tokens.details())
	}
	cost, priced := costDetails(x)
	a.text("langfuse.observation.cost_details", cost)
	if !x.FirstToken.IsZero() {
		// Langfuse before 3.6x reads this attribute as JSON: hence the quotes.
		a.text("langfuse.observation.completion_start_time", marshal(x.FirstToken.UTC().Format(time.RFC3339Nano)))
	}
	a.text("langfuse.observation.level", string(x.Level))
	a.text("langfuse.observation.status_message", statusMessage(x))

	a.text("gen_ai.operation.name", operation(x.CallType))
	a.text("gen_ai.provider.name", x.Provider)
	a.text("gen_ai.request.model", x.Request.Body.Text("model"))
	a.text("gen_ai.response.model", x.ResponseModel)
	a.text("gen_ai.response.id", x.ResponseID)
	if stated {
		a.integer("gen_ai.usage.input_tokens", tokens.allInput())
		a.integer("gen_ai.usage.output_tokens", tokens.allOutput())
	}
	if priced {
		a.double("gen_ai.usage.cost", *x.CostTotal)
	}
	if x.Level == tailer.LevelError {
		a.text("error.type", x.ErrorClass)
	}
}

func setStatus(span *tracepb.Span, severity tailer.Level, message string) {
	if severity == tailer.LevelError {
		span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: message}
	}
}

func statusMessage(x *tailer.Exchange) string {
	if x.Level == tailer.LevelDefault || x.Level == "" {
		return ""
	}
	return firstCharacters(valid(x.StatusMessage), maxStatusMessage)
}

func joinError(class, message string) string {
	switch {
	case message == "":
		return class
	case class == "" || strings.HasPrefix(message, class):
		return message
	default:
		return class + ": " + message
	}
}

func traceName(x *tailer.Exchange) string {
	switch {
	case x.Attribution.TraceName != "":
		return cut(valid(x.Attribution.TraceName), maxName)
	case x.CallType != "":
		return cut("litellm-"+valid(x.CallType), maxName)
	default:
		return "litellm"
	}
}

// tags are sorted and unique, and name the task if there is one.
func tags(by *tailer.Attribution) []string {
	list := slices.DeleteFunc(slices.Clone(by.Tags), func(tag string) bool { return tag == "" })
	if by.Task != "" {
		list = append(list, "task:"+by.Task)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// observationType is Langfuse's type of the root. Langfuse prices and counts
// embeddings apart from generations.
func observationType(x *tailer.Exchange) string {
	route, _, _ := strings.Cut(x.Request.Route, "?")
	if x.CallType == "aembedding" || strings.HasSuffix(route, "/embeddings") {
		return "embedding"
	}
	return "generation"
}

// operation is gen_ai.operation.name of OpenTelemetry's semantic conventions,
// "" for what they have no word for.
func operation(callType string) string {
	switch callType {
	case "acompletion", "completion", "anthropic_messages", "aresponses", "responses":
		return "chat"
	case "atext_completion", "text_completion":
		return "text_completion"
	case "aembedding", "embedding":
		return "embeddings"
	default:
		return ""
	}
}
