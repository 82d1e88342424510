package otlp

import (
	"strings"

	"tailer"
)

const (
	traceMetadataPrefix       = "langfuse.trace.metadata."
	observationMetadataPrefix = "langfuse.observation.metadata."
)

// reservedMetadata are the keys that a client's own trace metadata must not
// take. Langfuse v4 shows the metadata of a trace and of its root observation
// as one object, in which the trace's value would win; it takes langfuse_user_id
// and langfuse_session_id for the user and the session; and it writes the last
// three keys itself.
var reservedMetadata = map[string]bool{
	"request_headers": true, "request_metadata": true,
	"litellm_call_id": true, "litellm_model_id": true, "litellm_version": true, "response_id": true,
	"http_method": true, "route": true, "http_status": true, "model_requested": true, "model_group": true,
	"provider": true, "finish_reason": true, "attempts": true, "attempt": true, "model": true, "task": true,
	"api_key_alias": true, "api_key_hash": true, "team_alias": true, "cache_hit": true,
	"langfuse_user_id": true, "langfuse_session_id": true,
	"attributes": true, "resourceAttributes": true, "scope": true,
}

// reserved tells whether a client may not set the metadata key. What LiteLLM's
// or Open WebUI's header of that name said must not be forged either.
func reserved(key string) bool {
	return key == "" || reservedMetadata[key] || strings.HasPrefix(key, "tailer.") ||
		strings.HasPrefix(strings.ToLower(key), "x-openwebui-")
}

func (e *encoder) traceMetadata(a *attributes) {
	by := &e.x.Attribution
	for _, header := range by.ProfileHeaders {
		if !reservedMetadata[header.Name] {
			a.text(traceMetadataPrefix+header.Name, header.Value)
		}
	}
	a.object(traceMetadataPrefix+"request_headers", by.OtherHeaders)
	for _, field := range by.TraceMetadata {
		if !reserved(field.Name) {
			a.text(traceMetadataPrefix+field.Name, field.Value)
		}
	}
	a.object(traceMetadataPrefix+"request_metadata", by.Metadata)
}

func (e *encoder) observationMetadata(a *attributes, finishReason string) {
	const prefix = observationMetadataPrefix
	x := e.x
	a.text(prefix+"litellm_call_id", x.CallID)
	a.text(prefix+"litellm_model_id", x.ModelID)
	a.text(prefix+"litellm_version", x.LiteLLM)
	a.text(prefix+"response_id", x.ResponseID)
	a.text(prefix+"http_method", x.Request.Method)
	a.text(prefix+"route", x.Request.Route)
	a.number(prefix+"http_status", x.Status)
	a.text(prefix+"model_requested", x.Request.Body.Text("model"))
	a.text(prefix+"model_group", x.ModelGroup)
	a.text(prefix+"provider", x.Provider)
	a.text(prefix+"finish_reason", finishReason)
	if tries := tries(x); tries > 1 {
		a.number(prefix+"attempts", tries)
	}
	a.text(prefix+"task", x.Attribution.Task)
	a.text(prefix+"api_key_alias", x.Key.Alias)
	a.text(prefix+"api_key_hash", x.Key.Hash)
	a.text(prefix+"team_alias", x.Key.TeamAlias)
	if x.CacheHit {
		a.text(prefix+"cache_hit", "true")
	}
	a.text(prefix+"tailer.version", e.cfg.Version)
	a.text(prefix+"tailer.user.source", x.Attribution.UserSource)
	a.text(prefix+"tailer.session.source", x.Attribution.SessionSource)
	a.text(prefix+"tailer.incomplete", strings.Join(x.Incomplete, ", "))
}

// tries counts the attempts in all: as logged, but never fewer than are known.
func tries(x *tailer.Exchange) int {
	if len(x.Attempts) == 0 {
		return x.Tries
	}
	return max(x.Tries, len(x.Attempts)+1)
}
