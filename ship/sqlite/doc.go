// Package sqlite is a sink and a store in one file: an embedded SQLite database
// that needs no server, for people without Langfuse or before they trust it.
//
// It provides [Store], a ship.Sink that keeps whole traces and forgets the oldest
// by age and size, and [Reader], which lists, searches and opens them while
// another process writes. A trace is kept as the OTLP message that any other sink
// gets, compressed; beside it stand the columns that lists and reports need.
//
//	store, err := sqlite.Open(ctx, "traces.db", sqlite.Config{})
//	…
//	err = store.Send(ctx, items)
//
//	reader, err := sqlite.OpenReader(ctx, "traces.db")
//	…
//	page, err := reader.List(ctx, sqlite.Filter{User: "ana@example.org"}, sqlite.Cursor{}, 50)
//
// What it does not do: it adds nothing up (package report does, from
// [Reader.Summaries]), and it starts no goroutine.
//
// Invariants:
//   - A request is stored once: the second one of the same trace and span id is
//     accepted and changes nothing.
//   - When Send returns nil, its items survive a crash of machine and process.
//   - A file of a newer version, or of another program, is refused and not touched.
//   - The file is readable by its owner only: it holds prompts.
package sqlite
