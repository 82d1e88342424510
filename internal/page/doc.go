// Package page makes what a browser shows: the report as one self-contained page,
// and the pages of the viewer.
//
// [WriteReport] writes a page that needs no network: styles, scripts, libraries
// and data stand in it, and its own content security policy lets nothing else
// run. The other functions write pages for package view, which serves the same
// styles and scripts from [Asset].
//
// What it does not do: it reads no store and serves nothing.
//
// Invariants:
//   - Every value goes through html/template, or into a cell or a canvas as text:
//     what stands in a log is never markup.
//   - No inline style and no event handler in markup, so that a policy without
//     'unsafe-inline' holds.
package page
