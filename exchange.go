package tailer

import (
	"encoding/json"
	"time"
)

// A Header is one HTTP header of the client's request. Name is lower-case;
// Value is as logged, still percent-encoded.
type Header struct {
	Name, Value string
}

// A Field is one top-level member of a JSON object. Value is valid JSON.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Fields is a JSON object in the order in which it was written.
type Fields []Field

// Get returns the value of the first field of that name, nil if there is none.
func (f Fields) Get(name string) json.RawMessage {
	for i := range f {
		if f[i].Name == name {
			return f[i].Value
		}
	}
	return nil
}

// Text returns the value of a field that holds a JSON string, "" otherwise.
func (f Fields) Text(name string) string {
	var s string
	v := f.Get(name)
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	if inner := v[1 : len(v)-1]; v[len(v)-1] == '"' && isWord(inner) {
		return string(inner) // a model's name, say: it is what it looks like
	}
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return ""
}

// isWord reports whether b is ASCII that JSON does not escape.
func isWord(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Level is the severity of an observation, in Langfuse's words.
type Level string

// The levels that tailer uses.
const (
	LevelDefault Level = "DEFAULT"
	LevelWarning Level = "WARNING"
	LevelError   Level = "ERROR"
)

// A Request is what the client sent, as far as the log holds it.
type Request struct {
	Method  string   // "POST"
	Route   string   // path as sent, e.g. "/v1/chat/completions"
	Headers []Header // in logged order; nil when the log does not hold them
	Body    Fields   // the client's body without `metadata`; nil when unknown
	// Metadata is the client's own `metadata` member (or `litellm_metadata`),
	// without what LiteLLM adds to it. A JSON object; nil when absent.
	Metadata json.RawMessage
	// Rebuilt says that Body was put together from a payload: a parameter that it
	// lacks may have been sent all the same.
	Rebuilt bool
	// User is the parameter of this name that LiteLLM passes on, which it may have added
	// itself: from a header, or from another member of the body.
	User string
	// Bare says that the payload states every parameter, and that none was sent.
	Bare bool
	// Lost says that members of Body, or Metadata, are left out, for characters of them
	// are lost.
	Lost bool
	// FoundUser and FoundHeader come from LiteLLM's line
	// `found user "…" in header "…"`, where no header map is logged.
	FoundUser, FoundHeader string
}

// Key is what LiteLLM's log says about the virtual key used, never the key.
type Key struct {
	Hash      string // user_api_key_hash; "" for the master key
	Alias     string
	TeamAlias string
	UserID    string // user_api_key_user_id
	UserEmail string // user_api_key_user_email: the key owner's, not the client's
	EndUser   string // LiteLLM's own idea of the end user, which may be that of a request before it
}

// An Attempt is one failed try at an upstream model that another try followed.
type Attempt struct {
	Start, End time.Time
	Model      string // upstream model as logged, with LiteLLM's provider prefix
	ModelGroup string
	Provider   string
	Status     int    // HTTP status of the provider; 0 when unknown
	ErrorClass string // e.g. "RateLimitError"
	Message    string
}

// An Exchange is one client request to an LLM route with its answer or failure.
// The zero value of a field means that the log does not say, never a guess.
type Exchange struct {
	// CallID is LiteLLM's litellm_call_id. ClientCallID says that the client
	// chose it, so that it may repeat. Without a call id, Seed (64 hex digits,
	// with "#2", "#3", … when the same lines came again) takes its place in ids.
	CallID       string
	ClientCallID bool
	Seed         string

	Request Request
	Key     Key

	CallType string // LiteLLM's: "acompletion", "aembedding", …; by route, also for failures

	Start      time.Time // UTC
	End        time.Time // UTC, never before Start
	FirstToken time.Time // streams only

	Streamed bool
	Status   int   // HTTP status sent to the client; 0 when unknown
	Level    Level // "" when the log does not tell how the request ended
	// StatusMessage is `<error class>: <message>` as the client was told; "" for
	// LevelDefault.
	StatusMessage string
	ErrorClass    string

	Model         string // upstream model as logged, with LiteLLM's provider prefix
	ModelGroup    string // alias that answered
	ModelID       string // LiteLLM's id of the deployment
	Provider      string // custom_llm_provider
	LiteLLM       string // LiteLLM's version
	Callback      bool   // LiteLLM's own langfuse callback handled it
	LiteLLMTrace  string // `trace_id` of its payload, by which its own callback may name its trace; a session's requests share one
	ResponseID    string
	ResponseModel string // `model` of the response
	CacheHit      bool

	// Response is the answer as LiteLLM logged it (chat completion, message,
	// response, text completion, embedding, image, rerank, transcription); for a
	// stream, its chunks joined. nil when nothing was answered.
	Response json.RawMessage
	// Usage is the usage object as logged, in OpenAI's or Anthropic's names.
	Usage json.RawMessage
	// Costs in USD as LiteLLM logged them; nil when it said nothing.
	CostTotal, CostInput, CostOutput *float64

	Attempts []Attempt // failed tries before the last one, in order of time
	Tries    int       // how many attempts in all, when the log tells; else 0

	Private    bool     // the operator turned message logging off: no content leaves
	Incomplete []string // what is missing and why: "no response", "output ambiguous", …

	Attribution Attribution // set by enrich
	Positions   []Position  // every line the exchange was built from
}

// Attribution is who asked, for what, and how that was found. It is filled by
// enrich; all values are free of secrets.
type Attribution struct {
	User, UserSource       string // `header:x-openwebui-user-email`, `body:user`, …
	Session, SessionSource string
	Task                   string // "title_generation", …
	Dropped                string // the rule by which the exchange is not to be delivered: "denied user", …; "" if it is
	TraceSeed              string // the client's own trace id text, else ""
	TraceName              string // the client's, else ""
	Tags                   []string
	Environment            string
	// ProfileHeaders are the X-OpenWebUI-* headers in canonical spelling (and
	// renamed ones under their own name), decoded. OtherHeaders is a JSON object
	// of all other harmless headers.
	ProfileHeaders []Header
	OtherHeaders   json.RawMessage
	TraceMetadata  []Header        // flat keys of langfuse_trace_metadata and metadata.trace_metadata
	Metadata       json.RawMessage // rest of the client's body metadata; nil when empty
}

// JSON returns the object as JSON text, its members in order.
func (f Fields) JSON() json.RawMessage {
	out := []byte{'{'}
	for i := range f {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(f[i].Name)
		out = append(append(append(out, name...), ':'), f[i].Value...)
	}
	return append(out, '}')
}
