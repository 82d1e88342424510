// Package pipeline joins the stages: lines become records, records exchanges,
// exchanges are enriched and handed to delivery. It knows its stages by the
// small interfaces it declares; cmd/tailer builds them.
//
// Every stage sees a log in its order, so that the same bytes always give the same
// exchanges in the same order. With Threads above 1, finding records, decoding, pairing,
// enrichment and delivery of a file have a goroutine each, decoding two with Threads above
// 2, and pass batches on; a live pipe has one more
// goroutine than one, which reads, so that a pause in the pipe can be told from
// its end. Of a log that is followed, exchanges are completed and handed to delivery
// in a second goroutine; what it has not handed on yet counts as being paired.
//
//	run := pipeline.Run{Lines: reader, Records: parser, Pairs: table, Enrich: enricher, Deliver: deliver}
//	err := run.File(ctx)
//
// Shutdown: when the context ends, reading stops. Of a file nothing that was
// still open is handed out, it is read again next time; of a pipe, which cannot
// be read again, everything is.
package pipeline
