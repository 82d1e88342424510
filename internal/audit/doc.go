// Package audit compares the requests of a log with what Langfuse shows of them,
// hour by hour: which are missing, which are there twice, which are under another
// user or under none. It also says which of them LiteLLM's own callback lost.
//
// It provides Auditor, which is told the requests (Add) and then asks for what is
// there (Compare), in order of time. It asks nobody itself, and knows neither
// parsing nor Langfuse's API: observations come from a function.
//
// A request and an observation belong together by the ids that tailer gives, else
// by LiteLLM's call id, by the id of the provider's answer, or by a trace id that is
// made of the call id. Observations that nothing joins to a request of the log are
// counted, and judge nothing.
//
// Invariants:
//   - Every request is in exactly one hour, and is found, missing or too recent.
//   - Memory holds the requests of three hours, and of all hours together no more
//     than Config.MaxHeld besides; the rest waits in files of Config.Dir.
//
// Example:
//
//	a := audit.New(audit.Config{Dir: dir})
//	defer a.Close()
//	err := a.Add(audit.Request{ID: "7a9a…", TraceID: "7a9a…", SpanID: "5560…", Start: start, User: "ana@example.org"})
//	…
//	totals, err := a.Compare(ctx, observations, audit.Listener{Hour: printHour, Difference: printDifference})
package audit
