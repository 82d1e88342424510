// Package ship delivers exchanges that were turned into spans: in batches, in
// order, until each is delivered or set aside with its reason.
//
// It provides Shipper, which batches, retries and splits; Sink, the seam to what
// takes the spans; FileSink, a sink that appends OTLP/JSON lines; and
// DeadLetters, the file of what no sink will take. Package ship/otlp makes the
// spans, package ship/langfuse is the sink that speaks to Langfuse.
//
// It does not spool to disk: what is pending when the process ends was not
// resolved, so its log lines are read again. It starts no goroutine and has no
// timer: Deliver sends full batches, and a caller with nothing more to deliver
// for now calls Flush. One batch is in flight at a time, on the caller's
// goroutine: a caller that waits is how backpressure reaches the log file, which
// is patient.
//
// Invariants:
//   - An item is resolved once, as Delivered or DeadLettered, and never before
//     the sink has accepted it or the dead letter is on disk.
//   - The bytes of an item do not change between tries.
//   - An item that the sink refuses holds nothing else back.
//
// Example:
//
//	sink, err := ship.NewFileSink("spans.jsonl", nil)
//	…
//	shipper, err := ship.New(sink, ship.Config{DeadLetters: ship.NewDeadLetters("dead.jsonl"), OnResolved: resolve})
//	…
//	item, err := ship.NewItem(otlp.Encode(&exchange, config), time.Now(), positions)
//	…
//	err = shipper.Deliver(ctx, item)
//	…
//	err = shipper.Flush(ctx)
package ship
