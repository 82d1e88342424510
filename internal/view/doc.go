// Package view shows the embedded store in a browser: the report, the list of
// requests with its filters, and each request with what is known of it and from
// where.
//
// It provides [Server], an http.Handler with a Run that listens:
//
//	s, err := view.New(view.Config{Store: "traces.db", Listen: "127.0.0.1:9465"})
//	…
//	err = s.Run(ctx)
//
// What it does not do: it writes nothing, and it reads beside the daemon, which
// need not run.
//
// Invariants:
//   - On loopback, only names of this machine are answered to (a page elsewhere
//     cannot reach it by a name of its own: DNS rebinding). On any other address
//     nothing is shown without the token.
//   - A strict content security policy on every answer; no inline script or style.
//   - Nothing of what people asked reaches a log or a cache.
//   - The report is added up in the background and served as it was last: no
//     request waits for it but the first.
package view
