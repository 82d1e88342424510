package main

import (
	"encoding/hex"

	"tailer"
	"tailer/ship/otlp"
)

// idsOf are the trace and span id that tailer gives a request.
func idsOf(x *tailer.Exchange) (trace, span string) {
	head, _ := otlp.Encode(x, otlp.Config{Version: version}).Head() // it was just made
	return hex.EncodeToString(head.Trace[:]), hex.EncodeToString(head.Span[:])
}
