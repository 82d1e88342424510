// Package push is the source for shippers that deliver: an HTTP handler that
// takes OTLP/HTTP logs and plain lines, and answers when they are on disk.
//
//	handler, err := push.New(spool, push.Config{Token: token})
//	http.Serve(listener, handler)
//
// It takes
//
//   - POST /v1/logs: OTLP logs, protobuf or JSON, as an OpenTelemetry Collector's
//     otlphttp exporter sends them. A record's body is its line, or lines.
//   - POST /lines: text/plain, a line a line; application/json and
//     application/x-ndjson with ?field=NAME, the member that holds the line, as
//     Vector's and Fluent Bit's http sinks send them; without ?field each object is
//     a StandardLoggingPayload, as LiteLLM's generic_api callback sends them.
//
// Bodies may be compressed by gzip or zstd. Who wrote a line (Entry.Writer) is the
// resource's pod, container, instance or host for OTLP, and ?writer=NAME for lines;
// lines of different writers are never mixed.
//
// Invariants:
//   - 2xx means that the spool has all of it. Anything else means that none of it
//     counts: the sender sends it again.
//   - A body that is malformed is refused as a whole (400), one that is too large
//     likewise (413). A full spool is 503 with Retry-After.
//   - Memory is bounded, whatever is sent, by some times Config.MaxBody: bodies on
//     their way share a little more than one, and one at a time is decoded. A sender
//     for whom there is no memory within 5 s is told to come again (503).
//
// It does not know what a line means, and it keeps nothing: Spool does.
package push
