package langfuse

import (
	"encoding/json"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// attributes are those of one span, by name.
type attributes struct {
	text map[string]string
	tags []string
}

func readAttributes(span *tracepb.Span) *attributes {
	a := &attributes{text: make(map[string]string, len(span.GetAttributes()))}
	for _, attribute := range span.GetAttributes() {
		if attribute.GetKey() == "langfuse.trace.tags" {
			for _, tag := range attribute.GetValue().GetArrayValue().GetValues() {
				a.tags = append(a.tags, tag.GetStringValue())
			}
			continue
		}
		a.text[attribute.GetKey()] = attribute.GetValue().GetStringValue()
	}
	return a
}

// json is an attribute that holds JSON, nil when it is absent.
func (a *attributes) json(key string) json.RawMessage {
	if value := a.text[key]; json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	return nil
}

// into decodes an attribute that holds JSON into target, if it is there.
func (a *attributes) into(key string, target any) {
	if value := a.text[key]; value != "" {
		_ = json.Unmarshal([]byte(value), target) // of another type: as if absent
	}
}

// model is the name that prices are found by, in the order in which the server
// reads the attributes of spans.
func (a *attributes) model() string {
	for _, key := range []string{"langfuse.observation.model.name", "gen_ai.response.model", "gen_ai.request.model"} {
		if value := a.text[key]; value != "" {
			return value
		}
	}
	return ""
}

// metadata is what stands under prefix. The two long values are objects, which
// the server makes of them when they come by OTLP; all others are texts.
func (a *attributes) metadata(prefix string) map[string]json.RawMessage {
	found := make(map[string]json.RawMessage)
	for key, value := range a.text {
		name, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if object := a.json(key); object != nil && (name == "request_headers" || name == "request_metadata") {
			found[name] = object
			continue
		}
		if text, err := json.Marshal(value); err == nil {
			found[name] = text
		}
	}
	return found
}
