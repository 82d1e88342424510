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
