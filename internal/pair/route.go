package pair

import "strings"

// routes are the endings of the paths of LLM requests, with LiteLLM's call type
// for each. Longer endings come first.
var routes = []struct{ ending, callType string }{
	{"/chat/completions", "acompletion"},
	{"/completions", "atext_completion"},
	{"/embeddings", "aembedding"},
	{"/images/generations", "aimage_generation"},
	{"/images/edits", "aimage_edit"},
	{"/images/variations", "aimage_variation"},
	{"/audio/transcriptions", "atranscription"},
	{"/audio/translations", "atranslation"},
	{"/audio/speech", "aspeech"},
	{"/rerank", "arerank"},
	{"/moderations", "amoderation"},
	{"/messages", "anthropic_messages"},
	{"/responses", "aresponses"},
}

// A typeSet is a set of what access lines can be: of each route's call type, and
// of paths of no LLM route; in the lower half with a status that tells of success,
// in the upper half with an error. Hundreds of requests in flight are compared with
// as many access lines, so this has to cost nothing.
type typeSet uint32

const (
	succeeding typeSet = 1<<16 - 1
	failing            = ^succeeding
	anyType    typeSet = succeeding | failing
	noRoute    typeSet = 1<<15 | 1<<31
)

var (
	completionTypes = typesOf("acompletion", "anthropic_messages", "aresponses")
	messagesTypes   = typesOf("acompletion", "anthropic_messages")
	queryTypes      = typesOf("arerank")
	inputTypes      = typesOf("aembedding", "aresponses", "aspeech", "amoderation")
	promptTypes     = typesOf("atext_completion", "aimage_generation", "aimage_edit")
)

// typesOf returns the set of the call types that are given by name; "" is that of
// a path of no LLM route.
func typesOf(names ...string) (set typeSet) {
	for _, name := range names {
		bit := noRoute
		for i, r := range routes {
			if r.callType == name {
				bit = 1<<i | 1<<(16+i)
			}
		}
		set |= bit
	}
	return set
}

// routeType returns LiteLLM's call type for a path; "" for other paths.
func routeType(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for _, r := range routes {
		if strings.HasSuffix(path, r.ending) {
			return r.callType
		}
	}
	return ""
}

// isRoute reports whether a request goes to an LLM route. Where the log does not
// tell the path, LiteLLM's call type decides.
func isRoute(path, callType string) bool {
	if path != "" {
		return routeType(path) != ""
	}
	for _, r := range routes {
		if r.callType == callType {
			return true
		}
	}
	return false
}

// callType returns the call type by the route, else the logged one.
func callType(path, logged string) string {
	if t := routeType(path); t != "" {
		return t
	}
	return logged
}
