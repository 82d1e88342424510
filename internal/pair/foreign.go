package pair

import (
	"slices"

	"tailer"
)

// foreignNames are members of bodies that LiteLLM logs as it does those of LLM routes,
// but of requests to others: it adds what stands in their path.
var foreignNames = []string{"response_id", "contents", "batch_id", "input_file_id", "file_id", "training_file", "document", "container_id", "video_id"}

// isForeign reports whether a body is certainly none of an LLM route: it asks for
// nothing, but for something that was made before.
func isForeign(body tailer.Fields) bool {
	has := func(name string) bool { return body.Get(name) != nil }
	if has("vector_store_id") { // a search
		return !has("messages") && !has("prompt") && !has("input") && !has("documents")
	}
	return slices.ContainsFunc(foreignNames, has) && !slices.ContainsFunc(contentNames, has)
}

// foreign returns a flight that is none: no record about an answer is of the request,
// nor an access line of an LLM route.
func (f *flights) foreign(r *tailer.Record) *flight {
	f.foreigner = r.Time
	return &flight{at: r.Time, last: r.Time, ended: r.Time, landed: r.Time, kind: r.Kind, over: true, gone: true, among: f}
}
