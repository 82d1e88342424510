package langfuse

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tailer"
	"tailer/ship"
	"tailer/ship/otlp"
)

// uuidShape is what LiteLLM takes for an id of its own making, and not of a
// client's.
var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Beside says which trace LiteLLM's own langfuse callback writes for x, by the
// rules of its version (integrations/langfuse/langfuse.py of 1.61 to 1.109).
// TraceID is "" where the log does not tell the version, or not what its rule
// needs.
//
// Up to 1.80 the id is the call id (1.80: a client's session id before it). From
// 1.84 to 1.103 it is the payload's trace_id, which all requests of a session
// share. From 1.104 on it is the call id again, unless the payload's trace_id is
// none of the session's, and in the form of otlp.TraceID. What the client itself
// set for Langfuse comes first in all versions.
func Beside(x *tailer.Exchange) ship.Beside {
	b := ship.Beside{Callback: x.Callback, Minor: minorOf(x.LiteLLM)}
	seed := clientTrace(x, b.Minor)
	if b.Minor == 0 || x.CallID == "" && seed == "" {
		return b
	}
	b.TraceID = seed
	if seed == "" {
		b.TraceID = ownTrace(x, b.Minor)
	}
	if b.TraceID == "" {
		return b
	}
	b.Shared = b.TraceID != x.CallID && (seed != "" || isShared(x, b.TraceID))
	if b.Minor >= firstHex {
		b.TraceID = hex.EncodeToString(otlp.TraceID(b.TraceID))
	}
	return b
}

// firstHex is the minor version of LiteLLM whose callback writes by OTLP, under
// ids of OTLP's form. Those before write by JSON ingestion.
const firstHex = 104

// ownTrace is the id where the client set none, "" when the log lacks it.
func ownTrace(x *tailer.Exchange, minor int) string {
	const (
		firstClients = 80 // a session id that is no UUID
		firstSession = 84 // any session id
	)
	trace := x.LiteLLMTrace
	switch {
	case minor < firstClients:
		return x.CallID
	case minor < firstSession:
		if trace != "" && !uuidShape.MatchString(trace) {
			return trace
		}
		return x.CallID
	case minor < firstHex:
		return trace
	case trace == "" || isSession(x, trace):
		return x.CallID
	}
	return trace
}

// firstSession is the minor version from which on a session's header takes the
// place of a trace id that the client's body states.
const firstSession = 84

// clientTrace is the trace id that the client set for Langfuse, as far as LiteLLM
// listens to it.
func clientTrace(x *tailer.Exchange, minor int) string {
	byHeader, inSession := false, false
	for _, h := range x.Request.Headers {
		switch name := strings.ReplaceAll(h.Name, "_", "-"); {
		case name == "langfuse-trace-id", name == "langfuse-existing-trace-id":
			byHeader = true
		case isSessionHeader(name), name == "x-litellm-trace-id":
			inSession = true
		}
	}
	if minor >= firstSession && inSession && !byHeader {
		return ""
	}
	return x.Attribution.TraceSeed
}

func isSessionHeader(name string) bool {
	return strings.HasPrefix(name, "x-") && strings.HasSuffix(name, "-session-id")
}

// isSession tells whether an id merely repeats the header of a session.
func isSession(x *tailer.Exchange, id string) bool {
	return slices.ContainsFunc(x.Request.Headers, func(h tailer.Header) bool {
		return h.Value == id && isSessionHeader(h.Name)
	})
}

// isShared tells whether an id may be that of a session. One that LiteLLM made up
// for this request is a UUID and stands in none of the client's headers.
func isShared(x *tailer.Exchange, id string) bool {
	if !uuidShape.MatchString(id) || id == x.Attribution.Session || x.Request.Headers == nil {
		return true
	}
	for _, h := range x.Request.Headers {
		if h.Value == id {
			return true
		}
	}
	return strings.Contains(string(x.Request.Metadata), id)
}

// minorOf is the second number of a version of LiteLLM, which has been at 1 since
// long; 0 when there is none.
func minorOf(version string) int {
	first, rest, _ := strings.Cut(version, ".")
	text, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(text)
	if first != "1" || err != nil {
		return 0
	}
	return minor
}
