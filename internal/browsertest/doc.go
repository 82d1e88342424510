// Package browsertest opens pages in a real headless Chromium, for tests of what
// a browser makes of them.
//
// It provides [Open], which skips the test where no Chromium is installed, and a
// [Browser] that goes to pages, clicks, types, evaluates, takes pictures, and
// collects all that the browser complains about: console messages, exceptions,
// violations of a content security policy, dialogs.
//
//	b := browsertest.Open(t)
//	b.Go("file:///tmp/report.html")
//	b.Wait(".tabulator-row")
//	b.Silent()
//
// It is imported by tests alone and reaches nothing but 127.0.0.1 and files.
package browsertest
