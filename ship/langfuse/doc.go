// Package langfuse is the sink that speaks to a Langfuse server: by OTLP to v3.22
// and later, by JSON ingestion to v2 and older v3.
//
// It provides Sink, which package ship drives, and FromEnv, which reads the
// LANGFUSE_* variables of Langfuse's own SDKs. It decides which of the two ways
// fits the server, tells what a refusal means, and reads a 207 event by event.
// It does not retry, batch or split: package ship does.
//
// Both ways write the same thing under the same ids. The JSON events are made
// from the spans, and their ids from the span ids, so that sending them again
// changes nothing. Spans sent again to a v4 server are a second row there, until
// it merges them: see Sink.
//
// Keys are of type Secret, which cannot be printed. They are sent to the host of
// Config.BaseURL only, whatever it answers.
//
// Example:
//
//	cfg, err := langfuse.FromEnv(os.LookupEnv)
//	…
//	cfg.Version = "1.2.3"
//	sink, err := langfuse.New(cfg)
//	…
//	defer sink.Close()
//	version, err := sink.Version(ctx) // "4.16.0"
package langfuse
