// Package ship delivers exchanges that were turned into spans: to several sinks,
// each in batches and at its own pace, until each has every item or it is set
// aside with its reason.
//
// It provides Delivery, which batches, retries and splits; Sink, the seam to what
// takes the spans, and Asker, a sink that can tell what it has; Store, the seam to
// what outlives the process; FileSink, a sink that appends OTLP/JSON lines; and
// DeadLetters, the file of what no sink will take. Package ship/otlp makes the
// spans, ship/langfuse and ship/collector are sinks, ship/ledger is the store.
//
// An item goes this way:
//
//	Deliver ──▶ intake ──▶ Commit ──▶ lane of each sink ──▶ Send ──▶ Commit ──▶ OnResolved
//	  waits      a batch,   durable     batches, waits,      │         what was
//	  if full    or 1 s     (or known)  halves, asks         ▼         accepted
//	                                                    dead letters
//
// One goroutine commits, so that what producers brought and what sinks answered
// meanwhile shares one write to the disk; every sink has one goroutine that sends.
// Without a Store nothing is written and nothing remembered.
//
// Whoever does not know what became of a request, because no answer came or the
// process ended, asks the sink if that counts what comes twice (Asker), and else
// repeats the same bytes. What a sink does not show is missing only after its Lag,
// and after it shows what it accepted before.
//
// Invariants:
//   - A token is resolved once, and never before each sink has accepted its item,
//     or the dead letter is on disk, and the store says so.
//   - The bytes of an item do not change between tries, also after a crash.
//   - An item that a sink refuses holds nothing else back, nor does one sink
//     another.
//   - What was accepted, or waits, is not sent again, whatever it reads like now.
//
// Example:
//
//	delivery, err := ship.New(ship.Config{Store: db, DeadLetters: letters, OnResolved: resolve}, target)
//	…
//	go func() { ended <- delivery.Run(ctx) }()
//	item, err := ship.NewItem(otlp.Encode(&exchange, config), time.Now(), positions)
//	…
//	err = delivery.Deliver(ctx, item)
//	…
//	err = delivery.Flush(ctx)
package ship
