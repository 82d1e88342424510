// Package enrich says who asked for what, and removes what must not leave.
//
// An [Enricher] reads the headers, body and key of one exchange and fills
// tailer.Attribution: user, session, task, trace name, tags, environment and
// metadata, each by a list of sources of which the first usable one wins, with a
// note of which one that was. Then it takes secrets and base64 media out of
// everything in the exchange that later stages may send or store.
//
// What it does not do: it reads no files, starts no goroutines, looks at no
// clock, keeps nothing between exchanges but counters and the titles of chats, and
// never guesses a user from content.
//
// Invariants:
//   - The result depends on the exchange and the Config alone, but for a chat's
//     title, which an earlier exchange of the same log, user and session gave.
//   - JSON stays JSON: members keep their order, and a value without secrets
//     keeps its bytes. A value that cannot be read becomes "[redaction failed]".
//   - Redacting twice gives what redacting once gave.
//   - User, session and tags have at most 200 characters; sessions are ASCII.
//
// Example:
//
//	e, err := enrich.New(enrich.Config{Environment: "production"})
//	if err != nil {
//		return err
//	}
//	e.Enrich(&x)
//	// x.Attribution.User       "ana@example.org"
//	// x.Attribution.UserSource "header:x-openwebui-user-email"
package enrich
