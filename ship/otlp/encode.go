package otlp

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
func Encode(x *tailer.Exchange, cfg Config) Payload {
	e := encoders.Get().(*encoder) // of nothing else
	e.x, e.cfg, e.seed, e.name = x, cfg, spanSeed(x), traceName(x)
	e.traceID = TraceID(traceSeed(x))
	e.root()
	for i := range x.Attempts {
		e.attempt(i)
	}
	payload := e.payload()
	if cap(e.spans)+cap(e.around)+cap(e.a.wire) <= maxKept {
		e.a.reset()
		*e = encoder{a: e.a, around: e.around[:0], spans: e.spans[:0]}
		encoders.Put(e)
	}
	return payload
}

// maxKept is how many bytes of buffers wait for the next exchange: one giant prompt
// must not stay in memory.
const maxKept = 1 << 20

var encoders = sync.Pool{New: func() any { return &encoder{} }}

// encoder holds what the spans of one exchange have in common, and those that are
// ready, each as a field of ScopeSpans.
type encoder struct {
	x       *tailer.Exchange
	cfg     Config
	traceID []byte
	rootID  []byte
	seed    string
	name    string
	a       attributes // of the span that is being made
	around  []byte     // what is before and behind them
	spans   []byte
}

// resource is what every payload says of its writer.
var resource = appendBytes(nil, resourceAttributesField,
	appendBytes(appendText(nil, keyField, "service.name"), valueField, appendText(nil, stringField, scopeName)))

// payload puts around the spans what they share.
func (e *encoder) payload() Payload {
	scope := appendText(e.around[:0], scopeNameField, scopeName)
	if version := valid(e.cfg.Version); version != "" {
		scope = appendText(scope, scopeVersionField, version)
	}
	scopeSpans := sizeOf(scopeField, len(scope)) + len(e.spans)
	group := sizeOf(resourceField, len(resource)) + sizeOf(scopeSpansField, scopeSpans)

	p := make([]byte, 0, sizeOf(resourceSpansField, group))
	p = appendHead(p, resourceSpansField, group)
	p = appendBytes(p, resourceField, resource)
	p = appendHead(p, scopeSpansField, scopeSpans)
	p = appendBytes(p, scopeField, scope)
	return append(p, e.spans...)
}

func (e *encoder) root() {
	a := &e.a
	e.shared(a, observationType(e.x))
	e.traceMetadata(a)
	answer := readAnswer(e.x)
	e.observationMetadata(a, answer.finishReason)
	e.observation(a, answer)
	e.rootID = SpanID(e.seed, "root")
	e.span(&span{id: e.rootID, name: e.name, start: e.x.Start, end: e.x.End, severity: e.x.Level, message: valid(statusMessage(e.x))})
}

func (e *encoder) attempt(i int) {
	try, number := &e.x.Attempts[i], strconv.Itoa(i+1)
	severity := tailer.LevelWarning
	if e.x.Level == tailer.LevelError {
		severity = tailer.LevelError
	}
	message := firstCharacters(valid(joinError(try.ErrorClass, try.Message)), maxStatusMessage)
	a := &e.a
	e.shared(a, "span")
	a.text(observationMetadataPrefix+"litellm_call_id", e.x.CallID)
	a.text(observationMetadataPrefix+"attempt", number)
	a.text(observationMetadataPrefix+"model", try.Model)
	a.text(observationMetadataPrefix+"model_group", try.ModelGroup)
	a.number(observationMetadataPrefix+"http_status", try.Status)
	a.text("langfuse.observation.level", string(severity))
	a.text("langfuse.observation.status_message", message)
	e.span(&span{
		id: SpanID(e.seed, "attempt/"+number), parent: e.rootID, name: "attempt", start: try.Start, end: try.End,
		severity: severity, message: message,
	})
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
