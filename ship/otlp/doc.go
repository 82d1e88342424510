// Package otlp turns one tailer.Exchange into OpenTelemetry spans: a root span
// that is the observation, and a child span for every failed attempt that
// another attempt followed.
//
// It provides Encode, which is pure, Payload, the spans as protobuf has them on the
// wire, and AppendLine, which writes them as one line of OTLP/JSON. It does not send anything, does not decide who asked (that
// is tailer.Attribution, filled before) and does not remove secrets: what it is
// given, it writes.
//
// Invariants:
//   - The same exchange gives the same bytes, on any machine, in any run. Ids
//     depend on the exchange alone.
//   - No attribute is empty, null or there twice; all text is valid UTF-8.
//   - The end of a span is never before its start, and every child's parent is
//     in the same ResourceSpans.
//   - An exchange that is Private gives no input, output or tools.
//
// Example:
//
//	payload := otlp.Encode(&exchange, otlp.Config{Version: "1.2.3"})
//	line = otlp.AppendLine(line[:0], payload)
package otlp
