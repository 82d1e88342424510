package main

import (
	"encoding/hex"

	"tailer"
	"tailer/ship/otlp"
)

// idsOf are the trace and span id that tailer gives a request.
func idsOf(x *tailer.Exchange) (trace, span string) {
	root := otlp.Encode(x, otlp.Config{Version: version}).GetScopeSpans()[0].GetSpans()[0]
	return hex.EncodeToString(root.GetTraceId()), hex.EncodeToString(root.GetSpanId())
}
