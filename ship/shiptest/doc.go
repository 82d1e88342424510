// Package shiptest is a small Langfuse server for tests: it takes what a real one
// takes, refuses what the strictest version refuses, fails on demand, and tells
// what it stored and how often.
//
// It reads back what it stored, by the APIs of v2 and v3, or of v4, and deletes it.
// It folds equal ids (v2, v3) or keeps every row (v4), but merges no fields and
// prices no models. Its answers follow Langfuse 2.95, 3.225 and 4.16.
//
// A Server listens on 127.0.0.1. In a testing/synctest bubble, where a network
// would stop the clock, use its Transport instead: it calls the handler directly.
//
// Example:
//
//	server := shiptest.New("4.16.0")
//	defer server.Close()
//	server.Fail(shiptest.Fault{Status: 503, Times: 2})
//	…
//	if server.Spans()[id] != 1 { … }
package shiptest
