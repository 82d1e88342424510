package ship

import (
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/ship/otlp"
)

// userKey is the attribute of a span that names its user.
const userKey = "user.id"

// User is whom the item's root span names, "" for nobody.
func (i *Item) User() string { return UserOf(i.Spans()) }

// UserOf is whom the root of the spans names, "" for nobody.
func UserOf(spans *tracepb.ResourceSpans) string {
	for _, a := range otlp.Root(spans).GetAttributes() {
		if a.GetKey() == userKey {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
