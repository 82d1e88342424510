// Package rawjson reads JSON without building it: bodies are megabytes, of which a
// few members matter, and what is not changed must keep its bytes. It does not
// check what it passes; what is not JSON ends a walk early and never panics.
//
// encoding/json reads a value twice, and once more for each level that is kept
// raw: reading an answer that way was a tenth of a backfill.
package rawjson
