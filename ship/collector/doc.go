// Package collector sends spans to any back end that takes OTLP over HTTP, in
// protobuf: an OpenTelemetry Collector, Tempo, Phoenix, SigNoz.
//
// It provides Sink. It does not ask the back end anything: a request whose
// outcome is not known is repeated as it was, and whether that makes one span or
// two is the back end's affair.
//
//	sink, err := collector.New(collector.Config{URL: "http://127.0.0.1:4318"})
//
// What an answer means is settled by OTLP 1.x: 429, 502, 503 and 504 may be tried
// again, and a 200 may say that some spans were rejected for ever. Against the
// letter of it, every other 5xx and 404 are tried again too: they are an
// operator's to mend, and nothing is lost by waiting.
package collector
