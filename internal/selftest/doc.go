// Package selftest follows made-up requests on their way: from the client's
// headers through a proxy into its log and into Langfuse.
//
// It provides Probe, a request with the headers that Open WebUI forwards and with
// values that stand for nobody; Probe.Send, which sends it as a client would; Live,
// which reads a log that still grows; and Compare, which tells for every field
// where it arrived.
//
// It reads no log itself and knows neither LiteLLM's records nor Langfuse's API:
// what was found is shown to it as names and values.
//
// Values end in .invalid (RFC 2606) or hold the run's random id, so that nobody is
// taken for a person, and one run is never taken for another.
package selftest
