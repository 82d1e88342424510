// Package report adds up who used what: requests, tokens, cost, errors and
// times, by user, department, role, model, chat, task, key, day and hour.
//
// A [Report] is told one [otlp.Summary] after another, so that its figures are
// those of the spans and of nothing else. It writes itself as tables for a
// terminal, as CSV and, by [Report.Document], as JSON; package page makes a page
// of the same document.
//
// What it does not do: it reads no logs, knows no prices, starts no goroutines
// and is not safe for concurrent use.
//
// Invariants:
//   - In every dimension, the rows and the row of others add up to the total.
//   - A row that is shown is whole: what was seen of a name is in its own row or
//     in the row of others, never in both.
//   - Memory is bounded by Config.MaxRows, whatever the input.
//
// Example:
//
//	r := report.New(report.Config{Location: time.UTC})
//	r.Add(&summary)
//	err := r.WriteTables(os.Stdout, report.TableOptions{})
package report
